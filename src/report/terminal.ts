/** The report for a person at a terminal. */
import { styleText } from 'node:util'
import { severities, type ImageState, type ImageVerdict, type JudgedFinding, type Report } from '../model.js'
import { groupByCause } from './cause.js'
import { visible, visibleName } from './characters.js'
import { align } from './columns.js'
import { factsOf } from './facts.js'
import { partOf } from './part.js'
import { worstImages } from './summary-images.js'
import { adviceText, commonStep, effectText } from './steps.js'
import { notCounted } from './tally.js'
import {
  comparisonText,
  count,
  countsText,
  durationText,
  exceptionText,
  headline,
  imagesIn,
  numberText,
  placeText,
  remedyText,
  sentenceList,
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

/** Rows an instruction, or a list; the rest is counted. */
const maxRows = 15

/** Images in detail, the worst ones. */
const maxImages = 50

/** @param colour false where the output is not a terminal or NO_COLOR is set */
export function renderTerminal(report: Report, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const quiet = (lines: readonly string[]): string[] => lines.map(line => paint('gray', plain(line)))
  const sections = [
    imageLines(report, paint),
    ...blockingSections(report, paint),
    ...imagesIn(report, 'build-failed', 'scan-failed').map(image =>
      partOf(
        () => failureLines(image, paint),
        reason => insteadOf(image, reason),
      ),
    ),
    (report.verdict.problem?.messages ?? []).map(text => `  ${plain(text)}`),
    quiet([...exceptionLines(report), ...notCountedLines(report)]),
    effectLines(report),
    quiet(workLines(report)),
    attentionOf(report).map(text => paint('yellow', `Warning: ${plain(text)}`)),
    closingLines(report, paint),
  ]
  return sections
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n')
}

/** Characters of a text: names and logs may have any length. */
const maxText = 1000

const plain = (text: string): string => visible(shorten(text, maxText))

const insteadOf = ({ image }: ImageVerdict, reason: string): string[] => [
  `  ${plain(image.name)}: not here, since ${reason}`,
]

type Paint = (style: Style, text: string) => string

function imageLines({ verdict: { images } }: Report, paint: Paint): string[] {
  if (images.length === 0) return []
  const counted = severities.filter(severity => images.some(({ counts }) => counts[severity] > 0))
  const rows = images.map(image => [
    plain(visibleName(image.image.name)),
    plain(stateText(image) + comparisonText(image)),
    ...counted.map(severity => (image.counts[severity] === 0 ? '' : numberText(image.counts[severity]))),
    image.state === 'skipped' ? '' : durationText(image.buildDuration + image.scanDuration),
  ])
  const [header = [], ...lines] = align([['IMAGE', 'STATE', ...counted, 'TIME'], ...rows], 2)
  return [
    paint('gray', `  ${header.join('  ')}`.trimEnd()),
    ...lines.map(([name = '', state = '', ...rest], at) =>
      `  ${name}  ${paint(stateStyles[images[at]?.state ?? 'skipped'], state)}  ${rest.join('  ')}`.trimEnd(),
    ),
  ]
}

/** In the order of the table above; of very many images only the worst. */
function blockingSections(report: Report, paint: Paint): string[][] {
  const all = imagesIn(report, 'vulnerable')
  const worst = new Set(worstImages(report).slice(0, maxImages))
  const rest = all.filter(image => !worst.has(image))
  const findings = rest.reduce((sum, { counts }) => sum + totalOf(counts), 0)
  const more = `… and ${count(rest.length, 'more image')} with ${count(findings, 'finding')}: see the HTML report.`
  return [
    ...all
      .filter(image => worst.has(image))
      .map(image =>
        partOf(
          () => blockingLines(image, paint),
          reason => insteadOf(image, reason),
        ),
      ),
    ...(rest.length === 0 ? [] : [[more]]),
  ]
}

function blockingLines(image: ImageVerdict, paint: Paint): string[] {
  return groupByCause(image).flatMap(({ origin, findings }) => {
    const place = placeText(origin?.file ?? image.image.dockerfile, origin?.lines)
    const instruction = origin === undefined ? '  no single line brought these' : `  ${origin.instruction}`
    return [
      `${paint('bold', plain(place))}${paint('gray', plain(instruction))}`,
      ...findingLines(findings.slice(0, maxRows), paint),
      ...moreLines(findings.length),
    ]
  })
}

function moreLines(number: number): string[] {
  return number > maxRows ? [`  … and ${numberText(number - maxRows)} more`] : []
}

function findingLines(findings: readonly JudgedFinding[], paint: Paint): string[] {
  const cells = findings.map(finding =>
    [finding.severity, finding.id, subjectText(finding), shorten(fixText(finding))].map(plain),
  )
  return align(cells).map(([severity = '', ...rest]) => {
    const style = /^(CRITICAL|HIGH)/.test(severity) ? 'red' : 'yellow'
    return `  ${paint(style, severity)}  ${rest.join('  ')}`.trimEnd()
  })
}

function fixText(finding: JudgedFinding): string {
  if (finding.kind !== 'vulnerability') return remedyText(finding)
  const { fixedVersion, place, package: subject } = finding
  const where = place === undefined ? subject.path : placeText(place.file, place.lines)
  return `${fixedVersion === undefined ? 'no fix yet' : `-> ${fixedVersion}`}${where === undefined ? '' : `  (${where})`}`
}

/** What would count without an exception, and what somebody should look after. */
function exceptionLines({ verdict }: Report): string[] {
  const excepted = verdict.images.flatMap(({ image, findings }) =>
    findings.flatMap(finding =>
      finding.exception === undefined
        ? []
        : [`  ${finding.id}  ${image.name}: ${subjectText(finding)}: ${exceptionText(finding.exception)}`],
    ),
  )
  const review = exceptionsText(verdict)
  return [
    ...(excepted.length === 0 ? [] : ['Excepted', ...excepted.slice(0, maxRows), ...moreLines(excepted.length)]),
    ...(review === '' ? [] : [`Exceptions: ${review}`]),
  ]
}

function notCountedLines({ verdict }: Report): string[] {
  const parts = notCounted(verdict)
  return parts.length === 0 ? [] : [`Not counted: ${sentenceList(parts)}`]
}

/** What a changed policy would decide otherwise. */
function effectLines({ policyEffects: effects = [] }: Report): string[] {
  if (effects.length === 0) return []
  const shown = effects.slice(0, maxRows).map(effect => `  ${plain(effectText(effect))}`)
  return ['After the merge, the changed policy would decide otherwise', ...shown, ...moreLines(effects.length)]
}

/** What makes the verdict worth less than it looks, and what was perhaps meant to be gated. */
function attentionOf({ warnings, ignored }: Report): string[] {
  const suspicious = ignored.filter(entry => entry.suspicious)
  return [...warnings, ...suspicious.map(({ path, reason }) => `${path}: ${reason}`)]
}

function failureLines(verdict: ImageVerdict, paint: Paint): string[] {
  const { image, failure } = verdict
  if (failure === undefined) return []
  return [
    `${paint('bold', plain(placeText(image.dockerfile, failure.lines)))}  ${paint('yellow', stateText(verdict))}`,
    `  ${plain(failure.message)}`,
    ...failure.log.slice(-maxRows).map(line => paint('gray', `  | ${plain(line)}`)),
    `  ${plain(failure.advice)}`,
  ]
}

function workLines({ work }: Report): string[] {
  if (work === undefined) return []
  const rows = workRows(work).map(([what, took, detail]) =>
    `  ${what.padEnd(6)}  ${took.padStart(8)}  ${detail}`.trimEnd(),
  )
  return ['Where the time went', ...rows]
}

function closingLines(report: Report, paint: Paint): string[] {
  const { verdict, advice } = report
  const style = verdict.result === 'passed' ? 'green' : verdict.result === 'blocked' ? 'red' : 'yellow'
  const total = totalOf(verdict.counts)
  const counted = total === 0 ? '' : `: ${count(total, 'finding')}, ${countsText(verdict.counts)}`
  const steps =
    advice.length === 0
      ? [commonStep(report)].filter(step => step !== '')
      : advice.slice(0, maxAdvice).map((one, at) => `  ${String(at + 1)}. ${adviceText(one, verdict)}`)
  const rest = advice.slice(maxAdvice).reduce((sum, { removes }) => sum + removes, 0)
  const [policy = '', ...facts] = factsOf(report)
  return [
    paint('gray', plain(policy)),
    paint('gray', plain(facts.join(' · '))),
    paint(['bold', style], plain(headline(report)) + counted),
    ...steps.map(plain),
    ...(rest === 0 ? [] : [`  … and more for the other ${count(rest, 'finding')}`]),
  ]
}
