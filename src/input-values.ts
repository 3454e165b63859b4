/** How the text of an input becomes a value. What is wrong is said without the input's name. */
import {
  commentModes,
  gateOns,
  scannerNames,
  severities,
  type CommentMode,
  type GateOn,
  type ScannerName,
  type Severity,
} from './model.js'

/** A wrong value, said without the input's name. */
export class Mistake extends Error {}

export function parseText(text: string): string {
  if (text.includes('\0')) throw new Mistake('contains a NUL character')
  return text
}

export function parseOptional(text: string): string | undefined {
  return text === '' ? undefined : parseText(text)
}

export function parseList(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map(part => part.trim()))].filter(part => part !== '')
}

export function parseBoolean(text: string): boolean {
  const lower = text.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new Mistake(`'${text}' is not one of: true, false`)
  return lower === 'true'
}

export function parseSeverities(text: string): Severity[] {
  return parseChoices(text.toUpperCase(), severities, 'severity')
}

export function parseScanners(text: string): ScannerName[] {
  return parseChoices(text.toLowerCase(), scannerNames, 'scanner')
}

function parseChoices<T extends string>(text: string, allowed: readonly T[], what: string): T[] {
  const given = parseList(text)
  const wrong = given.filter(name => !allowed.some(known => known === name))
  if (wrong.length > 0) {
    throw new Mistake(`${wrong.map(name => `'${name}'`).join(', ')} is not one of: ${allowed.join(', ')}`)
  }
  if (given.length === 0) throw new Mistake(`names no ${what}. Allowed are: ${allowed.join(', ')}`)
  return allowed.filter(name => given.includes(name))
}

export function parseGateOn(text: string): GateOn {
  return parseOneOf(text, gateOns)
}

export function parseCommentMode(text: string): CommentMode {
  return parseOneOf(text, commentModes)
}

function parseOneOf<T extends string>(text: string, allowed: readonly T[]): T {
  const found = allowed.find(name => name === text.toLowerCase())
  if (found === undefined) throw new Mistake(`'${text}' is not one of: ${allowed.join(', ')}`)
  return found
}

/** Makes an input that nobody gave leave the decision to the policy file. */
export function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return text => (text === '' ? undefined : parse(text))
}

/** Outside of a runner nobody has replaced the expression that is the default. */
export function parseToken(text: string): string | undefined {
  return text === '' || text.startsWith('${{') ? undefined : text
}

/** A file inside the repository. */
export function parseRepositoryPath(text: string): string {
  const path = parseText(text).replace(/^(\.\/)+/, '')
  if (path.startsWith('/') || path.split('/').includes('..')) {
    throw new Mistake(`'${text}' is not a path inside the repository, relative to its top level`)
  }
  return path
}

const unitMilliseconds: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 }

export function parseDuration(text: string): number {
  // Whole first: to look for parts in what is none takes the square of its length.
  const parts = /^(\d+[hms])+$/.test(text) ? [...text.matchAll(/(\d+)([hms])/g)] : []
  if (parts.length === 0) {
    throw new Mistake(`'${text}' is not a time such as 90s, 10m or 1h30m`)
  }
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMilliseconds[unit ?? ''] ?? 0), 0)
  // The upper bound is GitHub's for a job (6 hours); more would never end in a report.
  if (total < 1000 || total > 6 * 3_600_000) throw new Mistake(`'${text}' is not between 1s and 6h`)
  return total
}

/** @returns milliseconds; undefined for any age */
export function parseAge(text: string): number | undefined {
  if (text.toLowerCase() === 'any') return undefined
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? []
  if (count === undefined || Number(count) === 0) throw new Mistake(`'${text}' is not an age such as 12h or 3d, or any`)
  return Number(count) * (unit === 'd' ? 24 : 1) * 3_600_000
}

export function parseBuilder(text: string): string | undefined {
  if (text === '') return undefined
  // Anything else could read as an option of the client.
  if (!/^[a-z0-9][\w.-]*$/i.test(text)) throw new Mistake(`'${text}' is not a builder's name; see docker buildx ls`)
  return text
}

export function parsePlatform(text: string): string | undefined {
  if (text === '') return undefined
  if (text.includes(',')) throw new Mistake(`'${text}' names more than one platform; gate each in a step of its own`)
  if (!/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(text)) {
    throw new Mistake(`'${text}' is not a platform such as linux/arm64`)
  }
  return text
}

/** One a line, since a value may hold anything else. */
export function parseBuildArgs(text: string): string[] {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const wrong = lines.filter(line => !/^\s*[a-z_]\w*=/i.test(line))
  if (wrong.length > 0) {
    // Only the names: a value may be nobody's business.
    throw new Mistake(`${wrong.map(line => `'${line.split('=')[0] ?? ''}'`).join(', ')}: not of the form NAME=VALUE`)
  }
  return lines.map(line => parseText(line.trimStart()))
}

/** More clients than this at once would be more than 12 GB of them. */
const maxTogether = 256

export function parseMaxParallel(text: string): number | undefined {
  if (text === '') return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > maxTogether) {
    throw new Mistake(`'${text}' is not a whole number from 1 to ${String(maxTogether)}`)
  }
  return number
}

export function parseVersion(text: string): string {
  const version = text.replace(/^v/, '')
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Mistake(`'${text}' is not a version such as 0.74.0; a moving name such as 'latest' cannot be verified`)
  }
  return version
}

export function parseSha256(text: string): string | undefined {
  if (text === '') return undefined
  const hash = text.toLowerCase().replace(/^sha256:/, '')
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Mistake(`'${text}' is not a SHA-256: 64 hexadecimal digits`)
  return hash
}

export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // It would stand in every report, and the toolkit sends none.
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw new Mistake('an address with a user name or password in it cannot be used')
  const loopback = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost'
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback)) {
    throw new Mistake(`'${text}' is not an https:// address`)
  }
  return text.replace(/\/+$/, '')
}

export function parseRepositories(text: string): string[] {
  const list = parseList(text)
  const wrong = list.filter(name => !/^[a-z0-9][\w.:-]*(\/[\w.@:-]+)+$/i.test(name))
  if (wrong.length > 0 || list.length === 0) {
    throw new Mistake(`'${wrong[0] ?? text}' is not a repository such as ghcr.io/aquasecurity/trivy-db:2`)
  }
  return list
}

/** An input of action.yml or an option of the command line. */
export interface InputSpec<T> {
  readonly description: string
  readonly default: string
  readonly parse: (text: string) => T
  /** Inputs that only mean something on a runner. */
  readonly actionOnly?: boolean
}

export const spec = <T>(
  description: string,
  defaultText: string,
  parse: (text: string) => T,
  more: { actionOnly?: boolean } = {},
): InputSpec<T> => ({ description, default: defaultText, parse, ...more })

/** What was given of an object. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as typeof values
}
