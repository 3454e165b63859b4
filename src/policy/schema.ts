/**
 * What a policy file may say. The types of the code are inferred from it, and so is the JSON Schema that editors use
 * (`docs/policy.schema.json`). Keys are named like the inputs.
 */
import * as v from 'valibot'
import { gateOns, scannerNames, severities } from '../model.js'
import { spellingHint } from '../spelling.js'

type MappingIssue = Pick<v.BaseIssue<unknown>, 'expected' | 'received' | 'input'>

/** A mapping with these keys and no others. */
const strict = <const E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, (issue: v.StrictObjectIssue) => string> =>
  v.strictObject(entries, issue => describeMapping(issue, Object.keys(entries)))

/** A mapping with these keys, and perhaps others that do not concern us. */
const loose = <const E extends v.ObjectEntries>(
  entries: E,
): v.LooseObjectSchema<E, (issue: v.LooseObjectIssue) => string> =>
  v.looseObject(entries, issue => describeMapping(issue, Object.keys(entries)))

function describeMapping({ expected, received, input }: MappingIssue, known: readonly string[]): string {
  if (expected === 'never')
    return `'${String(input).slice(0, 60)}' is not known here. ${spellingHint(String(input), known)}`
  if (received === 'undefined') return `${String(expected).replaceAll('"', "'")} is missing`
  return 'must be a mapping of keys to values'
}

/** A text that says something. */
const text = v.pipe(v.string('must be a text'), v.trim(), v.nonEmpty('must not be empty'))

/** One, or a list of them. */
const oneOrMore = <const T extends v.GenericSchema<string>>(
  item: T,
): v.UnionSchema<
  [T, v.SchemaWithPipe<readonly [v.ArraySchema<T, undefined>, v.NonEmptyAction<v.InferOutput<T>[], string>]>],
  string
> => v.union([item, v.pipe(v.array(item), v.nonEmpty('must not be empty'))], 'must be a text or a list of texts')

/** Characters: as many as the longest path has on most systems. Far longer ones the library for globs refuses. */
const maxGlob = 4096

const tooLong = `must not have more than ${String(maxGlob)} characters`

const glob = v.pipe(text, v.maxLength(maxGlob, tooLong))

/** A slash alone would be all paths, or none. */
const pathGlob = v.pipe(glob, v.regex(/[^/]/, 'must name a path, or a glob such as usr/lib/**'))

/** What is wrong with a glob that is a key; undefined for a good one. */
export function mistakeInKey(key: string): string | undefined {
  return key.trim() === '' ? 'must not be empty' : key.length > maxGlob ? tooLong : undefined
}

const choice = <const T extends readonly [string, ...string[]]>(allowed: T): v.PicklistSchema<T, string> =>
  v.picklist(allowed, `must be one of: ${allowed.join(', ')}`)

const choices = <const T extends readonly [string, ...string[]]>(
  allowed: T,
): v.SchemaWithPipe<
  readonly [v.ArraySchema<v.PicklistSchema<T, string>, string>, v.NonEmptyAction<T[number][], string>]
> => v.pipe(v.array(choice(allowed), 'must be a list'), v.nonEmpty('must not be empty'))

const flag = v.boolean('must be true or false')

const described = <T extends v.GenericSchema>(
  schema: T,
  description: string,
): v.OptionalSchema<v.SchemaWithPipe<readonly [T, v.DescriptionAction<v.InferOutput<T>, string>]>, undefined> =>
  v.optional(v.pipe(schema, v.description(description)))

const rules = {
  severity: described(choices(severities), 'Severities that block'),
  'ignore-unfixed': described(flag, 'Do not block on vulnerabilities that no version fixes yet. Default: true'),
  'gate-on': described(choice(gateOns), 'What blocks: everything, or what the change introduces. Default: all'),
  scanners: described(choices(scannerNames), 'What to look for. Default: vuln'),
  'lock-files': described(flag, 'Scan the lock files that a Dockerfile copies too. Default: true'),
  'gate-end-of-life': described(flag, 'Block on a distribution that gets no security updates any more. Default: false'),
  'gate-unrecognised': described(
    flag,
    'Block on an image in which neither a distribution nor a package is recognised. Default: false',
  ),
}

export const rulesSchema = strict(rules)

export const exceptionSchema = strict({
  id: v.pipe(text, v.description('The vulnerability, check or secret rule, for instance CVE-2024-1234')),
  images: described(oneOrMore(glob), 'Names or globs of images; without it, all'),
  packages: described(
    oneOrMore(text),
    'Names or package URLs; without it, all. A package URL without a version means any version',
  ),
  paths: described(oneOrMore(pathGlob), 'Globs of paths in the image or the repository; without it, all'),
  reason: v.pipe(text, v.description('Why it may pass: every report shows it')),
  expires: v.pipe(
    v.string('must be a date such as 2026-12-31'),
    v.regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2026-12-31'),
    v.description('The last day on which it lets anything pass, as YYYY-MM-DD in UTC'),
  ),
})

