/** What the job summary and the comment say of the run as a whole. */
import { severities, type ImageVerdict, type Report } from '../model.js'
import type { Extent } from './extent.js'
import { factsOf } from './facts.js'
import {
  code,
  escapeText,
  folded,
  markdownMarks,
  numbered,
  table,
  usedColumns,
  withRest,
  type Column,
} from './markdown.js'
import { adviceText, commonStep } from './steps.js'
import { notCounted } from './tally.js'
import {
  comparisonText,
  count,
  countsText,
  durationText,
  headline,
  imagesIn,
  numberText,
  sentenceList,
  shorten,
  stateText,
  systemText,
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

/** A folder's name may be of any length, a heading may not: it is what is left where nothing else fits. */
const maxHeadline = 300

export function heading(report: Report): string {
  const icon =
    imagesIn(report, 'vulnerable').length > 0 && report.verdict.result === 'passed'
      ? '⚠️'
      : resultIcons[report.verdict.result]
  return `## ${icon} ${escapeText(shorten(headline(report), maxHeadline))}`
}

type Elsewhere = Pick<Extent, 'elsewhere'>

/** More warnings than this nobody heeds; nor is any of them read to the end that is longer than that. */
const maxWarnings = 20
const maxWords = 1000

/** Before anything else: what the verdict does not tell by itself. */
export function warnings(report: Report, { elsewhere }: Elsewhere): string {
  if (report.warnings.length === 0) return ''
  const shown = report.warnings.slice(0, maxWarnings).map(text => escapeText(shorten(text, maxWords)))
  const rest = report.warnings.length - shown.length
  const all = rest === 0 ? shown : [...shown, `… and ${count(rest, 'more warning')}: see ${elsewhere}.`]
  return ['> [!WARNING]', ...all.map(text => `> - ${text}`)].join('\n')
}

export function countsLine({ verdict }: Report): string {
  const total = totalOf(verdict.counts)
  return total === 0
    ? ''
    : `**${count(total, 'finding')}** that ${total === 1 ? 'counts' : 'count'}: ${countsText(verdict.counts)}.`
}

/** Nothing vanishes. */
export function notCountedLine({ verdict }: Report): string {
  const parts = notCounted(verdict)
  return parts.length === 0 ? '' : `Not counted, but in the JSON report: ${sentenceList(parts)}.`
}

export function problem({ verdict }: Report, { elsewhere }: Elsewhere): string {
  const messages = verdict.problem?.messages ?? []
  const shown = messages.slice(0, maxWarnings).map(message => `- ${escapeText(shorten(message, maxWords))}`)
  const rest = messages.length - shown.length
  return [...shown, ...(rest === 0 ? [] : [`- … and ${numberText(rest)} more: see ${elsewhere}.`])].join('\n')
}

const right = (title: string): Column => ({ number: title })

/** @param withTimes in a comment nobody looks for them, and they take the room of what matters */
export function imageTable(images: readonly ImageVerdict[], withTimes: boolean): string {
  if (images.length === 0) return ''
  const counted = severities.map(name => right(name.charAt(0) + name.slice(1).toLowerCase()))
  const header = ['Image', 'State', ...counted, 'System', right('Build'), right('Scan')]
  const number = (value: number): string => (value === 0 ? '' : numberText(value))
  const time = (value: number): string => (value === 0 || !withTimes ? '' : durationText(value))
  const rows = images.map(image => [
    code(image.image.name),
    `${stateIcons[image.state]} ${stateText(image)}${escapeText(comparisonText(image))}`,
    ...severities.map(name => number(image.counts[name])),
    `${image.os === undefined && image.packages === 0 ? '⚠️ ' : ''}${escapeText(systemText(image))}`,
    time(image.buildDuration),
    time(image.scanDuration),
  ])
  return usedColumns(header, rows)
}

export function next(report: Report, { rows, elsewhere }: Extent): string {
  const { advice, verdict } = report
  if (advice.length === 0) {
    const step = commonStep(report)
    return step === '' ? '' : `**What to do next:** ${escapeText(step)}`
  }
  const most = Math.min(rows, maxAdvice)
  const steps = advice.slice(0, most).map(one => adviceText(one, verdict, markdownMarks))
  const rest = advice.slice(most).reduce((sum, { removes }) => sum + removes, 0)
  const more = rest === 0 ? [] : [`… and more for the other ${count(rest, 'finding')}: see ${elsewhere}.`]
  return [`**What to do next**`, numbered(steps), ...more].join('\n\n')
}

/** More steps than this are no advice any more. */
const maxAdvice = 10

export function ignored(report: Report, { rows, elsewhere }: Extent): string {
  const suspicious = report.ignored.filter(entry => entry.suspicious)
  const shown = suspicious.slice(0, rows).map(({ path, reason }) => `- ⚠️ ${code(path)}: ${escapeText(reason)}`)
  return withRest(shown.join('\n'), suspicious.length - shown.length, elsewhere)
}

export function time({ work }: Report): string {
  if (work === undefined) return ''
  const rows = workRows(work).map(row => row.map(escapeText))
  return folded('Where the time went', table(['Step', right('Time'), 'Work'], rows))
}

export function footer(report: Report): string {
  return factsOf(report).map(escapeText).join(' · ')
}
