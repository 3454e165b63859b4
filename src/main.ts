/** The story of a run. The rooms do the work; here they are only walked through, in order. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { buildImages, buildTag } from './build/images.js'
import { decide, decideProblem } from './decide/verdict.js'
import { discoverImages } from './discover/images.js'
import { GateError, messageOf } from './errors.js'
import { explainOrigins } from './explain/origin.js'
import type { Inputs } from './inputs.js'
import type { Discovery, ImageContext, Policy, Problem, Report, RunContext } from './model.js'
import type { Console, Outlet, Ports } from './ports.js'
import { deliver } from './report/deliver.js'
import { scanImages } from './scan/images.js'

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

type Examination = Pick<Report, 'verdict' | 'ignored' | 'scanner' | 'engine'>

async function examine(inputs: Inputs, context: RunContext, ports: Ports): Promise<Examination> {
  const { workspace } = context
  const discovery = await discoverImages({ workspace, include: inputs.images, ...inputs }, ports.files)
  tellDiscovery(discovery, inputs, ports.console)
  const { images, skipped, ignored } = discovery
  if (images.length === 0) return { verdict: decide({ builds: [], scans: [], skipped }, policyOf(inputs)), ignored }

  const engine = await ports.engine.prepare()
  const scanner = await ports.scanner.prepare()
  const runId = randomBytes(4).toString('hex')
  try {
    const builds = await buildImages(images, { workspace, runId, ...inputs }, ports)
    const scans = await scanImages(builds, inputs.timeout, ports)
    const verdict = decide({ builds, scans, skipped }, policyOf(inputs))
    const explained = explainOrigins(verdict, scans, await readDockerfiles(images, workspace, ports))
    return { verdict: explained, ignored, scanner, engine }
  } finally {
    await ports.engine.removeTags(images.map(image => buildTag(image, runId)))
  }
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
