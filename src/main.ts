/** The story of a run. The rooms do the work; here they are only walked through, in order. */
import { randomBytes } from 'node:crypto'
import { join, relative, resolve, sep } from 'node:path'
import { buildImages } from './build/images.js'
import { measureSharing } from './build/sharing.js'
import { compareVerdicts } from './decide/effect.js'
import { comparesAny, resolveRules } from './decide/rules.js'
import { decide, decideProblem, type Grounds } from './decide/verdict.js'
import { findBaseImages, type BaseImages } from './discover/base.js'
import {
  compareWithBase,
  describeChange,
  isProposal,
  readHistory,
  selectChanged,
  type History,
} from './discover/change.js'
import { discoverImages } from './discover/images.js'
import { findLockFiles } from './discover/lock-files.js'
import { ConfigurationError, GateError, messageOf } from './errors.js'
import { explainOrigins } from './explain/origin.js'
import type { Inputs } from './inputs.js'
import type {
  BuildOutcome,
  Change,
  Discovery,
  ImageContext,
  Policy,
  Problem,
  Report,
  Rules,
  RunContext,
  ScannerInfo,
  ScannerName,
  ScanOutcome,
} from './model.js'
import { idlePatterns } from './policy/patterns.js'
import { readPolicies, type Policies } from './policy/revisions.js'
import type { Console, Outlet, Ports } from './ports.js'
import { deliver } from './report/deliver.js'
import { tellChange, tellDiscovery, tellScanner, tellStates } from './report/log.js'
import { collectWarnings } from './report/warnings.js'
import { scanImages, type ScanRules } from './scan/images.js'
import { takeTurns } from './turns.js'

