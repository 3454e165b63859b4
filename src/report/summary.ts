/** The job summary: what somebody whose merge is blocked reads first. */
import { severities, type Finding, type ImageVerdict, type JudgedFinding, type Report } from '../model.js'
import { groupByCause, type Cause } from './cause.js'
import { code, codeBlock, escapeText, link, table } from './markdown.js'
import { afterMerge, changedImages, exceptions, passedOver, rulesTable } from './summary-policy.js'
import {
  adviceText,
  commonStep,
  count,
  countsText,
  durationText,
  engineText,
  headline,
  imagesIn,
  placeText,
  policyText,
  remedyText,
  shorten,
  stateText,
  subjectText,
  totalOf,
  workRows,
} from './text.js'

/** GitHub drops a step's whole summary above 1 MiB; see "Job summaries" in its workflow-commands reference. */
const limit = 1024 * 1024 - 1024

const resultIcons = { passed: '✅', blocked: '❌', error: '⛔' } as const
const stateIcons = {
  clean: '✅',
  vulnerable: '❌',
  'build-failed': '⛔',
  'scan-failed': '⛔',
  skipped: '⏭️',
} as const

/** How much is shown: so many images in detail, and so many rows of each instruction or list. */
interface Extent {
  readonly images: number
  readonly rows: number
}

/** Rows go first, then images: whoever has 200 of them wants to see each one's worst. */
const extents: readonly Extent[] = [
  ...[200, 50, 10, 3].map(rows => ({ images: Infinity, rows })),
  ...[50, 20, 5, 0].map(images => ({ images, rows: 3 })),
]

/** Renders as much as fits: the worst findings first, and always how many there are. */
export function renderSummary(report: Report): string {
  for (const extent of extents) {
    if (estimate(report, extent) > 4 * limit) continue
    const text = render(report, extent)
    if (Buffer.byteLength(text) <= limit) return text
  }
  const short = [
    heading(report),
    warnings(report),
    countsLine(report),
    'Too much to show here: see the JSON report.',
    footer(report),
  ]
  return `${short.join('\n\n')}\n`
}

/** Bytes, roughly: to render what cannot fit by far takes time for nothing. */
function estimate(report: Report, { images, rows }: Extent): number {
  const causes = worstFirst(report).slice(0, images).flatMap(groupByCause)
  return causes.reduce((sum, { findings }) => sum + Math.min(rows, findings.length), 0) * bytesPerRow
}

const bytesPerRow = 150

