/** What the job summary and the comment say of each image that does not pass. */
import {
  severities,
  type Finding,
  type ImageVerdict,
  type JudgedFinding,
  type LineRange,
  type Report,
  type RunContext,
} from '../model.js'
import { lineAddress } from './address.js'
import { groupByCause, type Cause } from './cause.js'
import type { Extent } from './extent.js'
import { cellLines, code, codeBlock, codeLink, escapeText, link, usedColumns } from './markdown.js'
import { textPartOf } from './part.js'
import {
  count,
  countsText,
  imagesIn,
  listText,
  numberText,
  placeText,
  remedyText,
  shorten,
  stateText,
  subjectText,
  totalOf,
} from './text.js'

/** What went wrong, image by image. */
export function failures(report: Report, { images, share, elsewhere }: Extent): string[] {
  const all = imagesIn(report, 'build-failed', 'scan-failed')
  const shown = all.slice(0, Math.max(images, 5))
  const rest = all.length - shown.length
  const more =
    rest === 0 ? [] : [`… and ${count(rest, 'more image')} that failed: see the table above and ${elsewhere}.`]
  return [...shown.map(image => failurePart(image, report.context, { share, elsewhere })), ...more]
}

/** What blocks, image by image, the worst first; where not all of them fit, how many more there are. */
export function blockingImages(report: Report, extent: Extent): string[] {
  const { images, elsewhere } = extent
  const all = worstImages(report)
  const rest = all.slice(images)
  const findings = rest.reduce((sum, { counts }) => sum + totalOf(counts), 0)
  const more = `${count(rest.length, 'more image')} with ${count(findings, 'finding')}: see the table above and ${elsewhere}.`
  return [
    ...all.slice(0, images).map(image => blockingPart(image, report.context, extent)),
    ...(rest.length === 0 ? [] : [`… and ${more}`]),
  ]
}

export function worstImages(report: Report): readonly ImageVerdict[] {
  const worse = (a: ImageVerdict, b: ImageVerdict): number =>
    severities.map(name => b.counts[name] - a.counts[name]).find(difference => difference !== 0) ?? 0
  return imagesIn(report, 'vulnerable').toSorted(worse)
}

/** Characters: a message, advice and the last lines of a log. */
const maxFailure = 20_000

function failurePart(
  verdict: ImageVerdict,
  context: RunContext,
  { share, elsewhere }: Pick<Extent, 'share' | 'elsewhere'>,
): string {
  const title = `### ⛔ ${code(verdict.image.name)}: ${stateText(verdict)}`
  const instead = (reason: string): string => `${title}\n\nWhy is not here, since ${reason}: see ${elsewhere}.`
  return textPartOf(Math.min(share, maxFailure), () => failure(title, verdict, context), instead)
}

function failure(title: string, { image, failure: what }: ImageVerdict, context: RunContext): string {
  if (what === undefined) return ''
  const lines = [
    title,
    `${place(context, image.dockerfile, what.lines)}: ${escapeText(what.message)}`,
    `**What to do next:** ${escapeText(what.advice)}`,
  ]
  if (what.log.length > 0) lines.push(codeBlock(what.log))
  return lines.join('\n\n')
}

/** Lines of a file, with a link to them. */
function place(context: RunContext, file: string, lines?: LineRange): string {
  return codeLink(placeText(file, lines), lines === undefined ? undefined : lineAddress(context, file, lines))
}

function blockingPart(image: ImageVerdict, context: RunContext, extent: Extent): string {
  const title = `### ❌ ${code(image.image.name)}: ${count(totalOf(image.counts), 'finding')} (${countsText(image.counts)})`
  const render = (): string =>
    [title, ...groupByCause(image).map(cause => renderCause(cause, image, context, extent))].join('\n\n')
  const instead = (reason: string): string =>
    `${title}\n\nThe list is not here, since ${reason}: see ${extent.elsewhere}.`
  return textPartOf(extent.share, render, instead)
}

function renderCause(
  { origin, findings }: Cause,
  { image }: ImageVerdict,
  context: RunContext,
  { rows, title, elsewhere }: Extent,
): string {
  const where = place(context, origin?.file ?? image.dockerfile, origin?.lines)
  const what = origin === undefined ? 'no single line brought these' : `brought by ${code(origin.instruction)}`
  const base = origin?.fromBase === true ? ', the base image' : ''
  const shown = findings.slice(0, rows)
  const rest = findings.length - shown.length
  const more = rest === 0 ? [] : [`… and ${numberText(rest)} more, less severe or equal: see ${elsewhere}.`]
  return [`${where}: ${what}${base}`, findingTable(shown, context, title), ...more].join('\n\n')
}

/**
 * What belongs together shares a cell. With a column for each part, a browser has no room for the names of vulnerabilities
 * and for versions, and breaks them at their hyphens.
 */
function findingTable(findings: readonly JudgedFinding[], context: RunContext, title: number): string {
  const rows = findings.map(finding => [
    cellLines(finding.severity, ...ratingLines(finding)),
    cellLines(link(finding.id, finding.url), escapeText(shorten(finding.title ?? '', title))),
    subjectCell(finding, context),
    remedyCell(finding),
  ])
  return usedColumns(['Severity', 'Finding', 'In', 'Remedy'], rows)
}

/** Whose rating it is, and who sees it differently. */
function ratingLines(finding: Finding): string[] {
  if (finding.kind !== 'vulnerability') return []
  const { severity, severitySource, vendorSeverities } = finding
  const others = Object.entries(vendorSeverities)
    .filter(([vendor, rating]) => vendor !== severitySource && rating !== severity)
    .map(([vendor, rating]) => `${vendor}: ${rating.toLowerCase()}`)
  return [severitySource === undefined ? '' : `by ${severitySource}`, listText(others, 3)].map(escapeText)
}

function subjectCell(finding: Finding, context: RunContext): string {
  const subject = subjectText(finding)
  if (finding.kind === 'end-of-life' || finding.kind === 'unrecognised') return escapeText(subject)
  if (finding.kind !== 'vulnerability') return code(subject)
  const {
    place: line,
    package: { name, version, path },
  } = finding
  const where =
    line === undefined
      ? code(path ?? '')
      : codeLink(placeText(path ?? line.file, line.lines), lineAddress(context, line.file, line.lines))
  return cellLines(code(name), code(version), where)
}

function remedyCell(finding: Finding): string {
  if (finding.kind === 'vulnerability' && finding.fixedVersion !== undefined) return code(finding.fixedVersion)
  return escapeText(shorten(remedyText(finding)))
}
