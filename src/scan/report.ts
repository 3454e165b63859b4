/**
 * Reads Trivy's JSON report (schema version 2, `pkg/types/report.go` in aquasecurity/trivy) into our model. Whatever
 * does not look like such a report is an error: nonsense must never read as "no findings".
 */
import { IntegrityError } from '../errors.js'
import type { ImageScan, Layer } from '../model.js'
import { readSecrets, readVulnerabilities } from './finding.js'
import {
  asArray,
  asObject,
  asString,
  objectsOf,
  optionalString,
  parseJson,
  unreadable,
  type JsonObject,
} from './json.js'

/** @throws IntegrityError when the text is not a report on that kind of thing */
export function readEnvelope(text: string, artifactType: 'container_image' | 'filesystem'): JsonObject {
  const report = asObject(parseJson(text), 'the report')
  for (const [name, expected] of Object.entries({ SchemaVersion: 2, ArtifactType: artifactType })) {
    if (report[name] === expected) continue
    throw unreadable(`${name} is ${JSON.stringify(report[name])}, not ${JSON.stringify(expected)}`)
  }
  return report
}

/** @throws IntegrityError when the text is not a whole report of the given image */
export function parseScanReport(text: string, expectedDiffIds: readonly string[]): ImageScan {
  const report = readEnvelope(text, 'container_image')
  const metadata = asObject(report['Metadata'], 'Metadata')
  const layers = readLayers(metadata)
  const diffIds = layers.map(({ diffId }) => diffId)
  if (diffIds.join() !== expectedDiffIds.join()) {
    throw new IntegrityError(
      'Trivy’s report is about another image: its layers are not those of the image',
      'Run again; if it stays, report it with the version of Trivy that the log names.',
    )
  }
  const results = objectsOf(report['Results'], 'Results')
  const packageResults = results.filter(({ Class }) => Class === 'os-pkgs' || Class === 'lang-pkgs')
  const secrets = results.filter(({ Class }) => Class === 'secret').flatMap(readSecrets)
  const os = readOs(metadata['OS'])
  return {
    findings: [...packageResults.flatMap(readVulnerabilities), ...secrets],
    layers,
    packages: packageResults.reduce((sum, result) => sum + objectsOf(result['Packages'], 'Packages').length, 0),
    ...(os === undefined ? {} : { os }),
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
