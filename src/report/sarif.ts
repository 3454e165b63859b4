/**
 * The report as SARIF 2.1.0, for GitHub's code scanning. Trivy's own names neither Dockerfile nor image, and all images
 * would take each other's place. The limits are GitHub's; see "SARIF support for code scanning" in its documentation.
 */
import { createHash } from 'node:crypto'
import type { Log, PropertyBag, ReportingDescriptor, Result, Run, Suppression } from 'sarif'
import type { Finding, ImageVerdict, JudgedFinding, Report, Severity } from '../model.js'
import { encodePath } from './address.js'
import { withAges } from './database.js'
import { jsonParts, LongList } from './json-parts.js'
import { worstFindings, type Placed } from './placed.js'
import { sarifText } from './sarif-text.js'
import { exceptionText, remedyText, subjectText } from './text.js'

/** Runs in a file. With more images than this, a run holds several. */
const maxRuns = 20

/** GitHub accepts 25,000 results a run, with as many rules, and shows 5,000: the worst come first. */
const maxResults = 5000

/** @param version of Image Gate */
export function renderSarif(report: Report, version: string): Iterable<string> {
  const head: Omit<Log, 'runs'> = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0' }
  return jsonParts(new LongList(head, 'runs', renderRuns(report, version)), 0)
}

function* renderRuns(report: Report, version: string): Generator<LongList, void, undefined> {
  for (const [category, images] of groupImages(report.verdict.images)) {
    yield renderRun(category, images, report, version)
  }
}

/**
 * What GitHub keeps apart: an upload replaces the alerts of the same category, so each image needs one that stays the
 * same. Where there are too many images, the name decides which ones share a category.
 */
function groupImages(images: readonly ImageVerdict[]): [string, ImageVerdict[]][] {
  const groups = new Map<string, ImageVerdict[]>()
  for (const image of images) {
    if (image.state === 'skipped') continue
    const { name, safeName } = image.image
    const bucket = createHash('sha256').update(name).digest().readUInt32BE(0) % maxRuns
    const category = images.length > maxRuns ? `group-${String(bucket + 1)}` : safeName
    groups.set(category, [...(groups.get(category) ?? []), image])
  }
  // What was not measured says nothing: alerts stay as they are, or GitHub would call them fixed.
  const isMeasured = ({ state }: ImageVerdict): boolean => state === 'clean' || state === 'vulnerable'
  return [...groups].filter(([, group]) => group.every(isMeasured)).sort(([a], [b]) => (a < b ? -1 : 1))
}

function renderRun(category: string, images: readonly ImageVerdict[], report: Report, version: string): LongList {
  const all = worstFindings(images, ({ ruling }) => ruling !== 'below-threshold' && ruling !== 'reported')
  const shown = all.slice(0, maxResults)
  const rules = new Map<string, ReportingDescriptor>()
  for (const { finding } of shown) if (!rules.has(finding.id)) rules.set(finding.id, renderRule(finding))
  const head: Omit<Run, 'results'> = {
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
    properties: propertiesOf(report, all.length - shown.length),
  }
  return new LongList(head, 'results', renderResults(shown, [...rules.keys()], report))
}

/** By what was measured, and what is missing here. */
function propertiesOf({ scanner, startedAt }: Report, omitted: number): PropertyBag {
  return {
    ...(scanner === undefined ? {} : { trivy: scanner.version }),
    ...(scanner === undefined ? {} : withAges(scanner, startedAt)),
    ...(omitted === 0 ? {} : { omittedResults: omitted, omittedResultsAreIn: 'report.json' }),
  }
}

function* renderResults(
  shown: readonly Placed[],
  ruleIds: readonly string[],
  report: Report,
): Generator<Result, void, undefined> {
  const indexes = new Map(ruleIds.map((id, index) => [id, index]))
  const copies = new Map<string, number>()
  for (const placed of shown) {
    const hash = fingerprint(placed)
    const copy = (copies.get(hash) ?? 0) + 1
    copies.set(hash, copy)
    const fingerprints = { primaryLocationLineHash: `${hash}:${String(copy)}` }
    yield renderResult(placed, indexes.get(placed.finding.id) ?? -1, fingerprints, report)
  }
}

function renderRule(finding: Finding): ReportingDescriptor {
  const title = sarifText(finding.title ?? finding.id)
  return {
    id: finding.id,
    name: ruleNames[finding.kind],
    shortDescription: { text: `${finding.id}: ${title}`.slice(0, 1024) },
    fullDescription: { text: title.slice(0, 1024) },
    help: { text: `${title}.${helpText(finding)}` },
    ...(finding.url?.startsWith('https://') === true ? { helpUri: finding.url } : {}),
    properties: {
      tags: ['security', 'container', finding.kind],
      'security-severity': securitySeverity[finding.severity],
    },
  }
}

/** A rule is about all packages that have the vulnerability: which version helps, each result says. */
function helpText(finding: Finding): string {
  const remedy =
    finding.kind === 'vulnerability' ? 'a version that fixes it; each alert says which' : remedyText(finding)
  return remedy === '' ? '' : ` What helps: ${sarifText(remedy)}.`
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

function renderResult(
  { image: { image }, finding }: Placed,
  ruleIndex: number,
  partialFingerprints: Record<string, string>,
  report: Report,
): Result {
  const place = finding.place ?? finding.origin
  const remedy = remedyText(finding)
  const text = `Image ${image.name}: ${finding.id} in ${subjectText(finding)}${remedy === '' ? '' : `, ${remedy}`}`
  const { start, end } = place?.lines ?? { start: 1, end: 1 }
  return {
    ruleId: finding.id,
    ruleIndex,
    level: levels[finding.severity],
    message: { text: sarifText(`${text}.`) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodePath(place?.file ?? image.dockerfile), uriBaseId: '%SRCROOT%' },
          region: { startLine: start, endLine: end },
        },
      },
    ],
    partialFingerprints,
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
      suppressions: [{ kind: 'external', status: 'accepted', justification: sarifText(exceptionText(exception)) }],
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
function fingerprint({ image: { image }, finding }: Placed): string {
  const subject =
    finding.kind === 'vulnerability'
      ? [finding.package.type, finding.package.name, finding.package.path ?? '']
      : [finding.kind === 'secret' ? (finding.path ?? '') : (finding.place?.file ?? '')]
  return createHash('sha256')
    .update(JSON.stringify([image.name, finding.kind, finding.id, ...subject]))
    .digest('hex')
    .slice(0, 32)
}
