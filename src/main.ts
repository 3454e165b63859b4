/** The story of a run. The rooms do the work; here they are only walked through, in order. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { buildImages } from './build/images.js'
import { measureSharing } from './build/sharing.js'
import { decide, decideProblem } from './decide/verdict.js'
import { discoverImages } from './discover/images.js'
import { GateError, messageOf } from './errors.js'
import { explainOrigins } from './explain/origin.js'
import type { Inputs } from './inputs.js'
import type {
  BuildOutcome,
  Discovery,
  ImageContext,
  Policy,
  Problem,
  Report,
  RunContext,
  ScannerInfo,
  Verdict,
} from './model.js'
import type { Console, Outlet, Ports } from './ports.js'
import { deliver } from './report/deliver.js'
import { durationText, stateText } from './report/text.js'
import { scanImages } from './scan/images.js'
import { takeTurns } from './turns.js'

/** Gates the images of a repository and tells everybody. Never throws: what goes wrong is in the report too. */
export async function gate(
  inputs: Inputs,
  context: RunContext,
  ports: Ports,
  outlets: readonly Outlet[],
): Promise<Report> {
  const startedAt = ports.clock.now()
  const examination = await examine(inputs, context, ports).catch((error: unknown) =>
    fail(error, inputs, ports.console),
  )
  const duration = ports.clock.now().getTime() - startedAt.getTime()
  const { imagesRoot } = inputs
  const report = { ...examination, context, imagesRoot, startedAt: startedAt.toISOString(), duration }
  await deliver(report, outlets, ports.console)
  return report
}

/** Tells everybody why a run could not even start, for instance because its inputs are wrong. */
export async function refuse(
  error: unknown,
  defaults: Inputs,
  context: RunContext,
  { console, clock }: Pick<Ports, 'console' | 'clock'>,
  outlets: readonly Outlet[],
): Promise<Report> {
  const { imagesRoot } = defaults
  const startedAt = clock.now().toISOString()
  const report = { ...fail(error, defaults, console), context, imagesRoot, startedAt, duration: 0 }
  await deliver(report, outlets, console)
  return report
}

type Examination = Pick<Report, 'verdict' | 'ignored' | 'scanner' | 'engine' | 'work'>

async function examine(inputs: Inputs, context: RunContext, ports: Ports): Promise<Examination> {
  const { workspace } = context
  const discovery = await discoverImages({ workspace, include: inputs.images, ...inputs }, ports.files)
  tellDiscovery(discovery, inputs, ports.console)
  const { images, skipped, ignored } = discovery
  if (images.length === 0) return { verdict: decide({ builds: [], scans: [], skipped }, policyOf(inputs)), ignored }

  const engine = await ports.engine.prepare()
  try {
    const { builds, scanner, buildDuration } = await buildAndPrepare(images, inputs, context, ports)
    // A scan keeps a processor busy; more of them at once only take each other's.
    const scanTurns = takeTurns(Math.min(context.processors, togetherOn(inputs, context)))
    const scans = await scanImages(builds, { ...inputs, turns: scanTurns }, ports)
    const verdict = decide({ builds, scans: scans.outcomes, skipped }, policyOf(inputs))
    tellStates(verdict, ports.console)
    const explained = explainOrigins(verdict, scans.outcomes, await readDockerfiles(images, workspace, ports))
    const work = { ...scans.work, build: buildDuration, steps: measureSharing(builds) }
    return { verdict: explained, ignored, scanner, engine, work }
  } finally {
    await ports.engine.clean()
  }
}

interface Built {
  readonly builds: readonly BuildOutcome[]
  readonly scanner: ScannerInfo
  /** Milliseconds. */
  readonly buildDuration: number
}

