/** Trivy's findings, one by one, in our words. */
import {
  severities,
  type Misconfiguration,
  type Package,
  type PackageClass,
  type Secret,
  type Severity,
  type Vulnerability,
} from '../model.js'
import { asObject, asString, objectsOf, optional, optionalString, type JsonObject } from './json.js'
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
    status: optionalString(raw['Status']) ?? 'unknown',
    package: readPackage(raw, result),
    ...optional('severitySource', raw['SeveritySource']),
    ...optional('fixedVersion', raw['FixedVersion']),
    ...readTexts(raw),
  }
}

function readPackage(raw: JsonObject, result: JsonObject): Package {
  const identifier = asObject(raw['PkgIdentifier'] ?? {}, 'PkgIdentifier')
  return {
    name: asString(raw['PkgName'], 'PkgName'),
    version: optionalString(raw['InstalledVersion']) ?? '',
    class: result['Class'] as PackageClass,
    type: optionalString(result['Type']) ?? '',
    ...optional('purl', identifier['PURL']),
    ...optional('path', raw['PkgPath']),
  }
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
        : { ...optional('path', result['Target']), ...optional('match', raw['Match']) }),
      ...texts,
    }
  })
}

/** @param file the Dockerfile, relative to the workspace */
export function readMisconfigurations(result: JsonObject, file: string): Misconfiguration[] {
  return objectsOf(result['Misconfigurations'], 'Misconfigurations')
    .filter(({ Status }) => Status === 'FAIL')
    .map(raw => {
      const { start, end, instruction } = readCause(raw)
      const lines = start === undefined || end === undefined ? undefined : { start, end }
      return {
        kind: 'misconfiguration',
        id: asString(raw['ID'], 'ID'),
        severity: readSeverity(raw['Severity']),
        message: optionalString(raw['Message']) ?? '',
        ...optional('resolution', raw['Resolution']),
        ...readTexts(raw),
        place: { file, ...(lines === undefined ? {} : { lines }) },
        ...(lines === undefined ? {} : { origin: { file, lines, instruction, fromBase: false } }),
      }
    })
}

function readCause(raw: JsonObject): { start: number | undefined; end: number | undefined; instruction: string } {
  const cause = asObject(raw['CauseMetadata'] ?? {}, 'CauseMetadata')
  const [first] = objectsOf(asObject(cause['Code'] ?? {}, 'Code')['Lines'], 'Lines')
  return {
    start: readLine(cause['StartLine']),
    end: readLine(cause['EndLine']),
    instruction: withoutValues(optionalString(first?.['Content'])?.trim() ?? ''),
  }
}

/** A check that finds a secret in ENV or ARG shows the line that has it; no report of ours does. */
function withoutValues(instruction: string): string {
  if (!/^(ENV|ARG)\s/i.test(instruction)) return instruction
  return instruction.includes('=')
    ? instruction.replace(/=("[^"]*"|'[^']*'|\S)*/g, '=***')
    : instruction.replace(/^(\S+\s+\S+)\s.*$/, '$1 ***')
}

/** Lines count from 1; Trivy leaves out those that it does not know. */
export function readLine(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}

function readTexts(raw: JsonObject): { title?: string; url?: string; layer?: string } {
  const layer = asObject(raw['Layer'] ?? {}, 'Layer')
  return {
    ...optional('title', raw['Title']),
    ...optional('url', raw['PrimaryURL']),
    ...optional('layer', layer['DiffID']),
  }
}

/** A severity that Trivy does not rate is UNKNOWN; one that we do not know is no reason to lose the finding either. */
function readSeverity(value: unknown): Severity {
  return severities.find(name => name === value) ?? 'UNKNOWN'
}

/** Trivy writes these as numbers: 0 for UNKNOWN to 4 for CRITICAL (`pkg/types/types.go` in aquasecurity/trivy-db). */
function readVendorSeverities(value: unknown): Vulnerability['vendorSeverities'] {
  const byNumber = severities.toReversed()
  const entries = Object.entries(asObject(value ?? {}, 'VendorSeverity'))
  return Object.fromEntries(entries.map(([vendor, rating]) => [vendor, byNumber[Number(rating)] ?? 'UNKNOWN']))
}
