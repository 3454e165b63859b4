/** The story of a run. The rooms do the work; here they are only walked through, in order. */
import { join } from 'node:path'
import { compareVerdicts } from './decide/effect.js'
import { resolveRules } from './decide/rules.js'
import { decide, decideProblem, type Grounds } from './decide/verdict.js'
import { causeOf } from './ending.js'
import { GateError, IntegrityError, messageOf } from './errors.js'
import { adviseOn } from './explain/advice.js'
import { explainOrigins } from './explain/origin.js'
import type { Inputs } from './inputs.js'
import { measure } from './measure.js'
import type { ImageContext, Policy, Problem, Report, RunContext, Verdict } from './model.js'
import type { Console, Outlet, Ports } from './ports.js'
import { deliver } from './report/deliver.js'
import { tellChange, tellDiscovery, tellStates } from './report/log.js'
import { collectWarnings } from './report/warnings.js'
import { readScope, type Run } from './scope.js'
import { admitHead } from './trust.js'

/** Gates the images of a repository and tells everybody. Never throws: what goes wrong is in the report too. */
export async function gate(
  inputs: Inputs,
  context: RunContext,
  ports: Ports,
  outlets: readonly Outlet[],
): Promise<Report> {
  const startedAt = ports.clock.now()
  const examination = await examine({ inputs, context, ports }).catch((error: unknown) =>
    fail(error instanceof IntegrityError ? error : causeOf(error, ports.ending.cancelled), inputs, ports.console),
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

type Examination = Omit<Report, 'context' | 'imagesRoot' | 'startedAt' | 'duration'>

async function examine(run: Run): Promise<Examination> {
  const { inputs, context, ports } = run
  const untrusted = admitHead(context, inputs.allowUntrustedHead)
  const scope = await readScope(run)
  const { discovery, change, policies, history } = scope
  tellChange(change, ports.console)
  tellDiscovery(discovery, inputs, ports.console)

  const { builds, scans, ...facts } = await measure(scope, run)
  const { cancelled } = ports.ending
  const early = cancelled.aborted ? { problem: problemOf(cancelled.reason) } : {}
  const measured = { builds, scans, skipped: discovery.skipped, comparisons: scope.base.comparisons, ...early }
  const now = ports.clock.now()
  const judge = (policy: Policy): Verdict => decide(measured, groundsOf(policy, inputs, now))
  const verdict = judge(policies.inForce)
  tellStates(verdict, ports.console)

  const { onlyChanged } = inputs
  const dockerfiles = await readDockerfiles(discovery.images, run)
  const explained = explainOrigins(verdict, { builds, scans, dockerfiles })
  return {
    verdict: explained,
    advice: adviseOn(explained),
    ignored: discovery.ignored,
    warnings: collectWarnings({ context, untrusted, change, history, policies, verdict, onlyChanged, ...facts }),
    policy: { revision: policies.revision, ...policySummary(policies.inForce) },
    ...(policies.proposed === undefined ? {} : { policyEffects: compareVerdicts(verdict, judge(policies.proposed)) }),
    ...(change === undefined ? {} : { change }),
    ...facts,
  }
}

function groundsOf(policy: Policy, { rules, warnOnly }: Inputs, now: Date): Grounds {
  return { rulesOf: name => resolveRules(policy, rules, name), exceptions: policy.exceptions, warnOnly, now }
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
  return { verdict: decideProblem(problemOf(error), warnOnly), ignored: [], warnings: [], advice: [] }
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