/** How far ahead an exception may expire where the file does not say, in days. */
export const defaultMaxExceptionDays = 90

/** Ten years: a policy that says more means for ever, and should not. */
export const maxExceptionDays = 3650

export const policySchema = v.pipe(
  strict({
    ...rules,
    'max-exception-days': described(
      v.pipe(
        v.number('must be a whole number from 1 to 3650'),
        v.integer('must be a whole number from 1 to 3650'),
        v.minValue(1, 'must be a whole number from 1 to 3650'),
        v.maxValue(maxExceptionDays, 'must be a whole number from 1 to 3650'),
      ),
      `How many days ahead an exception may expire. Default: ${String(defaultMaxExceptionDays)}`,
    ),
    images: described(
      v.record(v.string(), rulesSchema, 'must map names or globs of images to rules'),
      'Rules for some images, by name or glob; the most specific one wins',
    ),
    exceptions: described(
      v.array(exceptionSchema, 'must be a list of exceptions'),
      'What may pass for a time, and why',
    ),
    vex: described(v.array(text, 'must be a list of paths'), 'OpenVEX documents in this repository'),
  }),
  v.title('Image Gate policy'),
  v.description('What blocks a change, for which images, and what may pass for a time'),
)

export type PolicyDocument = v.InferOutput<typeof policySchema>
export type RulesDocument = v.InferOutput<typeof rulesSchema>
export type ExceptionDocument = v.InferOutput<typeof exceptionSchema>

const trivyEntry = strict({
  id: text,
  // Of an empty list Trivy makes all of them.
  paths: v.optional(v.pipe(v.array(pathGlob, 'must be a list of paths'), v.nonEmpty('must not be empty'))),
  purls: v.optional(v.pipe(v.array(text, 'must be a list of package URLs'), v.nonEmpty('must not be empty'))),
  statement: v.optional(text),
  expired_at: v.optional(
    v.pipe(
      v.string('must be a date such as 2026-12-31'),
      v.regex(
        /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/,
        'must be a date such as 2026-12-31',
      ),
    ),
  ),
})

const trivyEntries = v.optional(v.array(trivyEntry, 'must be a list'))

/** `.trivyignore.yaml`; see "Filtering" in Trivy's documentation. */
export const trivyIgnoreSchema = strict({
  vulnerabilities: trivyEntries,
  misconfigurations: trivyEntries,
  secrets: trivyEntries,
  licenses: trivyEntries,
})

export type TrivyEntry = v.InferOutput<typeof trivyEntry>

const vexIdentity = {
  '@id': v.optional(text),
  identifiers: v.optional(loose({ purl: v.optional(text) })),
}

const vexParts = v.array(v.union([text, loose(vexIdentity)]), 'must be a list')

const vexProduct = v.union([text, loose({ ...vexIdentity, subcomponents: v.optional(vexParts) })])

/** The order of statements decides what holds: a time that cannot be read must not put one first. */
const vexTime = v.pipe(
  text,
  v.check(time => !Number.isNaN(Date.parse(time)), 'must be a time such as 2026-12-31T00:00:00Z'),
)

/** The statuses of the OpenVEX specification. */
export const vexStatuses = ['not_affected', 'affected', 'fixed', 'under_investigation'] as const

/** OpenVEX 0.2.0, and the form of before in which vulnerabilities and products are plain texts. */
export const vexSchema = loose({
  timestamp: v.optional(vexTime),
  statements: v.array(
    loose({
      vulnerability: v.union(
        [text, loose({ name: text, aliases: v.optional(v.array(text)) })],
        'must be a text, or have a name',
      ),
      products: v.pipe(v.array(vexProduct, 'must be a list of products'), v.nonEmpty('must not be empty')),
      // Before 0.2.0 they were the statement's, not the product's.
      subcomponents: v.optional(vexParts),
      status: choice(vexStatuses),
      timestamp: v.optional(vexTime),
      justification: v.optional(text),
      impact_statement: v.optional(text),
      status_notes: v.optional(text),
    }),
    'must be a list of statements',
  ),
})

export type VexDocument = v.InferOutput<typeof vexSchema>
export type VexStatement = VexDocument['statements'][number]
export type VexProduct = VexStatement['products'][number]
export type VexPart = v.InferOutput<typeof vexParts>[number]
