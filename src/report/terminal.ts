/** The report for a person at a terminal. */
import { styleText } from 'node:util'
import {
  severities,
  type ImageState,
  type ImageVerdict,
  type JudgedFinding,
  type Report,
  type Vulnerability,
} from '../model.js'
import { groupByCause } from './cause.js'
import { visible } from './markdown.js'
import {
  adviceText,
  commonStep,
  count,
  countsText,
  durationText,
  exceptionText,
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
import { exceptionsText } from './warnings.js'

type Style = Parameters<typeof styleText>[0]

const stateStyles: Readonly<Record<ImageState, Style>> = {
  clean: 'green',
  vulnerable: 'red',
  'build-failed': 'yellow',
  'scan-failed': 'yellow',
  skipped: 'gray',
}

/** More steps than this are no advice any more. */
const maxAdvice = 5

/** Rows an instruction; the rest is counted. */
const maxRows = 15

/** @param colour false where the output is not a terminal or NO_COLOR is set */
export function renderTerminal(report: Report, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const sections = [
    imageLines(report, paint),
    ...imagesIn(report, 'vulnerable').map(image => blockingLines(image, paint)),
    ...imagesIn(report, 'build-failed', 'scan-failed').map(image => failureLines(image, paint)),
    ...(report.verdict.problem === undefined
      ? []
      : [report.verdict.problem.messages.map(text => `  ${visible(text)}`)]),
    exceptionLines(report, paint),
    workLines(report, paint),
    report.warnings.map(text => paint('yellow', `Warning: ${visible(text)}`)),
    closingLines(report, paint),
  ]
  return sections
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n')
}

type Paint = (style: Style, text: string) => string

function imageLines({ verdict: { images } }: Report, paint: Paint): string[] {
  if (images.length === 0) return []
  const counted = severities.filter(severity => images.some(({ counts }) => counts[severity] > 0))
  const rows = images.map(image => [
    visible(image.image.name),
    stateText(image),
    ...counted.map(severity => (image.counts[severity] === 0 ? '' : String(image.counts[severity]))),
    image.state === 'skipped' ? '' : durationText(image.buildDuration + image.scanDuration),
  ])
  const table = [['IMAGE', 'STATE', ...counted, 'TIME'], ...rows]
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(row => (row[column] ?? '').length)))
  // Names and states begin together, numbers end together.
  const align = (row: readonly string[]): string[] =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
  const [header = [], ...lines] = table.map(align)
  return [
    paint('gray', `  ${header.join('  ')}`.trimEnd()),
    ...lines.map(([name = '', state = '', ...rest], at) =>
      `  ${name}  ${paint(stateStyles[images[at]?.state ?? 'skipped'], state)}  ${rest.join('  ')}`.trimEnd(),
    ),
  ]
}

function blockingLines(image: ImageVerdict, paint: Paint): string[] {
  return groupByCause(image).flatMap(({ origin, findings }) => {
    const place = placeText(origin?.file ?? image.image.dockerfile, origin?.lines)
    const instruction = origin === undefined ? '' : `  ${origin.instruction}`
    const rest = findings.length - maxRows
    return [
      `${paint('bold', visible(place))}${paint('gray', visible(instruction))}`,
      ...findingLines(findings.slice(0, maxRows), paint),
      ...(rest > 0 ? [`  … and ${String(rest)} more`] : []),
    ]
  })
}

function findingLines(findings: readonly JudgedFinding[], paint: Paint): string[] {
  const rows = findings.map(finding => [
    finding.severity,
    finding.id,
    visible(subjectText(finding)),
    visible(shorten(finding.kind === 'vulnerability' ? fixText(finding) : remedyText(finding))),
  ])
  const widths = [0, 1, 2].map(column => Math.max(0, ...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row => {
    const [severity = '', ...rest] = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    const style = row[0] === 'CRITICAL' || row[0] === 'HIGH' ? 'red' : 'yellow'
    return `  ${paint(style, severity)}  ${rest.join('  ')}`.trimEnd()
  })
}

function fixText({ fixedVersion, place }: Vulnerability): string {
  const where = place === undefined ? '' : `  (${placeText(place.file, place.lines)})`
  return `${fixedVersion === undefined ? 'no fix yet' : `-> ${fixedVersion}`}${where}`
}

/** What would count without an exception, and what somebody should look after. */
function exceptionLines({ verdict }: Report, paint: Paint): string[] {
  const excepted = verdict.images.flatMap(({ image, findings }) =>
    findings.flatMap(finding =>
      finding.exception === undefined
        ? []
        : [`  ${finding.id}  ${image.name}: ${subjectText(finding)}: ${exceptionText(finding.exception)}`],
    ),
  )
  const review = exceptionsText(verdict)
  return [
    ...(excepted.length === 0 ? [] : ['Excepted', ...excepted.slice(0, maxRows)]),
    ...(excepted.length > maxRows ? [`  … and ${String(excepted.length - maxRows)} more`] : []),
    ...(review === '' ? [] : [`Exceptions: ${review}`]),
  ].map(line => paint('gray', visible(line)))
}

function failureLines(verdict: ImageVerdict, paint: Paint): string[] {
  const { image, failure } = verdict
  if (failure === undefined) return []
  return [
    `${paint('bold', visible(placeText(image.dockerfile, failure.lines)))}  ${paint('yellow', stateText(verdict))}`,
    `  ${visible(failure.message)}`,
    ...failure.log.slice(-maxRows).map(line => paint('gray', `  | ${visible(line)}`)),
    `  ${failure.advice}`,
  ]
}

function workLines({ work }: Report, paint: Paint): string[] {
  if (work === undefined) return []
  const rows = workRows(work).map(([what, took, detail]) =>
    `  ${what.padEnd(6)}  ${took.padStart(8)}  ${detail}`.trimEnd(),
  )
  return ['Where the time went', ...rows].map(line => paint('gray', line))
}

function closingLines(report: Report, paint: Paint): string[] {
  const { verdict } = report
  const style = verdict.result === 'passed' ? 'green' : verdict.result === 'blocked' ? 'red' : 'yellow'
  const total = totalOf(verdict.counts)
  const counted = total === 0 ? '' : `: ${count(total, 'finding')}, ${countsText(verdict.counts)}`
  const steps =
    report.advice.length === 0
      ? [commonStep(report)].filter(step => step !== '')
      : report.advice.slice(0, maxAdvice).map((advice, at) => `  ${String(at + 1)}. ${adviceText(advice, verdict)}`)
  return [
    paint('gray', `Policy: ${policyText(report)}`),
    paint(['bold', style], visible(headline(report)) + counted),
    ...steps.map(visible),
  ]
}
