/** The verdict: pure, so that it can be read, tested and trusted. */
import type {
  BuildOutcome,
  Comparison,
  Exception,
  Finding,
  ImageRules,
  ImageState,
  ImageVerdict,
  Problem,
  Result,
  ScannedImage,
  ScanOutcome,
  SkippedImage,
  Verdict,
} from '../model.js'
import { exceptionFinder, reviewExceptions, type FindException } from './exception.js'
import { compareFindings, compareMeasured, compareText, countGating, judge, sumCounts } from './finding.js'
import { markChanges } from './identity.js'

export interface Measurements {
  readonly builds: readonly BuildOutcome[]
  readonly scans: readonly ScanOutcome[]
  readonly skipped: readonly SkippedImage[]
  /** By image name; none where nothing is compared. What was built of the base revision is among the builds and scans. */
  readonly comparisons: ReadonlyMap<string, Comparison>
  /** Why not everything was measured. */
  readonly problem?: Problem
}

/** What is decided by. */
export interface Grounds {
  readonly rulesOf: (imageName: string) => ImageRules
  readonly exceptions: readonly Exception[]
  readonly warnOnly: boolean
  readonly now: Date
}

/** Decides about every image, and then about all of them together. */
export function decide(measured: Measurements, grounds: Grounds): Verdict {
  const { warnOnly, exceptions, now } = grounds
  const findException = exceptionFinder(exceptions, now)
  const judged = measured.builds
    .filter(({ image }) => image.revision === 'head')
    .map(build => decideImage(build, measured, grounds.rulesOf(build.image.name), findException))
  const skipped = measured.skipped.map(({ image, reason }): ImageVerdict => ({
    ...nothing(image),
    state: 'skipped',
    skipped: reason,
  }))
  const images = [...judged, ...skipped].sort((a, b) => compareText(a.image.name, b.image.name))
  return {
    result: measured.problem === undefined ? decideResult(images, warnOnly) : 'error',
    images,
    counts: sumCounts(images.map(({ counts }) => counts)),
    warnOnly,
    exceptions: reviewExceptions(exceptions, images, now),
    ...(measured.problem === undefined ? {} : { problem: measured.problem }),
  }
}

/** The verdict of a run that could not measure anything. */
export function decideProblem(problem: Problem, warnOnly: boolean): Verdict {
  const exceptions = { expired: [], expiring: [], unused: [] }
  return { result: 'error', images: [], counts: sumCounts([]), warnOnly, exceptions, problem }
}

/** An error outranks what is vulnerable, and `warn-only` softens only the latter. */
function decideResult(images: readonly ImageVerdict[], warnOnly: boolean): Result {
  const has = (...states: ImageState[]): boolean => images.some(({ state }) => states.includes(state))
  if (has('build-failed', 'scan-failed')) return 'error'
  return has('vulnerable') && !warnOnly ? 'blocked' : 'passed'
}

function decideImage(
  build: BuildOutcome,
  measured: Measurements,
  rules: ImageRules,
  findException: FindException,
): ImageVerdict {
  const base = { ...nothing(build.image), rules, buildDuration: build.duration }
  if (build.status === 'failed') return { ...base, state: 'build-failed', failure: build.failure }
  const built = { ...base, imageId: build.imageId, baseImages: build.baseImages }
  const scan = measured.scans.find(({ image }) => image === build.image)
  if (scan === undefined) return { ...built, state: 'scan-failed', failure: notScanned }
  const scanned = { ...built, scanDuration: scan.duration }
  if (scan.status === 'failed') return { ...scanned, state: 'scan-failed', failure: scan.failure }
  const { os, packages, leftOut } = scan.scan
  const compared = rules.rules.gateOn === 'introduced' ? compare(scan, measured) : undefined
  const findings = judgeFindings(scan, compared?.before, rules, findException)
  return {
    ...scanned,
    state: findings.some(({ ruling }) => ruling === 'gating') ? 'vulnerable' : 'clean',
    digests: scan.digests,
    packages,
    findings,
    counts: countGating(findings),
    ...(scan.sbom === undefined ? {} : { sbom: scan.sbom }),
    ...(os ? { os } : {}),
    ...(leftOut === undefined ? {} : { leftOut }),
    ...(compared === undefined ? {} : { comparison: compared.comparison }),
  }
}

function judgeFindings(
  scan: ScannedImage,
  before: readonly Finding[] | undefined,
  rules: ImageRules,
  findException: FindException,
): ImageVerdict['findings'] {
  // In an order of our own, so that of several copies it is always the same one that counts as brought.
  const findings = allFindings(scan).toSorted(compareMeasured)
  const changes = before === undefined ? [] : markChanges(findings, before)
  return findings
    .map((finding, index) => {
      const exception = findException(finding, scan.image.name)
      const change = changes[index]
      return judge(finding, rules, {
        ...(change === undefined ? {} : { change }),
        ...(exception === undefined ? {} : { exception }),
      })
    })
    .sort(compareFindings)
}

/** What the image was before the change, where that is known. */
function compare(
  scan: ScannedImage,
  { comparisons, builds, scans }: Measurements,
): { comparison: Comparison; before: readonly Finding[] } | undefined {
  const { name } = scan.image
  const comparison = comparisons.get(name)
  if (comparison === undefined) return undefined
  if (comparison.status === 'unchanged') return { comparison, before: allFindings(scan) }
  if (comparison.status !== 'compared') return { comparison, before: [] }
  const isBase = ({ image }: { image: ScannedImage['image'] }): boolean =>
    image.revision === 'base' && image.name === name
  const outcomes = [...builds.filter(isBase), ...scans.filter(isBase)]
  const failed = outcomes.find(({ status }) => status === 'failed')
  const before = scans.filter(isBase).find(outcome => outcome.status === 'scanned')
  if (before !== undefined) return { comparison, before: allFindings(before) }
  const reason = failed !== undefined && 'failure' in failed ? failed.failure.message : 'it was never scanned'
  return { comparison: { status: 'failed', reason }, before: [] }
}

/** What the scanner found, and what can be said of the image as a whole. */
function allFindings({ scan: { findings, os, packages, layers, unexamined } }: ScannedImage): readonly Finding[] {
  const layer = layers[0] === undefined ? {} : { layer: layers[0].diffId }
  const whole: Finding[] = []
  if (os?.endOfLife === true) {
    const title = `${os.family} ${os.name} gets no security updates any more`
    whole.push({ kind: 'end-of-life', id: 'end-of-life', severity: 'UNKNOWN', title, ...layer })
  }
  if (unexamined !== undefined || (os === undefined && packages === 0)) {
    const title = unexamined ?? 'neither a distribution nor a package was recognised'
    whole.push({ kind: 'unrecognised', id: 'unrecognised', severity: 'UNKNOWN', title })
  }
  return [...findings, ...whole]
}

/** An image that was built and never scanned is not clean. */
const notScanned = { message: 'was built but never scanned', advice: 'Run again.', log: [] }

function nothing(image: ImageVerdict['image']): Omit<ImageVerdict, 'state'> {
  return { image, findings: [], counts: sumCounts([]), buildDuration: 0, scanDuration: 0 }
}