/** Builds while the scanner and its database are fetched. Without a scanner nothing needs to be built any more. */
async function buildAndPrepare(
  images: readonly ImageContext[],
  inputs: Inputs,
  context: RunContext,
  ports: Ports,
): Promise<Built> {
  const started = ports.clock.now().getTime()
  const stop = new AbortController()
  const preparing = ports.scanner.prepare().catch((error: unknown) => {
    stop.abort(error)
    throw error
  })
  const turns = takeTurns(togetherOn(inputs, context))
  const runId = randomBytes(4).toString('hex')
  const plan = { ...inputs, workspace: context.workspace, runId, turns, signal: stop.signal }
  const [scanner, builds] = await Promise.allSettled([preparing, buildImages(images, plan, ports)])
  // If both fail, the builds were ended because of the scanner.
  if (scanner.status === 'rejected') throw scanner.reason
  if (builds.status === 'rejected') throw builds.reason
  tellScanner(scanner.value, ports.console)
  const buildDuration = ports.clock.now().getTime() - started
  return { builds: builds.value, scanner: scanner.value, buildDuration }
}

/**
 * How many builds run at once where nobody says. What images share runs once at any number, and 32 images took as long
 * 4 at a time as all at once on 2 processors; but builds that wait for the network leave room for others. Each costs a
 * client of some 50 MB.
 */
function togetherOn({ maxParallel }: Inputs, { processors }: RunContext): number {
  return maxParallel ?? Math.min(32, Math.max(4, 2 * processors))
}

function tellDiscovery({ images, skipped, ignored }: Discovery, { imagesRoot }: Inputs, console: Console): void {
  if (images.length === 0) console.info(`There is nothing to gate under ${imagesRoot}.`)
  else console.info(`Images under ${imagesRoot}: ${images.map(({ name }) => name).join(', ')}`)
  if (skipped.length > 0)
    console.info(`Skipped, as the input images asks: ${skipped.map(({ name }) => name).join(', ')}`)
  for (const { name, safeName } of images) {
    if (name !== safeName) console.info(`${name} is built as ${safeName}: its name cannot stand in an image reference.`)
  }
  for (const { path, reason } of ignored) console.info(`Not an image: ${path}: ${reason}`)
}

function tellScanner({ version, source, database }: ScannerInfo, console: Console): void {
  console.info(`Trivy ${version}, from ${source}`)
  if (database === undefined) return
  console.info(`Vulnerability database of ${database.updatedAt.slice(0, 10)}, from ${database.repository}`)
}

function tellStates({ images }: Verdict, console: Console): void {
  for (const { image, state, buildDuration, scanDuration } of images) {
    if (state === 'skipped') continue
    console.progress(image.name, stateText(state), `in ${durationText(buildDuration + scanDuration)}`)
  }
}

function policyOf({ severity, ignoreUnfixed, warnOnly }: Inputs): Policy {
  return { severity, ignoreUnfixed, warnOnly }
}

/** For the lines that findings come from. A file that cannot be read costs the lines, never the verdict. */
async function readDockerfiles(
  images: readonly ImageContext[],
  workspace: string,
  { files, console }: Ports,
): Promise<ReadonlyMap<ImageContext, string>> {
  const texts = new Map<ImageContext, string>()
  for (const image of images.filter(({ refusal }) => refusal === undefined)) {
    await files.readText(join(workspace, image.dockerfile)).then(
      text => texts.set(image, text),
      (error: unknown) => {
        console.debug(`${image.dockerfile}: ${messageOf(error)}`)
      },
    )
  }
  return texts
}

function fail(error: unknown, inputs: Inputs, console: Console): Examination {
  if (error instanceof Error) console.debug(error.stack ?? '')
  return { verdict: decideProblem(problemOf(error), policyOf(inputs)), ignored: [] }
}

/** What went wrong, as a value for the report. */
function problemOf(error: unknown): Problem {
  if (error instanceof GateError) return { kind: error.kind, messages: error.messages, advice: error.advice }
  return {
    kind: 'unexpected',
    messages: [`Image Gate failed in a way that it should not: ${messageOf(error)}`],
    advice: 'Please report it, with the log of a run in debug mode.',
  }
}
