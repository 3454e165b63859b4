/** What the job summary and the comment say of the run as a whole. */
import type { ImageVerdict, Report } from '../model.js'
import { code, escapeText, table, usedColumns } from './markdown.js'
import {
  adviceText,
  commonStep,
  count,
  countsText,
  durationText,
  engineText,
  headline,
  imagesIn,
  policyText,
  shorten,
  stateText,
  totalOf,
  workRows,
} from './text.js'

const resultIcons = { passed: '✅', blocked: '❌', error: '⛔' } as const
const stateIcons = {
  clean: '✅',
  vulnerable: '❌',
  'build-failed': '⛔',
  'scan-failed': '⛔',
  skipped: '⏭️',
} as const

export function heading(report: Report): string {
  const icon =
    imagesIn(report, 'vulnerable').length > 0 && report.verdict.result === 'passed'
      ? '⚠️'
      : resultIcons[report.verdict.result]
  return `## ${icon} ${escapeText(headline(report))}`
}

/** Before anything else: what the verdict does not tell by itself. */
export function warnings(report: Report): string {
  if (report.warnings.length === 0) return ''
  return ['> [!WARNING]', ...report.warnings.map(text => `> - ${escapeText(text)}`)].join('\n')
}

export function countsLine({ verdict }: Report): string {
  const total = totalOf(verdict.counts)
  return total === 0
    ? ''
    : `**${count(total, 'finding')}** that ${total === 1 ? 'counts' : 'count'}: ${countsText(verdict.counts)}.`
}

export function problem({ verdict }: Report): string {
  if (verdict.problem === undefined) return ''
  return verdict.problem.messages.map(message => `- ${escapeText(message)}`).join('\n')
}

export function imageTable(images: readonly ImageVerdict[]): string {
  if (images.length === 0) return ''
  const header = ['Image', 'State', 'Critical', 'High', 'Medium', 'Low', 'Unknown', 'System', 'Build', 'Scan']
  const number = (value: number): string => (value === 0 ? '' : String(value))
  const time = (value: number): string => (value === 0 ? '' : durationText(value))
  const rows = images.map(image => [
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

export function next(report: Report, rows: number): string {
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

export function ignored(report: Report): string {
  const suspicious = report.ignored.filter(entry => entry.suspicious)
  if (suspicious.length === 0) return ''
  return suspicious.map(({ path, reason }) => `- ⚠️ ${code(path)}: ${escapeText(reason)}`).join('\n')
}

export function time({ work }: Report): string {
  if (work === undefined) return ''
  const rows = workRows(work).map(row => row.map(escapeText))
  return `<details><summary>Where the time went</summary>\n\n${table(['', 'Time', 'Work'], rows)}\n\n</details>`
}

export function footer(report: Report): string {
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
