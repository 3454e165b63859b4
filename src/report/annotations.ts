import { countSeverities, type ImageVerdict, type JudgedFinding, type Origin, type Report } from '../model.js'
import type { Annotation } from '../ports.js'
import { groupByCause, type Cause } from './cause.js'
import { visible } from './characters.js'
import {
  count,
  countsText,
  imagesIn,
  numberText,
  placeText,
  remedyText,
  shorten,
  stateText,
  subjectText,
} from './text.js'

/**
 * GitHub shows 10 errors and 10 warnings a step (`_maxCountPerIssueType` in actions/runner, ExecutionContext.cs) and
 * cuts messages at 4096 characters. One error is kept for the failing step's own message, and one warning for a report
 * that could not be written.
 */
const maxErrors = 9
const maxWarnings = 9
const maxMessage = 4096
const maxTitle = 200

/** One annotation for each line that brought something, failures first; what does not fit is counted in the last one. */
export function renderAnnotations(report: Report): readonly Annotation[] {
  const level = report.verdict.warnOnly ? 'warning' : 'error'
  const failures = imagesIn(report, 'build-failed', 'scan-failed').map(annotateFailure)
  const causes = imagesIn(report, 'vulnerable')
    .flatMap(image => groupByCause(image).map(cause => ({ image, cause })))
    .sort((a, b) => weight(b.cause) - weight(a.cause))
    .map(({ image, cause }) => annotateCause(image, cause, level))
  const errors = [...failures, ...causes.filter(annotation => annotation.level === 'error')]
  const attention = report.warnings.map((message): Annotation => ({ level: 'warning', title: 'Image Gate', message }))
  const suspicious = report.ignored.filter(entry => entry.suspicious)
  const warnings = [
    ...attention,
    ...causes.filter(annotation => annotation.level === 'warning'),
    ...suspicious.map(({ path, reason }): Annotation => ({
      level: 'warning',
      title: 'Not gated',
      message: `${path}: ${reason}`,
    })),
  ]
  return [...limit(errors, maxErrors), ...limit(warnings, maxWarnings)].map(fitting)
}

/** Worst first: by how many critical findings, then high ones, and so on. */
function weight({ findings }: Cause): number {
  const points = { CRITICAL: 1e9, HIGH: 1e6, MEDIUM: 1e3, LOW: 1, UNKNOWN: 1 }
  return findings.reduce((sum, { severity }) => sum + points[severity], 0)
}

function annotateFailure(verdict: ImageVerdict): Annotation {
  const { image, failure } = verdict
  const lines = failure?.lines
  return {
    level: 'error',
    title: `${image.name}: ${stateText(verdict)}`,
    message: `${failure?.message ?? ''}\n${failure?.advice ?? ''}`,
    file: image.dockerfile,
    ...(lines === undefined ? {} : { lines }),
  }
}

function annotateCause({ image }: ImageVerdict, { origin, findings }: Cause, level: 'error' | 'warning'): Annotation {
  const counts = countsText(countSeverities(findings))
  return {
    level,
    title: `${image.name}: ${count(findings.length, 'finding')}`,
    message: `${introduction(origin, counts)}:\n${findings.map(line).join('\n')}`,
    file: origin?.file ?? image.dockerfile,
    ...(origin === undefined ? {} : { lines: origin.lines }),
  }
}

function introduction(origin: Origin | undefined, counts: string): string {
  if (origin === undefined) return `No single line brought these: ${counts}`
  return `${origin.fromBase ? 'The base image comes with' : 'This brings'} ${counts}`
}

function line(finding: JudgedFinding): string {
  const remedy = remedyText(finding)
  const place = finding.kind === 'vulnerability' ? finding.place : undefined
  const where = place === undefined ? '' : ` (${placeText(place.file, place.lines)})`
  return `${finding.id} (${finding.severity}): ${subjectText(finding)}${remedy === '' ? '' : `, ${remedy}`}${where}`
}

/** As GitHub takes it. The file stays as it is, or it would not be found. */
function fitting(annotation: Annotation): Annotation {
  return {
    ...annotation,
    title: visible(shorten(annotation.title, maxTitle)),
    message: cut(visible(annotation.message)),
  }
}

/** Whole lines, and how many more there are; of a single long one its beginning. */
function cut(message: string): string {
  if (message.length <= maxMessage) return message
  const lines = message.split('\n')
  const kept = message
    .slice(0, maxMessage - 60)
    .split('\n')
    .slice(0, -1)
  if (kept.length === 0) return `${message.slice(0, maxMessage - 60)}… See the job summary.`
  return `${kept.join('\n')}\n… and ${numberText(lines.length - kept.length)} more: see the job summary.`
}

function limit(annotations: readonly Annotation[], most: number): readonly Annotation[] {
  const last = annotations[most - 1]
  if (annotations.length <= most || last === undefined) return annotations
  const rest = count(annotations.length - most + 1, 'more annotation')
  const closing = { level: last.level, title: 'More in the job summary', message: `${rest}: see the job summary.` }
  return [...annotations.slice(0, most - 1), closing]
}
