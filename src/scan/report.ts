/**
 * Reads Trivy's JSON report (schema version 2, `pkg/types/report.go` in aquasecurity/trivy) into our model. Whatever
 * does not look like such a report is an error: nonsense must never read as "no findings".
 */
import { IntegrityError } from '../errors.js'
import type { ImageScan, Layer, Secret, Vulnerability } from '../model.js'
import { readSecrets, readVulnerabilities } from './finding.js'
import {
  asArray,
  asObject,
  asString,
  objectsOf,
  optionalString,
  parseJson,
  shown,
  unreadable,
  type JsonObject,
} from './json.js'
import { describeSuppliers } from './suppliers.js'
import { readSystem } from './system.js'

export interface Results {
  readonly report: JsonObject
  /** What each holds is where it belongs, so that passing over a class passes over no finding. */
  readonly results: readonly JsonObject[]
}

/** @throws IntegrityError when the text is not a report on that kind of thing */
export function readResults(text: string, artifactType: 'container_image' | 'filesystem'): Results {
  const report = asObject(parseJson(text), 'the report')
  for (const [name, expected] of Object.entries({ SchemaVersion: 2, ArtifactType: artifactType })) {
    if (report[name] === expected) continue
    throw unreadable(`${name} is ${shown(report[name])}, not ${shown(expected)}`)
  }
  const results = objectsOf(report['Results'], 'Results')
  results.forEach(checkResult)
  return { report, results }
}

/** The classes of results in which there are findings of each kind. */
const classesOf: Readonly<Record<string, readonly string[]>> = {
  Vulnerabilities: ['os-pkgs', 'lang-pkgs'],
  Secrets: ['secret'],
  Misconfigurations: ['config'],
}

function checkResult(result: JsonObject): void {
  const kind = asString(result['Class'], 'Class')
  if (typeof result['Target'] !== 'string') throw unreadable('Target is missing')
  for (const [key, classes] of Object.entries(classesOf)) {
    if (objectsOf(result[key], key).length === 0 || classes.includes(kind)) continue
    throw unreadable(`there are ${key} in a result of the class ${shown(kind)}`)
  }
  // Nobody asks Trivy to let anything pass: if something made it do so, the findings are here and not where they belong.
  if (objectsOf(result['ExperimentalModifiedFindings'], 'ExperimentalModifiedFindings').length > 0) {
    throw unreadable('Trivy was told to leave findings out, and not by Image Gate')
  }
}

/**
 * @param expectedDiffIds of the image that Trivy was shown
 * @param standIns those of layers that were added for Trivy, each with that of the layer that its content is from
 * @throws IntegrityError when the text is not a whole report of the given image
 */
export function parseScanReport(
  text: string,
  expectedDiffIds: readonly string[],
  standIns: ReadonlyMap<string, string> = new Map(),
): ImageScan {
  const { report, results } = readResults(text, 'container_image')
  const metadata = asObject(report['Metadata'], 'Metadata')
  const shown = readLayers(metadata)
  checkLayers(shown, metadata, expectedDiffIds)
  const layers = shown.filter(({ diffId }) => !standIns.has(diffId))
  const packageResults = results.filter(({ Class }) => Class === 'os-pkgs' || Class === 'lang-pkgs')
  const leftOut = describeSuppliers(packageResults)
  const secrets = results.filter(({ Class }) => Class === 'secret').flatMap(readSecrets)
  return {
    findings: [...packageResults.flatMap(readVulnerabilities), ...secrets].map(finding => inLayer(finding, standIns)),
    layers,
    packages: packageResults.reduce((sum, result) => sum + objectsOf(result['Packages'], 'Packages').length, 0),
    ...readSystem(metadata['OS'], results),
    ...(leftOut.length === 0 ? {} : { leftOut }),
  }
}

function inLayer<T extends Vulnerability | Secret>(finding: T, standIns: ReadonlyMap<string, string>): T {
  const layer = standIns.get(finding.layer ?? '')
  return layer === undefined ? finding : { ...finding, layer }
}

/** Both what the image is made of and what Trivy says that it looked at. */
function checkLayers(layers: readonly Layer[], metadata: JsonObject, expected: readonly string[]): void {
  const diffIds = layers.map(({ diffId }) => diffId)
  const analysed = asArray(metadata['DiffIDs'] ?? [], 'DiffIDs')
  for (const ids of [diffIds, analysed]) {
    if (ids.length === expected.length && ids.every((id, at) => id === expected[at])) continue
    throw new IntegrityError(
      'Trivy’s report is about another image: its layers are not those of the image',
      'Run again; if it stays, report it with the version of Trivy that the log names.',
    )
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
    const createdBy = optionalString(entry?.['created_by'], 'created_by')
    const byBuildKit = optionalString(entry?.['comment'], 'comment')?.startsWith('buildkit.dockerfile') === true
    return { diffId, byBuildKit, ...(createdBy === undefined ? {} : { createdBy }) }
  })
}
