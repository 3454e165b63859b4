import { join } from 'node:path'
import { causeOf } from '../ending.js'
import { GateError, messageOf } from '../errors.js'
import {
  imageTitle,
  type BuildOutcome,
  type BuiltImage,
  type Failure,
  type ImageContext,
  type Workspaces,
} from '../model.js'
import type { BuildRequest, Clock, Console, Engine, Turns } from '../ports.js'
import { baseImagesOf } from './base-images.js'
import { buildFailure, missingBase, refusal, timeout } from './failure.js'
import type { FreshMarks } from './freshness.js'
import { BuildLog } from './log.js'
import { ProgressReader } from './progress.js'
import { readProvenance } from './provenance.js'

export interface BuildPlan {
  /** Where the contexts of each revision lie. Absolute. */
  readonly workspaces: Workspaces
  /** Sets this run's images apart from everybody else's. */
  readonly runId: string
  /** Use nothing that was there before the run, and be set apart by `marks`. */
  readonly noCache: boolean
  /** With `noCache`: ask the registries for base images. */
  readonly pull: boolean
  readonly marks: FreshMarks
  readonly platform?: string
  readonly buildArgs: readonly string[]
  /** Milliseconds an image. */
  readonly timeout: number
  readonly turns: Turns
  /** Ends every build at once. */
  readonly signal?: AbortSignal
}

export interface BuildPorts {
  readonly engine: Engine
  readonly console: Console
  readonly clock: Clock
}

/** The name that an image has while the run lasts. */
export function buildTag(image: ImageContext, runId: string): string {
  return `image-gate/${runId}/${image.safeName}:${image.revision}`
}

/**
 * Builds every image, together. One that does not build is an outcome of its own and costs no other image its result.
 * The logs come one after another, in the images' order: the first that is not told yet is told live.
 */
export async function buildImages(
  images: readonly ImageContext[],
  plan: BuildPlan,
  ports: BuildPorts,
): Promise<readonly BuildOutcome[]> {
  const { console } = ports
  const builds = images.map(image => {
    const log = new BuildLog(progress => {
      console.progress(imageTitle(image), 'building', progress)
    })
    console.progress(imageTitle(image), 'waiting')
    // Settled here and not where it is told: one that throws while another is still told must not end the process.
    return { image, log, outcome: Promise.allSettled([plan.turns(() => buildImage(image, plan, log, ports))]) }
  })
  const outcomes: PromiseSettledResult<BuildOutcome>[] = []
  for (const { image, log, outcome } of builds) {
    const [settled] = await console.group(`Build ${imageTitle(image)}`, () => {
      log.tellTo(console)
      return outcome
    })
    outcomes.push(settled)
    if (settled.status === 'fulfilled' && settled.value.status === 'failed') {
      console.info(`${imageTitle(image)}: ${settled.value.failure.message}`)
    }
  }
  return outcomes.map(settled => {
    if (settled.status === 'rejected') throw settled.reason
    return settled.value
  })
}

async function buildImage(
  image: ImageContext,
  plan: BuildPlan,
  log: BuildLog,
  { engine, clock, console }: BuildPorts,
): Promise<BuildOutcome> {
  const started = clock.now().getTime()
  console.progress(imageTitle(image), 'building')
  const result = await askEngine(image, plan, log, engine)
  const { steps } = log
  console.progress(imageTitle(image), result.status === 'built' ? 'built' : 'build failed')
  return { ...result, image, steps, duration: clock.now().getTime() - started }
}

type Result =
  | Pick<BuiltImage, 'status' | 'imageId' | 'provenance' | 'baseImages'>
  | { readonly status: 'failed'; readonly failure: Failure }

async function askEngine(image: ImageContext, plan: BuildPlan, log: BuildLog, engine: Engine): Promise<Result> {
  if (image.refusal !== undefined) return failed(refusal(image, image.refusal))
  const progress = new ProgressReader()
  const request = requestFor(image, plan)
  try {
    const result = await engine.build(request, line => {
      progress.read(line).forEach(event => {
        log.add(event)
      })
    })
    if (result.status === 'built') {
      return { ...result, provenance: readProvenance(result.provenance), baseImages: baseImagesOf(log.steps) }
    }
    if (result.status === 'timed-out') return failed(timeout(plan.timeout, log))
    const missing = request.fresh?.pull === true ? missingBase(log) : undefined
    const isHeld = missing !== undefined && (await engine.holds(missing))
    return failed(buildFailure(result.exitCode, log, isHeld))
  } catch (error) {
    const cause = causeOf(error, plan.signal)
    if (!(cause instanceof GateError)) throw cause
    return failed({ message: `could not be built: ${messageOf(cause)}`, advice: cause.advice, log: log.tail })
  }
}

function requestFor(image: ImageContext, plan: BuildPlan): BuildRequest {
  const { workspaces, runId, noCache, pull, marks, platform, buildArgs, timeout: limit, signal } = plan
  const workspace = workspaces[image.revision]
  return {
    contextDir: join(workspace, image.contextDir),
    dockerfile: join(workspace, image.dockerfile),
    tag: buildTag(image, runId),
    buildArgs,
    timeout: limit,
    ...(noCache ? { fresh: { ...marks[image.revision], pull } } : {}),
    ...(platform === undefined ? {} : { platform }),
    ...(signal === undefined ? {} : { signal }),
  }
}

function failed(failure: Failure): Result {
  return { status: 'failed', failure }
}
