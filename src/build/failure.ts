/** Why an image could not be built, in words that say what to do next. */
import type { Failure, ImageContext } from '../model.js'
import type { BuildLog } from './log.js'
import { parseFailingLines } from './progress.js'

export function refusal(image: ImageContext, reason: string): Failure {
  return {
    message: `refused: ${reason}`,
    advice: `Make ${image.contextDir} a folder of a name of its own, with a Dockerfile of its own; links must stay inside the images folder. A Dockerfile or .dockerignore has at most 1 MiB; put the file itself there, or a relative link to another file of the same folder, where BuildKit can follow it.`,
    log: [],
  }
}

/** @param limit milliseconds */
export function timeout(limit: number, log: BuildLog): Failure {
  return {
    message: `the build timed out after ${String(limit / 1000)} s`,
    advice: 'See the last lines of its log for what it waited for; raise the input timeout if it needs longer.',
    log: log.tail,
  }
}

/** The base image that the build failed for. */
export function missingBase({ failedStep }: BuildLog): string | undefined {
  return /^\[internal\] load metadata for (\S+)$/.exec(failedStep?.name ?? '')?.[1]
}

/** @param isHeld whether the engine itself has an image of the name of the base image that could not be pulled */
export function buildFailure(exitCode: number, log: BuildLog, isHeld = false): Failure {
  const lines = parseFailingLines(log.messages)
  const said = log.messages.filter(text => /^ERROR: /.test(text)).at(-1)
  const { failedStep } = log
  const reason =
    (failedStep === undefined ? said?.replace(/^ERROR: /, '') : `${failedStep.name}: ${failedStep.error}`) ??
    `docker buildx build ended with exit code ${String(exitCode)}`
  const known = explain(missingBase(log), isHeld, [reason, ...log.messages, ...log.tail].join('\n'))
  return {
    message: known.what === undefined ? `the build failed: ${reason}` : `the build failed: ${known.what}: ${reason}`,
    advice: known.advice,
    log: log.tail.length > 0 ? log.tail : log.messages,
    ...(lines === undefined ? {} : { lines }),
  }
}

interface Explanation {
  readonly what?: string
  readonly advice: string
}

/** In the action the logins of steps before it do not count. */
const howToLogIn = 'input registry-credentials; on the command line docker login'

/** How registries refuse, in the words of containerd's resolver and of Docker Hub; the first that fits. */
const refusals: readonly { readonly sign: RegExp; readonly what: string; readonly advice: string }[] = [
  {
    sign: /toomanyrequests|too many requests|rate limit|status:? 429/i,
    what: 'the registry limits how often it may be asked',
    advice: `Give a login at the registry, which raises the limit (${howToLogIn}), or take the base image from a mirror; then run again.`,
  },
  {
    sign: /pull access denied|unauthori[sz]ed|authentication required|authorization failed|insufficient_scope|no basic auth|forbidden|status:? 40[13]|denied: /i,
    what: 'it does not exist, or credentials for it are missing',
    advice: `Check the name in FROM; if the image is private, give a login at its registry (${howToLogIn}).`,
  },
  {
    // Containerd ends it with "not found".
    sign: /no match for platform|no matching manifest/i,
    what: 'it does not exist for this platform',
    advice: 'Choose a base image that is published for the platform, or change the input platform.',
  },
  {
    sign: /not found|manifest unknown|status:? 404/i,
    what: 'it does not exist',
    advice: 'Check the name and the tag in FROM, and that they exist for this platform.',
  },
  {
    sign: /./,
    what: 'its registry did not answer as it should',
    advice: 'Check the network and its proxy, then run again.',
  },
]

/** Of an image that the engine has, and the registry does not give. */
const howToKeep =
  'The engine itself has an image of that name, of unknown age and origin, which is not used: push it to its registry, or set the input pull to false to build on it.'

/** @param base the base image that could not be pulled @param isHeld whether the engine has it @param text all that was said */
function explain(base: string | undefined, isHeld: boolean, text: string): Explanation {
  if (/no space left on device|disk quota exceeded/i.test(text)) {
    return {
      what: 'the disk is full',
      advice: 'Free space on the disk of the engine (docker system df shows what is on it), or use a bigger runner.',
    }
  }
  const refused = base === undefined ? undefined : refusals.find(({ sign }) => sign.test(text))
  if (base !== undefined && refused !== undefined) {
    const advice = isHeld ? `${refused.advice} ${howToKeep}` : refused.advice
    return { what: `the base image ${base} cannot be pulled, ${refused.what}`, advice }
  }
  if (/exit code: 137\b/.test(text)) {
    return {
      what: 'a step was killed, mostly for lack of memory',
      advice: 'Give the runner more memory, or build fewer images at once with the input max-parallel.',
    }
  }
  return {
    advice: 'Mend the Dockerfile, or what it needs (see the log); until it builds, nobody knows what is in the image.',
  }
}
