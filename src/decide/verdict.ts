/** The verdict: pure, so that it can be read, tested and trusted. */
import {
  type BuildOutcome,
  type Finding,
  type ImageContext,
  type ImageState,
  type ImageVerdict,
  type Policy,
  type Problem,
  type Result,
  type ScanOutcome,
  type Verdict,
} from '../model.js'
import { compareFindings, compareText, countGating, decideRuling, sumCounts } from './finding.js'

export interface Measurements {
  readonly builds: readonly BuildOutcome[]
  readonly scans: readonly ScanOutcome[]
  readonly skipped: readonly ImageContext[]
}

/** Decides about every image, and then about all of them together. */
export function decide(measured: Measurements, policy: Policy): Verdict {
  const scanOf = new Map(measured.scans.map(scan => [scan.image, scan]))
  const judged = measured.builds.map(build => decideImage(build, scanOf.get(build.image), policy))
  const skipped = measured.skipped.map(image => ({ ...nothing(image), state: 'skipped' as const }))
  const images = [...judged, ...skipped].sort((a, b) => compareText(a.image.name, b.image.name))
  return { result: decideResult(images, policy), images, counts: sumCounts(images.map(({ counts }) => counts)), policy }
}

/** The verdict of a run that could not measure anything. */
export function decideProblem(problem: Problem, policy: Policy): Verdict {
  return { result: 'error', images: [], counts: sumCounts([]), policy, problem }
}

/** An error outranks what is vulnerable, and `warn-only` softens only the latter. */
function decideResult(images: readonly ImageVerdict[], policy: Policy): Result {
  const has = (...states: ImageState[]): boolean => images.some(({ state }) => states.includes(state))
  if (has('build-failed', 'scan-failed')) return 'error'
  return has('vulnerable') && !policy.warnOnly ? 'blocked' : 'passed'
}

function decideImage(build: BuildOutcome, scan: ScanOutcome | undefined, policy: Policy): ImageVerdict {
  const base = { ...nothing(build.image), buildDuration: build.duration }
  if (build.status === 'failed') return { ...base, state: 'build-failed', failure: build.failure }
  const built = { ...base, imageId: build.imageId }
  if (scan === undefined) return { ...built, state: 'scan-failed', failure: notScanned }
  const scanned = { ...built, scanDuration: scan.duration }
  if (scan.status === 'failed') return { ...scanned, state: 'scan-failed', failure: scan.failure }
  const { findings, os, packages } = scan.scan
  const judged = findings.map(finding => judge(finding, policy)).sort(compareFindings)
  const state = judged.some(({ ruling }) => ruling === 'gating') ? 'vulnerable' : 'clean'
  const measured = { digests: scan.digests, packages, ...(os ? { os } : {}) }
  return { ...scanned, ...measured, state, findings: judged, counts: countGating(judged) }
}

function judge(finding: Finding, policy: Policy): ImageVerdict['findings'][number] {
  return { ...finding, ruling: decideRuling(finding, policy) }
}

/** An image that was built and never scanned is not clean. */
const notScanned = { message: 'was built but never scanned', advice: 'Run again.', log: [] }

function nothing(image: ImageContext): Omit<ImageVerdict, 'state'> {
  return { image, findings: [], counts: sumCounts([]), buildDuration: 0, scanDuration: 0 }
}
