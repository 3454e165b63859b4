/** Trivy's findings, one by one, in our words. */
import {
  severities,
  type LineRange,
  type Misconfiguration,
  type Package,
  type PackageClass,
  type Secret,
  type Severity,
  type Vulnerability,
} from '../model.js'
import {
  asString,
  objectsOf,
  optional,
  optionalObject,
  optionalString,
  shown,
  unreadable,
  type JsonObject,
} from './json.js'
import { pooled } from './pool.js'

/** The vulnerabilities of one of the report's results. */
export function readVulnerabilities(result: JsonObject): Vulnerability[] {
  return objectsOf(result['Vulnerabilities'], 'Vulnerabilities').map(raw => pooled(readVulnerability(raw, result)))
}

function readVulnerability(raw: JsonObject, result: JsonObject): Vulnerability {
  return {
    kind: 'vulnerability',
    id: asString(raw['VulnerabilityID'], 'VulnerabilityID'),
    severity: readSeverity(raw['Severity']),
    vendorSeverities: readVendorSeverities(raw['VendorSeverity']),
    status: optionalString(raw['Status'], 'Status') ?? 'unknown',
    package: readPackage(raw, result),
    ...optional('severitySource', raw, 'SeveritySource'),
    ...optional('fixedVersion', raw, 'FixedVersion'),
    ...readTexts(raw),
  }
}

function readPackage(raw: JsonObject, result: JsonObject): Package {
  const identifier = optionalObject(raw['PkgIdentifier'], 'PkgIdentifier')
  return {
    name: asString(raw['PkgName'], 'PkgName'),
    version: optionalString(raw['InstalledVersion'], 'InstalledVersion') ?? '',
    class: result['Class'] as PackageClass,
    type: optionalString(result['Type'], 'Type') ?? '',
    ...optional('purl', identifier, 'PURL'),
    ...(holdsOneFile(result) ? optional('path', result, 'Target') : {}),
    ...optional('path', raw, 'PkgPath'),
  }
}

/** The kinds of which Trivy makes one result for the whole image (`PkgTargets` in its `pkg/scan/langpkg/scan.go`). */
const gathered = new Set<unknown>(['conda-pkg', 'gemspec', 'jar', 'kubernetes', 'node-pkg', 'python-pkg'])

/** True for a Go or Rust program, a lock file: its packages lie in the one file that the result is about. */
function holdsOneFile({ Class: kind, Type: type, Target: target }: JsonObject): boolean {
  return kind === 'lang-pkgs' && !gathered.has(type) && target !== ''
}

export function readSecrets(result: JsonObject): Secret[] {
  return objectsOf(result['Secrets'], 'Secrets').map(raw => {
    const texts = readTexts(raw)
    return {
      kind: 'secret',
      id: asString(raw['RuleID'], 'RuleID'),
      severity: readSeverity(raw['Severity']),
      // One in the image's configuration has no layer, and stands under the name of the image. What matched there is the
      // whole instruction, where Trivy masks the one value and no other.
      ...(texts.layer === undefined
        ? {}
        : { ...optional('path', result, 'Target'), ...optional('match', raw, 'Match') }),
      ...texts,
    }
  })
}

/** @param file the Dockerfile, relative to the workspace */
export function readMisconfigurations(result: JsonObject, file: string): Misconfiguration[] {
  const all = objectsOf(result['Misconfigurations'], 'Misconfigurations')
  const failed = all.filter(raw => hasFailed(raw))
  const { Failures: number } = optionalObject(result['MisconfSummary'], 'MisconfSummary')
  if (number !== undefined && number !== failed.length) {
    throw unreadable(`it counts ${shown(number)} failures of checks, and tells of ${String(failed.length)}`)
  }
  return failed.map(raw => readMisconfiguration(raw, file))
}

/** Anything but a plain word on it must not read as "passed". */
function hasFailed({ Status: status }: JsonObject): boolean {
  if (status === 'FAIL' || status === 'PASS') return status === 'FAIL'
  throw unreadable(`the Status of a check is ${shown(status)}`)
}

function readMisconfiguration(raw: JsonObject, file: string): Misconfiguration {
  const { lines, instruction } = readCause(raw)
  return {
    kind: 'misconfiguration',
    id: asString(raw['ID'], 'ID'),
    severity: readSeverity(raw['Severity']),
    message: optionalString(raw['Message'], 'Message') ?? '',
    ...optional('resolution', raw, 'Resolution'),
    ...readTexts(raw),
    place: { file, ...(lines === undefined ? {} : { lines }) },
    ...(lines === undefined ? {} : { origin: { file, lines, instruction, fromBase: false } }),
  }
}

function readCause(raw: JsonObject): { lines: LineRange | undefined; instruction: string } {
  const cause = optionalObject(raw['CauseMetadata'], 'CauseMetadata')
  // Where there is no code, Trivy may write so: a list of Go's that is none.
  const { Lines: code } = optionalObject(cause['Code'], 'Code')
  const [first] = objectsOf(code ?? undefined, 'Lines')
  return {
    lines: readLines(cause['StartLine'], cause['EndLine']),
    instruction: withoutValues(optionalString(first?.['Content'], 'Content')?.trim() ?? ''),
  }
}

/** A check that finds a secret in ENV or ARG shows the line that has it; no report of ours does. */
function withoutValues(instruction: string): string {
  const [, keyword, name] = /^((?:ENV|ARG)\s+)([^\s=]*)/i.exec(instruction) ?? []
  if (keyword === undefined || name === undefined) return instruction
  const rest = instruction.slice(keyword.length + name.length)
  // `ENV NAME VALUE`: all that follows is the value, whatever is in it.
  if (!rest.startsWith('=')) return /\S/.test(rest) ? `${keyword}${name} ***` : instruction
  // A quotation mark that nothing closes here is closed on a later line.
  return `${keyword}${name}${rest.replace(/=(?:"(?:[^"\\]|\\[^])*(?:"|\\?$)|'[^']*(?:'|$)|\\[^]?|[^\s"'\\])*/g, '=***')}`
}

/** Lines count from 1. Trivy leaves out those that it does not know; a range that is none says nothing either. */
export function readLines(start: unknown, end: unknown): LineRange | undefined {
  return isLine(start) && isLine(end) && start <= end ? { start, end } : undefined
}

function isLine(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function readTexts(raw: JsonObject): { title?: string; url?: string; layer?: string } {
  const layer = optionalObject(raw['Layer'], 'Layer')
  return {
    ...optional('title', raw, 'Title'),
    ...optional('url', raw, 'PrimaryURL'),
    ...optional('layer', layer, 'DiffID'),
  }
}

/** A severity that Trivy does not rate is UNKNOWN; one that we do not know is no reason to lose the finding either. */
function readSeverity(value: unknown): Severity {
  return severities.find(name => name === value) ?? 'UNKNOWN'
}

/** Trivy writes these as numbers: 0 for UNKNOWN to 4 for CRITICAL (`pkg/types/types.go` in aquasecurity/trivy-db). */
function readVendorSeverities(value: unknown): Vulnerability['vendorSeverities'] {
  const byNumber = severities.toReversed()
  const ratings = Object.entries(optionalObject(value, 'VendorSeverity'))
  return Object.fromEntries(
    ratings.map(([vendor, rating]) => [
      vendor,
      (typeof rating === 'number' ? byNumber[rating] : undefined) ?? 'UNKNOWN',
    ]),
  )
}
