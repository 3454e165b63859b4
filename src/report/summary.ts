/** The job summary: what somebody whose merge is blocked reads first. */
import type { ImageVerdict, JudgedFinding, Report } from '../model.js'
import { groupByCause, type Cause } from './cause.js'
import { code, codeBlock, escapeText, link, table } from './markdown.js'
import {
  commonStep,
  count,
  countsText,
  durationText,
  engineText,
  headline,
  imagesIn,
  placeText,
  policyText,
  stateText,
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

/** Renders as much as fits: the worst findings first, and always how many there are. */
export function renderSummary(report: Report): string {
  for (const rows of [200, 50, 10, 3]) {
    const text = render(report, rows)
    if (Buffer.byteLength(text) <= limit) return text
  }
  const short = [heading(report), countsLine(report), 'Too much to show here: see the JSON report.', footer(report)]
  return `${short.join('\n\n')}\n`
}

function render(report: Report, rows: number): string {
  const sections = [
    heading(report),
    countsLine(report),
    problem(report),
    imageTable(report),
    ...imagesIn(report, 'build-failed', 'scan-failed').map(failure),
    ...imagesIn(report, 'vulnerable').map(image => blocking(image, rows)),
    next(report),
    uncounted(report),
    ignored(report),
    time(report),
    footer(report),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

function heading(report: Report): string {
  const icon =
    imagesIn(report, 'vulnerable').length > 0 && report.verdict.result === 'passed'
      ? '⚠️'
      : resultIcons[report.verdict.result]
  return `## ${icon} ${escapeText(headline(report))}`
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
    `${stateIcons[image.state]} ${stateText(image.state)}`,
    number(image.counts.CRITICAL),
    number(image.counts.HIGH),
    number(image.counts.MEDIUM),
    number(image.counts.LOW),
    number(image.counts.UNKNOWN),
    systemCell(image),
    time(image.buildDuration),
    time(image.scanDuration),
  ])
  const used = header.map((_, column) => column < 2 || rows.some(row => row[column] !== ''))
  const keep = (cells: readonly string[]): string[] => cells.filter((_, column) => used[column])
  return table(keep(header), rows.map(keep))
}

/** "Clean" means little where the scanner recognised nothing, so that is said beside it. */
function systemCell({ os, packages }: ImageVerdict): string {
  if (os !== undefined) return escapeText(`${os.family} ${os.name}${os.endOfLife ? ' (end of life)' : ''}`)
  if (packages === undefined) return ''
  return packages === 0 ? '⚠️ nothing recognised' : 'no distribution'
}

function failure({ image, state, failure: what }: ImageVerdict): string {
  if (what === undefined) return ''
  const lines = [
    `### ⛔ ${code(image.name)}: ${stateText(state)}`,
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
  const what =
    origin === undefined ? 'in a layer that no line could be found for' : `brought by ${code(origin.instruction)}`
  const base = origin?.fromBase === true ? ', the base image' : ''
  const shown = findings.slice(0, rows)
  const rest = findings.length - shown.length
  const more = rest === 0 ? [] : [`… and ${String(rest)} more, less severe or equal: see the JSON report.`]
  return [`${where}: ${what}${base}`, findingTable(shown), ...more].join('\n\n')
}

function findingTable(findings: readonly JudgedFinding[]): string {
  return table(
    ['Severity', 'Vulnerability', 'Package', 'Installed', 'Fixed in', 'What it is'],
    findings.map(finding => [
      finding.severity,
      link(finding.id, finding.url),
      code(finding.package.name) + (finding.package.path === undefined ? '' : ` in ${code(finding.package.path)}`),
      code(finding.package.version),
      finding.fixedVersion === undefined ? 'no fix yet' : code(finding.fixedVersion),
      escapeText(shorten(finding.title ?? '')),
    ]),
  )
}

/** A title is there to recognise the thing by; its length is the database's. */
function shorten(text: string): string {
  const characters = [...text]
  return characters.length <= 100 ? text : `${characters.slice(0, 99).join('')}…`
}

function next(report: Report): string {
  const step = commonStep(report)
  return step === '' ? '' : `**What to do next:** ${escapeText(step)}`
}

/** Nothing vanishes: what the policy lets pass is counted too. */
function uncounted({ verdict }: Report): string {
  const all = verdict.images.flatMap(({ findings }) => findings)
  const unfixed = all.filter(({ ruling }) => ruling === 'unfixed').length
  const below = all.filter(({ ruling }) => ruling === 'below-threshold').length
  const parts = [
    ...(unfixed === 0 ? [] : [`${String(unfixed)} without a fix`]),
    ...(below === 0 ? [] : [`${String(below)} of other severities`]),
  ]
  return parts.length === 0 ? '' : `Not counted, but in the JSON report: ${parts.join(' and ')}.`
}

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
  return `<sub>${parts.map(escapeText).join(' · ')}</sub>`
}
