/**
 * The report as SARIF 2.1.0, for GitHub's code scanning. Trivy's own names neither Dockerfile nor image, and all images
 * would take each other's place. The limits are GitHub's; see "SARIF support for code scanning" in its documentation.
 */
import { createHash } from 'node:crypto'
import type { Log, ReportingDescriptor, Result, Run, Suppression } from 'sarif'
import type { Finding, ImageVerdict, JudgedFinding, Report, Severity } from '../model.js'
import { jsonParts } from './json-parts.js'
import { exceptionText, remedyText, subjectText } from './text.js'
import { visible } from './markdown.js'

/** Runs in a file. With more images than this, a run holds several. */
const maxRuns = 20

/** GitHub accepts 25,000 results a run and shows the first 5,000: the worst come first. */
const maxResults = 5000

/** Rules in a run. */
const maxRules = 25_000

/** @param version of Image Gate */
export function renderSarif(report: Report, version: string): Iterable<string> {
  const head: Omit<Log, 'runs'> = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0' }
  return jsonParts(head, 'runs', renderRuns(report, version), 0)
}

function* renderRuns(report: Report, version: string): Generator<Run, void, undefined> {
  for (const [category, images] of groupImages(report.verdict.images)) {
    yield renderRun(category, images, report, version)
  }
}

/**
 * What GitHub keeps apart: an upload replaces the alerts of the same category, so each image needs one that stays the
 * same. Where there are too many images, the name decides which ones share a category.
 */
function groupImages(images: readonly ImageVerdict[]): [string, ImageVerdict[]][] {
  // An image that was not measured says nothing: its alerts stay as they are.
  const measured = images.filter(({ state }) => state === 'clean' || state === 'vulnerable')
  const groups = new Map<string, ImageVerdict[]>()
  for (const image of measured) {
    const { name, safeName } = image.image
    const bucket = createHash('sha256').update(name).digest().readUInt32BE(0) % maxRuns
    const category = images.length > maxRuns ? `group-${String(bucket + 1)}` : safeName
    groups.set(category, [...(groups.get(category) ?? []), image])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

function renderRun(category: string, images: readonly ImageVerdict[], report: Report, version: string): Run {
  const all = images
    .flatMap(image => image.findings.map(finding => ({ image, finding })))
    .filter(({ finding }) => finding.ruling !== 'below-threshold' && finding.ruling !== 'reported')
    .sort((a, b) => score(b.finding) - score(a.finding))
  const shown = all.slice(0, maxResults)
  const rules = new Map<string, ReportingDescriptor>()
  for (const { finding } of shown) {
    if (!rules.has(finding.id) && rules.size < maxRules) rules.set(finding.id, renderRule(finding))
  }
  const indexes = new Map([...rules.keys()].map((id, index) => [id, index]))
  const cut = all.length - shown.length
  return {
    tool: {
      driver: {
        name: 'Image Gate',
        semanticVersion: version,
        informationUri: 'https://github.com/image-gate/image-gate',
        rules: [...rules.values()],
      },
    },
    automationDetails: { id: `image-gate/${category}/` },
    columnKind: 'utf16CodeUnits',
    results: shown.map(({ image, finding }) => renderResult(image, finding, indexes.get(finding.id) ?? -1, report)),
    ...(cut === 0 ? {} : { properties: { omittedResults: cut } }),
  }
}

function renderRule(finding: Finding): ReportingDescriptor {
  const title = visible(finding.title ?? finding.id)
  const remedy = remedyText(finding)
  return {
    id: finding.id,
    name: ruleNames[finding.kind],
    shortDescription: { text: `${finding.id}: ${title}`.slice(0, 1024) },
    fullDescription: { text: title.slice(0, 1024) },
    help: { text: visible(remedy === '' ? title : `${title}. What helps: ${remedy}.`) },
    ...(finding.url?.startsWith('https://') === true ? { helpUri: finding.url } : {}),
    properties: {
      tags: ['security', 'container', finding.kind],
      'security-severity': securitySeverity[finding.severity],
    },
  }
}

const ruleNames: Readonly<Record<Finding['kind'], string>> = {
  vulnerability: 'VulnerablePackage',
  misconfiguration: 'Misconfiguration',
  secret: 'Secret',
  'end-of-life': 'EndOfLife',
  unrecognised: 'Unrecognised',
}

/** GitHub's bands: above 9.0 critical, from 7.0 high, from 4.0 medium. The middle of each, since Trivy's severity decides. */
const securitySeverity: Readonly<Record<Severity, string>> = {
  CRITICAL: '9.5',
  HIGH: '8.0',
  MEDIUM: '5.5',
  LOW: '2.0',
  UNKNOWN: '0.0',
}

const levels: Readonly<Record<Severity, Result.level>> = {
  CRITICAL: 'error',
  HIGH: 'error',
  MEDIUM: 'warning',
  LOW: 'note',
  UNKNOWN: 'note',
}

/** What blocks before what does not, then by severity. */
function score({ ruling, severity }: JudgedFinding): number {
  return (ruling === 'gating' ? 100 : 0) + Number(securitySeverity[severity])
}

function renderResult({ image }: ImageVerdict, finding: JudgedFinding, ruleIndex: number, report: Report): Result {
  const place = finding.place ?? finding.origin
  const remedy = remedyText(finding)
  const text = `Image ${image.name}: ${finding.id} in ${subjectText(finding)}${remedy === '' ? '' : `, ${remedy}`}`
  const { start, end } = place?.lines ?? { start: 1, end: 1 }
  return {
    ruleId: finding.id,
    ruleIndex,
    level: levels[finding.severity],
    message: { text: visible(`${text}.`) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: toUri(place?.file ?? image.dockerfile), uriBaseId: '%SRCROOT%' },
          region: { startLine: start, endLine: end },
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprint(image.name, finding) },
    ...suppressionsOf(finding),
    properties: {
      image: image.name,
      ruling: finding.ruling,
      ...(finding.change === undefined ? {} : { change: finding.change }),
      ...(report.context.sha === undefined ? {} : { commit: report.context.sha }),
    },
  }
}

/** What the policy lets pass, with why. Everything else counts. */
function suppressionsOf({ ruling, exception }: JudgedFinding): { suppressions?: Suppression[] } {
  if (exception !== undefined) {
    return {
      suppressions: [{ kind: 'external', status: 'accepted', justification: visible(exceptionText(exception)) }],
    }
  }
  const why =
    ruling === 'unfixed'
      ? 'no version fixes it yet'
      : ruling === 'existing'
        ? 'it was there before this change'
        : undefined
  return why === undefined ? {} : { suppressions: [{ kind: 'external', status: 'accepted', justification: why }] }
}

/** The same for the same finding in every build: no digest, no version, no line. */
function fingerprint(imageName: string, finding: Finding): string {
  const subject =
    finding.kind === 'vulnerability'
      ? [finding.package.type, finding.package.name, finding.package.path ?? '']
      : [finding.kind === 'secret' ? (finding.path ?? '') : (finding.place?.file ?? '')]
  return createHash('sha256')
    .update(JSON.stringify([imageName, finding.kind, finding.id, ...subject]))
    .digest('hex')
    .slice(0, 32)
}

/** A path as a relative reference (RFC 3986). */
function toUri(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