function render(report: Report, extent: Extent): string {
  const { rows } = extent
  const sections = [
    heading(report),
    warnings(report),
    countsLine(report),
    problem(report),
    imageTable(report),
    next(report, rows),
    ...failures(report, extent),
    ...blockingImages(report, extent),
    afterMerge(report, rows),
    passedOver(report, rows),
    exceptions(report, rows),
    changedImages(report),
    ignored(report),
    rulesTable(report),
    time(report),
    footer(report),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

function failures(report: Report, { images }: Extent): string[] {
  const all = imagesIn(report, 'build-failed', 'scan-failed')
  const shown = all.slice(0, Math.max(images, 5))
  const rest = all.length - shown.length
  const more =
    rest === 0 ? [] : [`… and ${count(rest, 'more image')} that failed: see the table above and the JSON report.`]
  return [...shown.map(failure), ...more]
}

/** What blocks, image by image; where not all of them fit, the worst ones, and how many more there are. */
function blockingImages(report: Report, { images, rows }: Extent): string[] {
  const all = imagesIn(report, 'vulnerable')
  if (all.length <= images) return all.map(image => blocking(image, rows))
  const shown = worstFirst(report).slice(0, images)
  const rest = all.filter(image => !shown.includes(image))
  const findings = rest.reduce((sum, { counts }) => sum + totalOf(counts), 0)
  const more = `${count(rest.length, 'more image')} with ${count(findings, 'finding')}: see the table above and the JSON report.`
  return [...shown.map(image => blocking(image, rows)), `… and ${more}`]
}

function worstFirst(report: Report): readonly ImageVerdict[] {
  const worse = (a: ImageVerdict, b: ImageVerdict): number =>
    severities.map(name => b.counts[name] - a.counts[name]).find(difference => difference !== 0) ?? 0
  return imagesIn(report, 'vulnerable').toSorted(worse)
}

function heading(report: Report): string {
  const icon =
    imagesIn(report, 'vulnerable').length > 0 && report.verdict.result === 'passed'
      ? '⚠️'
      : resultIcons[report.verdict.result]
  return `## ${icon} ${escapeText(headline(report))}`
}

/** Before anything else: what the verdict does not tell by itself. */
function warnings(report: Report): string {
  if (report.warnings.length === 0) return ''
  return ['> [!WARNING]', ...report.warnings.map(text => `> - ${escapeText(text)}`)].join('\n')
}

function countsLine({ verdict }: Report): string {
  const total = totalOf(verdict.counts)
  return total === 0
    ? ''
    : `**${count(total, 'finding')}** that ${total === 1 ? 'counts' : 'count'}: ${countsText(verdict.counts)}.`
}

function problem({ verdict }: Report): string {
  if (verdict.problem === undefined) return ''
  return verdict.problem.messages.map(message => `- ${escapeText(message)}`).join('\n')
}

function imageTable({ verdict }: Report): string {
  if (verdict.images.length === 0) return ''
  const header = ['Image', 'State', 'Critical', 'High', 'Medium', 'Low', 'Unknown', 'System', 'Build', 'Scan']
  const number = (value: number): string => (value === 0 ? '' : String(value))
  const time = (value: number): string => (value === 0 ? '' : durationText(value))
  const rows = verdict.images.map(image => [
    code(image.image.name),
    `${stateIcons[image.state]} ${stateText(image)}${comparisonCell(image)}`,
    number(image.counts.CRITICAL),
    number(image.counts.HIGH),
    number(image.counts.MEDIUM),
    number(image.counts.LOW),
    number(image.counts.UNKNOWN),
    systemCell(image),
    time(image.buildDuration),
    time(image.scanDuration),
  ])
  return usedColumns(header, rows)
}

/** "Clean" means little where the scanner recognised nothing, so that is said beside it. */
function systemCell({ os, packages }: ImageVerdict): string {
  if (os !== undefined) return escapeText(`${os.family} ${os.name}${os.endOfLife ? ' (end of life)' : ''}`)
  if (packages === undefined) return ''
  return packages === 0 ? '⚠️ nothing recognised' : 'no distribution'
}

/** Where only what the change brings counts, what the image was compared with. */
function comparisonCell({ comparison, skipped }: ImageVerdict): string {
  if (skipped === 'only-changed') return ' (unchanged)'
  switch (comparison?.status) {
    case 'new':
      return ' (new)'
    case 'unchanged':
      return ' (unchanged)'
    case 'failed':
      return ` (all counts: no comparison: ${escapeText(shorten(comparison.reason))})`
    default:
      return ''
  }
}

function failure(verdict: ImageVerdict): string {
  const { image, failure: what } = verdict
  if (what === undefined) return ''
  const lines = [
    `### ⛔ ${code(image.name)}: ${stateText(verdict)}`,
    `${code(placeText(image.dockerfile, what.lines))}: ${escapeText(what.message)}`,
    `**What to do next:** ${escapeText(what.advice)}`,
  ]
  if (what.log.length > 0) lines.push(codeBlock(what.log))
  return lines.join('\n\n')
}

function blocking(image: ImageVerdict, rows: number): string {
  const title = `### ❌ ${code(image.image.name)}: ${count(totalOf(image.counts), 'finding')} (${countsText(image.counts)})`
  return [title, ...groupByCause(image).map(cause => renderCause(cause, image, rows))].join('\n\n')
}

function renderCause({ origin, findings }: Cause, { image }: ImageVerdict, rows: number): string {
  const where = code(placeText(origin?.file ?? image.dockerfile, origin?.lines))
  const what = origin === undefined ? 'no single line brought these' : `brought by ${code(origin.instruction)}`
  const base = origin?.fromBase === true ? ', the base image' : ''
  const shown = findings.slice(0, rows)
  const rest = findings.length - shown.length
  const more = rest === 0 ? [] : [`… and ${String(rest)} more, less severe or equal: see the JSON report.`]
  return [`${where}: ${what}${base}`, findingTable(shown), ...more].join('\n\n')
}

function findingTable(findings: readonly JudgedFinding[]): string {
  const header = ['Severity', 'Rated by', 'Finding', 'In', 'Installed', 'What helps', 'What it is']
  const rows = findings.map(finding => [
    finding.severity,
    ratingCell(finding),
    link(finding.id, finding.url),
    subjectCell(finding),
    finding.kind === 'vulnerability' ? code(finding.package.version) : '',
    remedyCell(finding),
    escapeText(shorten(finding.title ?? '')),
  ])
  return usedColumns(header, rows)
}

/** A table without the columns that nothing is in. */
function usedColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const keep = (cells: readonly string[]): string[] =>
    cells.filter((_, column) => column === 0 || rows.some(row => row[column] !== ''))
  return table(keep(header), rows.map(keep))
}

/** Whose rating it is, and who sees it differently. */
function ratingCell(finding: Finding): string {
  if (finding.kind !== 'vulnerability') return ''
  const { severity, severitySource, vendorSeverities } = finding
  const others = Object.entries(vendorSeverities)
    .filter(([vendor, rating]) => vendor !== severitySource && rating !== severity)
    .map(([vendor, rating]) => `${vendor}: ${rating.toLowerCase()}`)
  return escapeText([...(severitySource === undefined ? [] : [severitySource]), ...others].join(', '))
}

function subjectCell(finding: Finding): string {
  if (finding.kind !== 'vulnerability') return code(subjectText(finding))
  const {
    place,
    package: { name, path },
  } = finding
  const where = place === undefined ? path : placeText(path ?? place.file, place.lines)
  return code(name) + (where === undefined ? '' : ` in ${code(where)}`)
}

function remedyCell(finding: Finding): string {
  if (finding.kind === 'vulnerability' && finding.fixedVersion !== undefined) return code(finding.fixedVersion)
  return escapeText(shorten(remedyText(finding)))
}

function next(report: Report, rows: number): string {
  const { advice, verdict } = report
  if (advice.length === 0) {
    const step = commonStep(report)
    return step === '' ? '' : `**What to do next:** ${escapeText(step)}`
  }
  const most = Math.min(rows, maxAdvice)
  const lines = advice.slice(0, most).map(one => `1. ${escapeText(adviceText(one, verdict))}`)
  const rest = advice.slice(most).reduce((sum, { removes }) => sum + removes, 0)
  const more = rest === 0 ? [] : [`… and more for the other ${count(rest, 'finding')}: see the JSON report.`]
  return [`**What to do next**`, lines.join('\n'), ...more].join('\n\n')
}

/** More steps than this are no advice any more. */
const maxAdvice = 10

function ignored(report: Report): string {
  const suspicious = report.ignored.filter(entry => entry.suspicious)
  if (suspicious.length === 0) return ''
  return suspicious.map(({ path, reason }) => `- ⚠️ ${code(path)}: ${escapeText(reason)}`).join('\n')
}

function time({ work }: Report): string {
  if (work === undefined) return ''
  const rows = workRows(work).map(row => row.map(escapeText))
  return `<details><summary>Where the time went</summary>\n\n${table(['', 'Time', 'Work'], rows)}\n\n</details>`
}

function footer(report: Report): string {
  const { scanner, engine } = report
  const database = scanner?.database
  const parts = [
    `Policy: ${policyText(report)}`,
    ...(scanner === undefined ? [] : [`Trivy ${scanner.version} (${scanner.source})`]),
    ...(database === undefined ? [] : [`database of ${database.updatedAt.slice(0, 10)} from ${database.repository}`]),
    ...(engine === undefined ? [] : [engineText(engine)]),
    `took ${durationText(report.duration)}`,
  ]
  return parts.map(escapeText).join(' · ')
}