/** Gates the images of a repository and tells everybody. Never throws: what goes wrong is in the report too. */
export async function gate(
  inputs: Inputs,
  context: RunContext,
  ports: Ports,
  outlets: readonly Outlet[],
): Promise<Report> {
  const startedAt = ports.clock.now()
  const examination = await examine({ inputs, context, ports }).catch((error: unknown) =>
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

/** What was asked, where, and with what. */
interface Run {
  readonly inputs: Inputs
  readonly context: RunContext
  readonly ports: Ports
}

type Examination = Omit<Report, 'context' | 'imagesRoot' | 'startedAt' | 'duration'>

async function examine(run: Run): Promise<Examination> {
  const { inputs, context, ports } = run
  const before = await readBefore(run)
  const { history, policies } = before
  const { discovery, change } = await findImages(before, run)
  tellChange(change, ports.console)
  tellDiscovery(discovery, inputs, ports.console)

  const comparisons = compareWithBase(discovery.images, history)
  const base = await findBaseImages(
    discovery.images.filter(({ name }) =>
      everyRules(policies, inputs, name).some(({ gateOn }) => gateOn === 'introduced'),
    ),
    { history, comparisons, imagesRoot: imagesRootOf(run) },
    ports,
  )
  const { skipped, ignored } = discovery
  const { builds, scans, ...facts } = await measure(discovery.images, base, policies, run)

  const measured = { builds, scans, skipped, comparisons: base.comparisons }
  const now = ports.clock.now()
  const verdict = decide(measured, groundsOf(policies.inForce, inputs, now))
  tellStates(verdict, ports.console)
  const { proposed } = policies
  const policyEffects =
    proposed === undefined ? undefined : compareVerdicts(verdict, decide(measured, groundsOf(proposed, inputs, now)))
  const warnings = collectWarnings({
    context,
    change,
    history,
    policies,
    verdict,
    onlyChanged: inputs.onlyChanged,
    ...facts,
  })
  return {
    verdict: explainOrigins(verdict, scans, await readDockerfiles(discovery.images, run)),
    ignored,
    warnings,
    policy: { revision: policies.revision, ...policySummary(policies.inForce) },
    ...facts,
    ...(change === undefined ? {} : { change }),
    ...(policyEffects === undefined ? {} : { policyEffects }),
  }
}

interface Before {
  readonly history: History
  readonly policies: Policies
}

/** What there was before the change, and by whose policy it is judged. Both are only asked for where they matter. */
async function readBefore({ inputs, context, ports }: Run): Promise<Before> {
  const { repository, files, clock } = ports
  const proposal = isProposal(context) ? await readHistory(context, repository) : undefined
  const base =
    proposal?.status === 'known'
      ? {
          read: (path: string) => repository.readText(proposal.base, path),
          changed: (paths: readonly string[]) =>
            proposal.files.some(
              ({ path, from }) => paths.includes(path) || (from !== undefined && paths.includes(from)),
            ),
        }
      : undefined
  const policies = await readPolicies({
    file: inputs.policyFile,
    head: path => readHead(path, context.workspace, files),
    now: clock.now(),
    ...(base === undefined ? {} : { base }),
  })
  const needed = inputs.onlyChanged || comparesAny(policies.inForce, inputs.rules)
  const notAsked: History = { status: 'none', reason: 'nothing asks for a comparison' }
  const history = proposal ?? (needed ? await readHistory(context, repository) : notAsked)
  return { history, policies }
}

/** A link that leads out of the repository could show what is there to whoever reads the error. */
async function readHead(path: string, workspace: string, files: Ports['files']): Promise<string | undefined> {
  const real = await files.realPath(join(workspace, path))
  if (real === undefined) return undefined
  const top = (await files.realPath(workspace)) ?? workspace
  if (!real.startsWith(`${top}/`)) {
    throw new ConfigurationError(`${path} is a link that leaves the repository`, 'Put the file itself there.')
  }
  return files.readText(real)
}

interface Found {
  readonly discovery: Discovery
  readonly change: Change | undefined
}

async function findImages({ history, policies }: Before, run: Run): Promise<Found> {
  const { inputs, context, ports } = run
  const { workspace } = context
  const all = await discoverImages({ workspace, include: inputs.images, ...inputs }, ports.files)
  const images = [...all.images, ...all.skipped.map(({ image }) => image)]
  const idle = idlePatterns(
    policies.proposed ?? policies.inForce,
    images.map(({ name }) => name),
  )
  if (idle.length > 0)
    throw new ConfigurationError(idle, 'Name images that there are, or take the entry out of the policy.')
  const imagesRoot = imagesRootOf(run)
  const policyFiles = [...policies.inForce.files, ...(policies.proposed?.files ?? [])]
  const change = describeChange({ history, imagesRoot, images, policyFiles })
  const discovery = inputs.onlyChanged ? selectChanged(all, history, change, imagesRoot) : all
  return { discovery: { ...discovery, images: await findLockFiles(discovery.images, workspace, ports.files) }, change }
}

/** Relative to the workspace, with forward slashes, whichever way it was given. */
function imagesRootOf({ inputs, context: { workspace } }: Run): string {
  return relative(workspace, resolve(workspace, inputs.imagesRoot)).split(sep).join('/')
}

type Measured = Pick<Report, 'scanner' | 'engine' | 'work'> & {
  readonly builds: readonly BuildOutcome[]
  readonly scans: readonly ScanOutcome[]
}

/** Builds and scans; what was before the change beside what is now, on the same engine and with the same database. */
async function measure(
  images: readonly ImageContext[],
  base: BaseImages,
  policies: Policies,
  run: Run,
): Promise<Measured> {
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
    return { builds, scans: outcomes, scanner, engine, work: { ...work, build: buildDuration, steps } }
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
  workspaces: { readonly head: string; readonly base: string },
  scanners: readonly ScannerName[],
  run: Run,
): Promise<Built> {
  const { inputs, ports } = run
  const started = ports.clock.now().getTime()
  const stop = new AbortController()
  const preparing = ports.scanner.prepare(scanners).catch((error: unknown) => {
    stop.abort(error)
    throw error
  })
  const runId = randomBytes(4).toString('hex')
  const plan = { ...inputs, workspaces, runId, turns: takeTurns(togetherOn(run)), signal: stop.signal }
  const [scanner, builds] = await Promise.allSettled([preparing, buildImages(images, plan, ports)])
  // If both fail, the builds were ended because of the scanner.
  if (scanner.status === 'rejected') throw scanner.reason
  if (builds.status === 'rejected') throw builds.reason
  tellScanner(scanner.value, ports.console)
  return { builds: builds.value, scanner: scanner.value, buildDuration: ports.clock.now().getTime() - started }
}

/**
 * How many builds run at once where nobody says. What images share runs once at any number, and 32 images took as long
 * 4 at a time as all at once on 2 processors; but builds that wait for the network leave room for others. Each costs a
 * client of some 50 MB.
 */
function togetherOn({ inputs: { maxParallel }, context: { processors } }: Run): number {
  return maxParallel ?? Math.min(32, Math.max(4, 2 * processors))
}

function groundsOf(policy: Policy, { rules, warnOnly }: Inputs, now: Date): Grounds {
  return { rulesOf: name => resolveRules(policy, rules, name), exceptions: policy.exceptions, warnOnly, now }
}

/** The rules of an image by every policy that it is judged by. */
function everyRules({ inForce, proposed }: Policies, { rules }: Inputs, name: string): readonly Rules[] {
  return [inForce, ...(proposed === undefined ? [] : [proposed])].map(policy => resolveRules(policy, rules, name).rules)
}

function policySummary({ file, exceptions }: Policy): { file?: string; exceptions: number } {
  return { exceptions: exceptions.length, ...(file === undefined ? {} : { file }) }
}

/** For the lines that findings come from. A file that cannot be read costs the lines, never the verdict. */
async function readDockerfiles(
  images: readonly ImageContext[],
  { context, ports: { files, console } }: Run,
): Promise<ReadonlyMap<ImageContext, string>> {
  const texts = new Map<ImageContext, string>()
  for (const image of images.filter(({ refusal }) => refusal === undefined)) {
    try {
      const text = await files.readText(join(context.workspace, image.dockerfile))
      if (text !== undefined) texts.set(image, text)
    } catch (error) {
      console.debug(`${image.dockerfile}: ${messageOf(error)}`)
    }
  }
  return texts
}

function fail(error: unknown, { warnOnly }: Inputs, console: Console): Examination {
  if (error instanceof Error) console.debug(error.stack ?? '')
  return { verdict: decideProblem(problemOf(error), warnOnly), ignored: [], warnings: [] }
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
