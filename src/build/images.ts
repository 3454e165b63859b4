import { join } from 'node:path'
import { GateError, messageOf } from '../errors.js'
import type { BuildOutcome, Failure, ImageContext } from '../model.js'
import type { Clock, Console, Engine } from '../ports.js'
import { BuildLog } from './log.js'
import { parseFailingLines, ProgressReader } from './progress.js'

export interface BuildPlan {
  /** Absolute. */
  readonly workspace: string
  /** Sets this run's images apart from everybody else's. */
  readonly runId: string
  readonly noCache: boolean
  /** Milliseconds an image. */
  readonly timeout: number
}

export interface BuildPorts {
  readonly engine: Engine
  readonly console: Console
  readonly clock: Clock
}

/** The name that an image has while the run lasts. */
export function buildTag(image: ImageContext, runId: string): string {
  return `image-gate/${runId}/${image.safeName}:gate`
}

/**
 * How many builds run at once, at most. Many: BuildKit runs equal steps once, but only while the builds that want them
 * are running. Each costs a client process of some 50 MB.
 */
const together = 16

/**
 * Builds every image, together. One that does not build is an outcome of its own and costs no other image its result.
 * The logs come one after another, in the images' order: the first that is not told yet is told live.
 */
export async function buildImages(
  images: readonly ImageContext[],
  plan: BuildPlan,
  ports: BuildPorts,
): Promise<readonly BuildOutcome[]> {
  const { clock, console } = ports
  const next = takeTurns(together)
  const builds = images.map(image => {
    const log = new BuildLog()
    const outcome = next(async (): Promise<BuildOutcome> => {
      const started = clock.now().getTime()
      const result = await buildImage(image, plan, log, ports.engine)
      return { ...result, image, duration: clock.now().getTime() - started }
    })
    return { image, log, outcome }
  })
  const outcomes: PromiseSettledResult<BuildOutcome>[] = []
  for (const { image, log, outcome } of builds) {
    const [settled] = await console.group(`Build ${image.name}`, () => {
      log.tellTo(console)
      return Promise.allSettled([outcome])
    })
    outcomes.push(settled)
    if (settled.status === 'fulfilled' && settled.value.status === 'failed') {
      console.info(`${image.name}: ${settled.value.failure.message}`)
    }
  }
  return outcomes.map(settled => {
    if (settled.status === 'rejected') throw settled.reason
    return settled.value
  })
}

/** Lets so many run at once; the others wait for their turn. */
function takeTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running < most) running += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Whoever waits longest takes over the place.
      const successor = waiting.shift()
      if (successor === undefined) running -= 1
      else successor()
    }
  }
}

type Result =
  { readonly status: 'built'; readonly imageId: string } | { readonly status: 'failed'; readonly failure: Failure }

async function buildImage(image: ImageContext, plan: BuildPlan, log: BuildLog, engine: Engine): Promise<Result> {
  if (image.refusal !== undefined) return failed(refusal(image, image.refusal))
  const progress = new ProgressReader()
  const request = {
    contextDir: join(plan.workspace, image.contextDir),
    dockerfile: join(plan.workspace, image.dockerfile),
    tag: buildTag(image, plan.runId),
    noCache: plan.noCache,
    timeout: plan.timeout,
  }
  try {
    const result = await engine.build(request, line => {
      progress.read(line).forEach(event => {
        log.add(event)
      })
    })
    if (result.status === 'built') return result
    if (result.status === 'timed-out') return failed(timeout(plan.timeout, log))
    return failed(buildFailure(result.exitCode, log))
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return failed({ message: `could not be built: ${messageOf(error)}`, advice: error.advice, log: log.tail })
  }
}

function failed(failure: Failure): Result {
  return { status: 'failed', failure }
}

function refusal(image: ImageContext, reason: string): Failure {
  return {
    message: `refused: ${reason}`,
    advice: `Make ${image.contextDir} a folder with a Dockerfile of its own; links must stay inside the images folder.`,
    log: [],
  }
}

function timeout(limit: number, log: BuildLog): Failure {
  return {
    message: `the build timed out after ${String(limit / 1000)} s`,
    advice: 'See the last lines of its log for what it waited for; raise the input timeout if it needs longer.',
    log: log.tail,
  }
}

function buildFailure(exitCode: number, log: BuildLog): Failure {
  const lines = parseFailingLines(log.messages)
  const said = log.messages.filter(text => /^ERROR: /.test(text)).at(-1)
  const { failedStep } = log
  const reason = failedStep === undefined ? said?.replace(/^ERROR: /, '') : `${failedStep.name}: ${failedStep.error}`
  return {
    message: `the build failed: ${reason ?? `docker buildx build ended with exit code ${String(exitCode)}`}`,
    advice: 'Mend the Dockerfile, or what it needs (see the log); until it builds, nobody knows what is in the image.',
    log: log.tail.length > 0 ? log.tail : log.messages,
    ...(lines === undefined ? {} : { lines }),
  }
}
