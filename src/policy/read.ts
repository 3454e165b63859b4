/** Reads what a revision of the repository says about what counts: the policy file, and what else makes exceptions. */
import { ConfigurationError } from '../errors.js'
import type { Exception, Policy, PolicyPart, PolicyRules } from '../model.js'
import { day, endOf } from './day.js'
import { checkDocument, type Checked } from './check.js'
import { clean, Mistakes, openDocument, type KeyPath, type YamlDocument } from './document.js'
import { readOpenVex } from './openvex.js'
import {
  defaultMaxExceptionDays,
  maxExceptionDays,
  mistakeInKey,
  policySchema,
  type ExceptionDocument,
  type PolicyDocument,
  type RulesDocument,
} from './schema.js'
import { readTrivyIgnore, readTrivyIgnoreYaml } from './trivyignore.js'

/** @returns the text of a file of a revision; undefined where there is none */
export type ReadText = (path: string) => Promise<string | undefined>

/** Trivy's own files of exceptions, at the top of the repository. */
const trivyIgnore = '.trivyignore'
const trivyIgnoreYaml = '.trivyignore.yaml'

/**
 * @param file the policy file, relative to the workspace
 * @throws ConfigurationError with every mistake in every file
 */
export async function readPolicy(file: string, read: ReadText, now: Date): Promise<Policy> {
  const mistakes = new Mistakes()
  const text = await read(file)
  const document = text === undefined ? undefined : openDocument(file, text, mistakes)
  const policy = document === undefined ? undefined : checkDocument(document, policySchema)
  if (document !== undefined) refuseMore(document, policy, now)
  const vex = document === undefined ? [] : readVexPaths(document)
  const parts: PolicyPart[] = [
    ...(policy === undefined ? [] : [{ exceptions: readExceptions(policy), warnings: [] }]),
    await readPart(trivyIgnore, read, found => readTrivyIgnore(trivyIgnore, found, mistakes)),
    await readPart(trivyIgnoreYaml, read, found => readTrivyIgnoreYaml(trivyIgnoreYaml, found, mistakes)),
  ]
  for (const [index, path] of vex.entries()) {
    const missing = (): PolicyPart => {
      document?.refuse(['vex', index], `'${clean(path)}' is not there`)
      return nothing
    }
    parts.push(await readPart(path, read, found => readOpenVex(path, found, mistakes), missing))
  }
  const { messages } = mistakes
  if (messages.length > 0) {
    throw new ConfigurationError(messages, 'Mend the policy at the places named above, then run again.')
  }
  return {
    ...(policy === undefined ? { rules: {}, images: [] } : readRules(policy)),
    ...(text === undefined ? {} : { file }),
    exceptions: parts.flatMap(({ exceptions }) => exceptions),
    warnings: parts.flatMap(({ warnings }) => warnings),
    files: [file, trivyIgnore, trivyIgnoreYaml, ...vex],
  }
}

/** The VEX documents that lie in the repository; others are mistakes. */
function readVexPaths(document: YamlDocument): string[] {
  return listUnder(document, 'vex').flatMap((given, index) => {
    if (typeof given !== 'string') return []
    const path = given.replace(/^(\.\/)+/, '')
    if (!path.startsWith('/') && !path.split('/').includes('..')) return [path]
    document.refuse(['vex', index], `'${clean(given)}' is not a path inside the repository`)
    return []
  })
}

/** Of the file as it stands, so that another mistake in it hides nothing. */
function listUnder({ raw }: YamlDocument, key: string): readonly unknown[] {
  const value = (raw as Record<string, unknown>)[key]
  return Array.isArray(value) ? value : []
}

const nothing: PolicyPart = { exceptions: [], warnings: [] }

async function readPart(
  path: string,
  read: ReadText,
  parse: (text: string) => PolicyPart,
  missing = (): PolicyPart => nothing,
): Promise<PolicyPart> {
  const text = await read(path)
  return text === undefined ? missing() : parse(text)
}

function readRules(policy: Checked<PolicyDocument>): Pick<Policy, 'rules' | 'images'> {
  const images = Object.entries(policy.value.images ?? {})
  return {
    rules: toRules(policy.value, [], policy),
    images: images.map(([pattern, rules]) => {
      const path = ['images', pattern]
      return { pattern, place: firstLine(policy, path), rules: toRules(rules, path, policy) }
    }),
  }
}

function toRules(given: RulesDocument, path: KeyPath, policy: Checked<PolicyDocument>): PolicyRules {
  const rule = <K extends keyof RulesDocument>(
    key: K,
  ): { value: NonNullable<RulesDocument[K]>; place: Policy['images'][number]['place'] } | undefined => {
    const value = given[key]
    return value === undefined ? undefined : { value, place: firstLine(policy, [...path, key]) }
  }
  const rules = {
    severity: rule('severity'),
    ignoreUnfixed: rule('ignore-unfixed'),
    gateOn: rule('gate-on'),
    scanners: rule('scanners'),
    lockFiles: rule('lock-files'),
    gateEndOfLife: rule('gate-end-of-life'),
    gateUnrecognised: rule('gate-unrecognised'),
  }
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined))
}

function firstLine(policy: Checked<unknown>, path: KeyPath): Policy['images'][number]['place'] {
  const { file, lines } = policy.place(path)
  return { file, ...(lines === undefined ? {} : { lines: { start: lines.start, end: lines.start } }) }
}

/** What a schema cannot say: days that there are not, or too far ahead; names that the library silently passes over. */
function refuseMore(document: YamlDocument, policy: Checked<PolicyDocument> | undefined, now: Date): void {
  const given = (document.raw as Record<string, unknown>)['max-exception-days']
  const isNumber = typeof given === 'number' && given >= 1 && given <= maxExceptionDays
  const days = isNumber ? given : defaultMaxExceptionDays
  const latest = new Date(now.getTime() + days * day).toISOString().slice(0, 10)
  for (const [index, entry] of listUnder(document, 'exceptions').entries()) {
    const expires = (entry as { readonly expires?: unknown } | null)?.expires
    if (typeof expires !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(expires)) continue
    const refuse = (text: string): void => {
      document.refuse(['exceptions', index, 'expires'], text)
    }
    if (endOf(expires) === undefined) refuse(`${expires} is not a day that there is`)
    else if (expires > latest) refuse(`${expires} is more than ${String(days)} days ahead; at the latest ${latest}`)
  }
  const images = Object.keys((policy?.raw as { images?: object } | undefined)?.images ?? {})
  for (const name of images) {
    const mistake = mistakeInKey(name)
    if (mistake !== undefined) document.refuse(['images', name], `the name of an image ${mistake}`)
    if (!Object.hasOwn(policy?.value.images ?? {}, name)) {
      document.refuse(['images', name], `'${clean(name)}' cannot be named here; use a glob such as '${clean(name)}*'`)
    }
  }
}

function readExceptions(policy: Checked<PolicyDocument>): Exception[] {
  return (policy.value.exceptions ?? []).map((entry, index) =>
    toException(entry, endOf(entry.expires) ?? '', policy.place(['exceptions', index])),
  )
}

function toException(entry: ExceptionDocument, until: string, place: Exception['place']): Exception {
  const list = (value: string | string[] | undefined): readonly string[] =>
    typeof value === 'string' ? [value] : (value ?? [])
  const { id, reason, images, packages, paths } = entry
  return {
    id,
    reason,
    until,
    place,
    source: 'policy',
    images: list(images),
    packages: list(packages),
    paths: list(paths),
  }
}
