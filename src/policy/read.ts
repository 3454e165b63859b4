/** Reads what a revision of the repository says about what counts: the policy file, and what else makes exceptions. */
import { ConfigurationError } from '../errors.js'
import type { Exception, Policy, PolicyPart, PolicyRules } from '../model.js'
import { day, endOf } from './day.js'
import { clean, Mistakes, readDocument, type Checked, type KeyPath } from './document.js'
import { readOpenVex } from './openvex.js'
import {
  defaultMaxExceptionDays,
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
  const policy = text === undefined ? undefined : readDocument(file, text, policySchema, mistakes)
  const vex = policy?.value.vex ?? []
  const parts: PolicyPart[] = [
    ...(policy === undefined ? [] : [{ exceptions: readExceptions(policy, now), warnings: [] }]),
    await readPart(trivyIgnore, read, found => readTrivyIgnore(trivyIgnore, found, mistakes)),
    await readPart(trivyIgnoreYaml, read, found => readTrivyIgnoreYaml(trivyIgnoreYaml, found, mistakes)),
  ]
  for (const [index, path] of vex.entries()) {
    const refuse = (what: string): PolicyPart => {
      policy?.refuse(['vex', index], `'${clean(path)}' ${what}`)
      return nothing
    }
    if (path.startsWith('/') || path.split('/').includes('..')) refuse('is not a path inside the repository')
    else
      parts.push(
        await readPart(
          path,
          read,
          found => readOpenVex(path, found, mistakes),
          () => refuse('is not there'),
        ),
      )
  }
  if (mistakes.messages.length > 0)
    throw new ConfigurationError(mistakes.messages, 'Mend the policy at the places named above, then run again.')
  return {
    ...(policy === undefined ? { rules: {}, images: [] } : readRules(policy)),
    ...(text === undefined ? {} : { file }),
    exceptions: parts.flatMap(({ exceptions }) => exceptions),
    warnings: parts.flatMap(({ warnings }) => warnings),
    files: [file, trivyIgnore, trivyIgnoreYaml, ...vex],
  }
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
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as PolicyRules
}

function firstLine(policy: Checked<unknown>, path: KeyPath): Policy['images'][number]['place'] {
  const { file, lines } = policy.place(path)
  return { file, ...(lines === undefined ? {} : { lines: { start: lines.start, end: lines.start } }) }
}

function readExceptions(policy: Checked<PolicyDocument>, now: Date): Exception[] {
  const days = policy.value['max-exception-days'] ?? defaultMaxExceptionDays
  const latest = new Date(now.getTime() + days * day).toISOString().slice(0, 10)
  return (policy.value.exceptions ?? []).map((entry, index) => {
    const path = ['exceptions', index]
    const until = endOf(entry.expires)
    if (until === undefined) policy.refuse([...path, 'expires'], `${entry.expires} is not a day that there is`)
    else if (entry.expires > latest) {
      policy.refuse(
        [...path, 'expires'],
        `${entry.expires} is more than ${String(days)} days ahead; at the latest ${latest}`,
      )
    }
    return toException(entry, until ?? '', policy.place(path))
  })
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
