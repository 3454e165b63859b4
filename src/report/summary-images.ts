/** What the job summary and the comment say of each image that does not pass. */
import { severities, type Finding, type ImageVerdict, type JudgedFinding, type Report } from '../model.js'
import { groupByCause, type Cause } from './cause.js'
import type { Extent } from './extent.js'
import { code, codeBlock, escapeText, link, usedColumns } from './markdown.js'
import { count, countsText, imagesIn, placeText, remedyText, shorten, stateText, subjectText, totalOf } from './text.js'

export function failures(report: Report, { images }: Extent): string[] {
  const all = imagesIn(report, 'build-failed', 'scan-failed')
  const shown = all.slice(0, Math.max(images, 5))
  const rest = all.length - shown.length
  const more =
    rest === 0 ? [] : [`… and ${count(rest, 'more image')} that failed: see the table above and the JSON report.`]
  return [...shown.map(failure), ...more]
}

/** What blocks, image by image; where not all of them fit, the worst ones, and how many more there are. */
export function blockingImages(report: Report, { images, rows }: Extent): string[] {
  const all = imagesIn(report, 'vulnerable')
  if (all.length <= images) return all.map(image => blocking(image, rows))
  const shown = worstFirst(report).slice(0, images)
  const rest = all.filter(image => !shown.includes(image))
  const findings = rest.reduce((sum, { counts }) => sum + totalOf(counts), 0)
  const more = `${count(rest.length, 'more image')} with ${count(findings, 'finding')}: see the table above and the JSON report.`
  return [...shown.map(image => blocking(image, rows)), `… and ${more}`]
}

export function worstFirst(report: Report): readonly ImageVerdict[] {
  const worse = (a: ImageVerdict, b: ImageVerdict): number =>
    severities.map(name => b.counts[name] - a.counts[name]).find(difference => difference !== 0) ?? 0
  return imagesIn(report, 'vulnerable').toSorted(worse)
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
