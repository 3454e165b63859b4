/** Measures images: builds all of them, gets the scanner meanwhile, and scans them. Decides nothing. */
import { randomBytes } from 'node:crypto'
import { freshMarks, randomLength } from './build/freshness.js'
import { buildImages } from './build/images.js'
import { measureSharing } from './build/sharing.js'
import { unlessOverdue } from './ending.js'
import { IntegrityError } from './errors.js'
import type { BuildOutcome, ImageContext, Report, ScannerInfo, ScannerName, ScanOutcome } from './model.js'
import { tellScanner } from './report/log.js'
import { scanImages, type ScanRules } from './scan/images.js'
import { everyRules, type Run, type Scope } from './scope.js'
import { takeTurns } from './turns.js'

/** What was built and found, and how. */
export type Measured = Pick<Report, 'scanner' | 'engine' | 'work'> & {
  readonly builds: readonly BuildOutcome[]
  readonly scans: readonly ScanOutcome[]
}

/** Builds and scans; what was before the change beside what is now, on the same engine and with the same database. */
export async function measure({ discovery: { images }, base, policies }: Scope, run: Run): Promise<Measured> {
  if (images.length === 0) return { builds: [], scans: [] }
  const { inputs, context, ports } = run
  const rulesOf = ({ name }: ImageContext): ScanRules => {
    const rules = everyRules(policies, inputs, name)
    return { scanners: rules.flatMap(({ scanners }) => scanners), lockFiles: rules.some(({ lockFiles }) => lockFiles) }
  }
  const workspaces = { head: context.workspace, base: base.workspace ?? context.workspace }
  const engine = await ports.engine.prepare()
  try {
    const needed = images.flatMap(image => rulesOf(image).scanners)
    const { builds, scanner, buildDuration } = await buildAndPrepare(
      [...images, ...base.images],
      workspaces,
      needed,
      run,
    )
    // A scan keeps a processor busy; more of them at once only take each other's.
    const turns = takeTurns(Math.min(context.processors, togetherOn(run)))
    const { outcomes, work } = await scanImages(builds, { ...inputs, workspaces, rulesOf, turns }, ports)
    const steps = measureSharing(builds)
    const facts = { engine, work: { ...work, build: buildDuration, steps } }
    if (scanner === undefined) return { builds, scans: outcomes, ...facts }
    const javaDatabase = ports.scanner.javaDatabase()
    const used = { ...scanner, ...(javaDatabase === undefined ? {} : { javaDatabase }) }
    return { builds, scans: outcomes, ...facts, scanner: used }
  } finally {
    await ports.engine.clean()
  }
}

interface Built {
  readonly builds: readonly BuildOutcome[]
  /** Absent only when the run ended before it was there. */
  readonly scanner?: ScannerInfo
  /** Milliseconds. */
  readonly buildDuration: number
}

/** Builds while the scanner and its database are fetched. Without a scanner nothing needs to be built any more. */
async function buildAndPrepare(
  images: readonly ImageContext[],
  workspaces: { readonly head: string; readonly base: string },
  scanners: readonly ScannerName[],
  run: Run,
): Promise<Built> {
  const { inputs, ports } = run
  const started = ports.clock.now().getTime()
  const stop = new AbortController()
  const { cancelled } = ports.ending
  // Not AbortSignal.any: in Node 24.21 the reason of one that aborts later takes the place of the first.
  const onCancelled = (): void => {
    stop.abort(cancelled.reason)
  }
  if (cancelled.aborted) onCancelled()
  cancelled.addEventListener('abort', onCancelled)
  const preparing = unlessOverdue(ports.scanner.prepare(scanners), ports.ending).catch((error: unknown) => {
    stop.abort(error)
    throw error
  })
  const runId = randomBytes(4).toString('hex')
  const marks = freshMarks(randomBytes(randomLength))
  const plan = { ...inputs, workspaces, runId, marks, turns: takeTurns(togetherOn(run)), signal: stop.signal }
  const [scanner, builds] = await Promise.allSettled([preparing, buildImages(images, plan, ports)])
  // If both fail, the builds were ended because of the scanner; in a run that was cancelled, the scanner because of that.
  const isReason = !cancelled.aborted || (scanner.status === 'rejected' && scanner.reason instanceof IntegrityError)
  if (scanner.status === 'rejected' && isReason) throw scanner.reason
  if (builds.status === 'rejected') throw builds.reason
  const built = { builds: builds.value, buildDuration: ports.clock.now().getTime() - started }
  if (scanner.status === 'rejected') return built
  tellScanner(scanner.value, ports.console)
  return { ...built, scanner: scanner.value }
}

/**
 * How many builds run at once where nobody says. What images share runs once at any number, and 32 images took as long
 * 4 at a time as all at once on 2 processors; but builds that wait for the network leave room for others. Each costs a
 * client of some 50 MB.
 */
function togetherOn({ inputs: { maxParallel }, context: { processors } }: Run): number {
  return maxParallel ?? Math.min(32, Math.max(4, 2 * processors))
}
