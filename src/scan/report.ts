/**
 * Reads Trivy's JSON report (schema version 2, `pkg/types/report.go` in aquasecurity/trivy) into our model. Whatever
 * does not look like such a report is an error: nonsense must never read as "no findings".
 */
import { IntegrityError } from '../errors.js'
import { severities, type Finding, type ImageScan, type Layer, type PackageClass, type Severity } from '../model.js'

const advice = 'Run again; if it stays, report it with the version of Trivy that the log names.'

/** @throws IntegrityError when the text is not a whole report of the given image */
export function parseScanReport(text: string, expectedDiffIds: readonly string[]): ImageScan {
  const report = asObject(parseJson(text), 'the report')
  if (report['SchemaVersion'] !== 2) {
    throw unreadable(`SchemaVersion is ${JSON.stringify(report['SchemaVersion'])}, not 2`)
  }
  if (report['ArtifactType'] !== 'container_image') {
    throw unreadable(`ArtifactType is ${JSON.stringify(report['ArtifactType'])}, not "container_image"`)
  }
  const metadata = asObject(report['Metadata'], 'Metadata')
  const layers = readLayers(metadata)
  const diffIds = layers.map(({ diffId }) => diffId)
  if (diffIds.join() !== expectedDiffIds.join()) {
    throw new IntegrityError('Trivy’s report is about another image: its layers are not those of the image', advice)
  }
  const results = asArray(report['Results'] ?? [], 'Results').map(item => asObject(item, 'Results[]'))
  const packageResults = results.filter(({ Class }) => Class === 'os-pkgs' || Class === 'lang-pkgs')
  const os = readOs(metadata['OS'])
  return {
    findings: packageResults.flatMap(readFindings),
    layers,
    packages: packageResults.reduce((sum, result) => sum + asArray(result['Packages'] ?? [], 'Packages').length, 0),
    ...(os === undefined ? {} : { os }),
  }
}

type JsonObject = Readonly<Record<string, unknown>>

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable('it is not JSON', error)
  }
}

function readLayers(metadata: JsonObject): Layer[] {
  const config = asObject(metadata['ImageConfig'], 'ImageConfig')
  const rootfs = asObject(config['rootfs'], 'rootfs')
  const diffIds = asArray(rootfs['diff_ids'] ?? [], 'diff_ids').map(id => asString(id, 'diff_ids[]'))
  const history = asArray(config['history'] ?? [], 'history')
    .map(item => asObject(item, 'history[]'))
    .filter(item => item['empty_layer'] !== true)
  // Entries and layers only belong together when there are as many of the one as of the other.
  const aligned = history.length === diffIds.length
  return diffIds.map((diffId, index) => {
    const entry = aligned ? history[index] : undefined
    const createdBy = optionalString(entry?.['created_by'])
    const byBuildKit = optionalString(entry?.['comment'])?.startsWith('buildkit.dockerfile') === true
    return { diffId, byBuildKit, ...(createdBy === undefined ? {} : { createdBy }) }
  })
}

function readOs(value: unknown): ImageScan['os'] {
  if (value === undefined || value === null) return undefined
  const os = asObject(value, 'OS')
  const family = optionalString(os['Family'])
  if (family === undefined) return undefined
  return { family, name: optionalString(os['Name']) ?? '', endOfLife: os['EOSL'] === true }
}

function readFindings(result: JsonObject): Finding[] {
  const vulnerabilities = asArray(result['Vulnerabilities'] ?? [], 'Vulnerabilities')
  return vulnerabilities.map(item => readFinding(asObject(item, 'Vulnerabilities[]'), result))
}

function readFinding(raw: JsonObject, result: JsonObject): Finding {
  const identifier = asObject(raw['PkgIdentifier'] ?? {}, 'PkgIdentifier')
  const layer = asObject(raw['Layer'] ?? {}, 'Layer')
  return {
    id: asString(raw['VulnerabilityID'], 'VulnerabilityID'),
    severity: readSeverity(raw['Severity']),
    status: optionalString(raw['Status']) ?? 'unknown',
    package: {
      name: asString(raw['PkgName'], 'PkgName'),
      version: optionalString(raw['InstalledVersion']) ?? '',
      class: result['Class'] as PackageClass,
      type: optionalString(result['Type']) ?? '',
      ...optional('purl', identifier['PURL']),
      ...optional('path', raw['PkgPath']),
    },
    ...optional('severitySource', raw['SeveritySource']),
    ...optional('fixedVersion', raw['FixedVersion']),
    ...optional('title', raw['Title']),
    ...optional('url', raw['PrimaryURL']),
    ...optional('layer', layer['DiffID']),
  }
}

/** A severity that Trivy does not rate is UNKNOWN; one that we do not know is no reason to lose the finding either. */
function readSeverity(value: unknown): Severity {
  return severities.find(name => name === value) ?? 'UNKNOWN'
}

function optional<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  const text = optionalString(value)
  return text === undefined ? {} : ({ [key]: text } as Record<K, string>)
}

function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function asString(value: unknown, where: string): string {
  const text = optionalString(value)
  if (text === undefined) throw unreadable(`${where} is missing`)
  return text
}

function asObject(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(`${where} is not an object`)
  return value as JsonObject
}

function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unreadable(`${where} is not a list`)
  return value
}

function unreadable(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`Trivy’s report cannot be read: ${what}`, advice, { cause })
}
