/** The words that every rendering shares. */
import { assertNever } from '../errors.js'
import {
  severities,
  type EngineInfo,
  type ImageState,
  type ImageVerdict,
  type Report,
  type SeverityCounts,
  type WorkDone,
} from '../model.js'

/** `1 image`, `2 images`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${String(number)} ${number === 1 ? noun : plural}`
}

/** `2 critical, 1 high`; worst first, only what there is. */
export function countsText(counts: SeverityCounts): string {
  const parts = severities.filter(name => counts[name] > 0).map(name => `${String(counts[name])} ${name.toLowerCase()}`)
  return parts.join(', ') || 'none'
}

export function totalOf(counts: SeverityCounts): number {
  return severities.reduce((sum, name) => sum + counts[name], 0)
}

/** Milliseconds as `850 ms`, `4.1 s` or `2 min 5 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${String(Math.round(milliseconds))} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${String(Math.floor(seconds / 60))} min ${String(Math.round(seconds % 60))} s`
}

export function stateText(state: ImageState): string {
  switch (state) {
    case 'clean':
      return 'clean'
    case 'vulnerable':
      return 'vulnerable'
    case 'build-failed':
      return 'build failed'
    case 'scan-failed':
      return 'scan failed'
    case 'skipped':
      return 'skipped'
    default:
      return assertNever(state)
  }
}

export function imagesIn(report: Report, ...states: ImageState[]): readonly ImageVerdict[] {
  return report.verdict.images.filter(({ state }) => states.includes(state))
}

/** The verdict in one line: the first line of every report. */
export function headline(report: Report): string {
  const { verdict } = report
  const broken = imagesIn(report, 'build-failed', 'scan-failed')
  const vulnerable = imagesIn(report, 'vulnerable')
  const gated = verdict.images.length - imagesIn(report, 'skipped').length
  const total = count(gated, 'image')
  switch (verdict.result) {
    case 'error':
      if (verdict.problem !== undefined) return 'Error: the images could not be gated'
      return `Error: ${String(broken.length)} of ${total} could not be gated${
        vulnerable.length === 0 ? '' : `, and ${String(vulnerable.length)} ${isAre(vulnerable.length)} vulnerable`
      }`
    case 'blocked':
      return `Blocked: ${String(vulnerable.length)} of ${total} ${isAre(vulnerable.length)} vulnerable`
    case 'passed':
      if (gated === 0) return `Passed: nothing to gate under ${report.imagesRoot}`
      if (vulnerable.length === 0) return `Passed: ${total} clean`
      return `Passed with a warning: ${String(vulnerable.length)} of ${total} ${isAre(vulnerable.length)} vulnerable, and warn-only is on`
    default:
      return assertNever(verdict.result)
  }
}

/** What to do first, in a sentence or two. */
export function nextStep(report: Report): string {
  const broken = imagesIn(report, 'build-failed', 'scan-failed')
  return broken[0]?.failure?.advice ?? commonStep(report)
}

/** What to do next, apart from what stands beside each image that failed. */
export function commonStep({ verdict }: Report): string {
  if (verdict.problem !== undefined) return verdict.problem.advice
  return totalOf(verdict.counts) === 0
    ? ''
    : 'Upgrade the packages named above to the versions that fix them, or rebuild on a newer base image.'
}

/** How the policy reads, for people. */
export function policyText({ verdict }: Report): string {
  const fixed = verdict.policy.ignoreUnfixed ? ' with a fix' : ', fixed or not,'
  const blocks = `${verdict.policy.severity.join(', ')}${fixed} blocks`
  return verdict.policy.warnOnly ? `${blocks} (warn-only: reported, not enforced)` : blocks
}

/** Where the time went, and what sharing saved: what was done, how long it took, what it came to. */
export function workRows({ build, export: exporting, scan, steps, layers }: WorkDone): [string, string, string][] {
  const saved = steps.saved === 0 ? '' : `, which saved ${durationText(steps.saved)} of work`
  const shared = `${count(steps.ran, 'step')} ran; ${count(steps.shared, 'more was', 'more were')} shared${saved}`
  const of = layers.total > layers.distinct ? ` of ${String(layers.total)}` : ''
  return [
    ['build', durationText(build), steps.shared === 0 ? `${count(steps.ran, 'step')} ran` : shared],
    [
      'export',
      durationText(exporting),
      `${count(layers.distinct, 'different layer')}${of}, ${bytesText(layers.bytes)}`,
    ],
    ['scan', durationText(scan), ''],
  ]
}

/** Bytes as `12 MB`, by thousands as disks are sold. */
export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

/** The engine, for people. */
export function engineText({ serverVersion, builder }: EngineInfo): string {
  if (builder === undefined) return `Docker ${serverVersion}`
  return `BuildKit ${serverVersion} (builder ${builder.name}, ${builder.driver})`
}

/** `Dockerfile:3` or `Dockerfile:3-5`. */
export function placeText(file: string, lines?: { readonly start: number; readonly end: number }): string {
  if (lines === undefined) return file
  return lines.start === lines.end
    ? `${file}:${String(lines.start)}`
    : `${file}:${String(lines.start)}-${String(lines.end)}`
}

function isAre(number: number): string {
  return number === 1 ? 'is' : 'are'
}
