/** The words that every rendering shares. */
import { assertNever } from '../errors.js'
import {
  severities,
  type EngineInfo,
  type Exception,
  type Finding,
  type ImageVerdict,
  type ImageState,
  type Report,
  type Rules,
  type Ruling,
  type SeverityCounts,
  type SkipReason,
  type WorkDone,
} from '../model.js'

/** `12`, `400,000`. */
export function numberText(number: number): string {
  return number < 10_000 ? String(number) : number.toLocaleString('en')
}

/** `1 image`, `2 images`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${numberText(number)} ${number === 1 ? noun : plural}`
}

/** `2 critical, 1 high`; worst first, only what there is. */
export function countsText(counts: SeverityCounts): string {
  const parts = severities
    .filter(name => counts[name] > 0)
    .map(name => `${numberText(counts[name])} ${name.toLowerCase()}`)
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

/** The state of an image. One in which nothing was recognised is not as clean as others. */
export function stateText({ state, findings }: Pick<ImageVerdict, 'state' | 'findings'>): string {
  switch (state) {
    case 'clean':
      return findings.some(({ kind }) => kind === 'unrecognised') ? 'clean (nothing recognised)' : 'clean'
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

/** Where only what the change brings counts: what the image was compared with. Empty, or with a space before it. */
export function comparisonText({ comparison, skipped }: ImageVerdict): string {
  if (skipped === 'only-changed') return ' (unchanged)'
  switch (comparison?.status) {
    case 'new':
      return ' (new)'
    case 'unchanged':
      return ' (unchanged)'
    case 'failed':
      return ` (all counts: no comparison: ${shorten(comparison.reason)})`
    default:
      return ''
  }
}

/** The image's system. "Clean" means little where the scanner recognised nothing, so that is said beside it. */
export function systemText({ os, packages }: Pick<ImageVerdict, 'os' | 'packages'>): string {
  if (os !== undefined) return `${os.family} ${os.name}${os.endOfLife ? ' (end of life)' : ''}`
  if (packages === undefined) return ''
  return packages === 0 ? 'nothing recognised' : 'no distribution'
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
      if (verdict.problem !== undefined && gated === 0) return 'Error: the images could not be gated'
      return `Error: ${verdict.problem === undefined ? '' : 'the run was ended early: '}${numberText(broken.length)} of ${total} could not be gated${
        vulnerable.length === 0 ? '' : `, and ${numberText(vulnerable.length)} ${isAre(vulnerable.length)} vulnerable`
      }`
    case 'blocked':
      return `Blocked: ${numberText(vulnerable.length)} of ${total} ${isAre(vulnerable.length)} vulnerable`
    case 'passed':
      if (gated === 0) return `Passed: nothing to gate under ${report.imagesRoot}`
      if (vulnerable.length === 0) return `Passed: ${total} clean`
      return `Passed with a warning: ${numberText(vulnerable.length)} of ${total} ${isAre(vulnerable.length)} vulnerable, and warn-only is on`
    default:
      return assertNever(verdict.result)
  }
}

/** Which input left an image out. */
export function skipText(reason: SkipReason): string {
  return reason === 'images' ? 'as the input images asks' : 'since this change does not touch them'
}

/** Whose file it is, where that is not what is checked out. */
const revisionText = { head: '', base: ' of the base', default: ' of the default branch' }

/** How the policy reads, for people. */
export function policyText({ verdict, policy }: Report): string {
  const texts = [
    ...new Set(verdict.images.flatMap(({ rules }) => (rules === undefined ? [] : [rulesText(rules.rules)]))),
  ]
  const rules = texts.length > 1 ? 'rules by image' : (texts[0] ?? 'nothing was judged')
  const file = policy?.file === undefined ? 'no policy file' : `${policy.file}${revisionText[policy.revision]}`
  return [
    verdict.warnOnly ? `${rules} (warn-only: reported, not enforced)` : rules,
    ...(policy === undefined ? [] : [file]),
    ...(policy === undefined || policy.exceptions === 0 ? [] : [count(policy.exceptions, 'exception')]),
  ].join('; ')
}

function rulesText({ severity, ignoreUnfixed, gateOn }: Rules): string {
  const introduced = gateOn === 'introduced' ? ', introduced by this change,' : ''
  const fixed = ignoreUnfixed ? ' with a fix' : introduced === '' ? ', fixed or not,' : ''
  return `${severity.join(', ')}${fixed}${introduced} blocks`
}

/** What a finding is in: a package, a file, or the image as a whole. */
export function subjectText(finding: Finding): string {
  switch (finding.kind) {
    case 'vulnerability':
      return `${finding.package.name} ${finding.package.version}`
    case 'secret':
      return finding.path ?? 'the image’s configuration'
    case 'misconfiguration':
      return placeText(finding.place?.file ?? 'Dockerfile', finding.place?.lines)
    default:
      return 'the image'
  }
}

/** What it takes to be rid of a finding. */
export function remedyText(finding: Finding): string {
  switch (finding.kind) {
    case 'vulnerability':
      return finding.fixedVersion === undefined ? 'no fix yet' : `fixed in ${finding.fixedVersion}`
    case 'misconfiguration':
      return finding.resolution ?? ''
    case 'secret':
      return 'take it out, and make it worthless'
    case 'end-of-life':
      return 'use a newer release of the distribution'
    case 'unrecognised':
      return ''
  }
}

const rulingTexts: Readonly<Record<Ruling, string>> = {
  gating: 'blocks',
  existing: 'was there before',
  excepted: 'excepted',
  unfixed: 'no fix yet',
  'below-threshold': 'other severity',
  reported: 'only reported',
}

/** What became of a finding, in a word or two. */
export function rulingText(ruling: Ruling): string {
  return rulingTexts[ruling]
}

/** When and why an exception lets something pass, or did. */
export function exceptionText({ reason, until, source, place }: Exception): string {
  const why = reason ?? 'no reason given'
  // The end itself is the beginning of the day after.
  const end = until === undefined ? '' : `, through ${new Date(Date.parse(until) - 1).toISOString().slice(0, 10)}`
  return `${why}${end} (${source === 'vex' ? 'VEX, ' : ''}${placeText(place.file, place.lines)})`
}

/** `a, b and 3 more`. */
export function listText(items: readonly string[], most = 10): string {
  const rest = items.length - most
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${numberText(rest)} more` : items.join(', ')
}

/** `a, b and c`. */
export function sentenceList(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`
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

/** A title is there to recognise the thing by; its length is the database's. */
export function shorten(text: string, most = 100): string {
  if (text.length <= most) return text
  // A character is one or two units long.
  const characters = [...text.slice(0, 2 * most + 2)]
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}
