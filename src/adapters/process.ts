/**
 * Child processes: they may stream, take long, and must be ended with everything that they started. Short questions
 * (`docker version`) go through `command.ts`.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { messageOf, ToolError } from '../errors.js'
import { descendantsOf, isAlive, type Descendant } from './process-tree.js'

export interface ProcessRequest {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Environment
  readonly cwd?: string
  /** Milliseconds. */
  readonly timeout?: number
  /** Each line of standard output and standard error, without its end. */
  readonly onLine?: (line: string) => void
  /** Characters of a line; the rest of a longer one is dropped. Absent: as many as a person reads. */
  readonly maxLine?: number
  /** Takes standard output as it is, instead of `onLine`. When it fails, so does the process. */
  readonly onOutput?: (output: Readable) => Promise<void>
  /** Ends this process, as the run's end does. */
  readonly signal?: AbortSignal
}

export type ProcessResult =
  | { readonly status: 'exited'; readonly exitCode: number }
  | { readonly status: 'killed'; readonly signal: string }
  | { readonly status: 'timed-out' }

export type Environment = Readonly<Record<string, string>>

/** A program could not be started. */
export class MissingProgramError extends ToolError {}

/** Runs a process to its end. @throws ToolError when it cannot be started, or the run was cancelled */
export type RunProcess = (request: ProcessRequest) => Promise<ProcessResult>

/**
 * Milliseconds that a process may take to end by itself after it was asked to: less when it is the run that ends, since
 * a runner waits for 7.5 s in all (`ProcessInvoker.cs` in actions/runner).
 */
const grace = { timedOut: 3000, stopped: 1000 }

/** A build can print megabytes without a line break. */
const defaultMaxLine = 16 * 1024

/** @param cancelled ends every running process with its reason, and lets none start any more */
export function createRunProcess(cancelled: AbortSignal): RunProcess {
  return async request => {
    const stops = request.signal === undefined ? [cancelled] : [cancelled, request.signal]
    const throwIfStopped = (): void => {
      for (const stop of stops) stop.throwIfAborted()
    }
    throwIfStopped()
    const child = new Child(request)
    const ended = { byTimeout: false }
    const onTimeout = (): void => {
      ended.byTimeout = true
      child.end(grace.timedOut)
    }
    const timer = request.timeout === undefined ? undefined : setTimeout(onTimeout, request.timeout)
    const onStop = (): void => {
      child.end(grace.stopped)
    }
    for (const stop of stops) stop.addEventListener('abort', onStop)
    try {
      const result = await waitFor(child, request)
      throwIfStopped()
      return ended.byTimeout ? { status: 'timed-out' } : result
    } catch (error) {
      throwIfStopped()
      throw error
    } finally {
      clearTimeout(timer)
      for (const stop of stops) stop.removeEventListener('abort', onStop)
      child.release()
    }
  }
}

/** Those that were not released yet. */
const running = new Set<Child>()

/** However this process ends, nothing that it started goes on. */
function killAll(): void {
  for (const child of running) child.kill()
}

/** A process, and how to end it with all that it started. */
class Child {
  readonly process: ChildProcess
  /** True when nobody waits for its output any more. */
  abandoned = false
  #descendants: readonly Descendant[] = []
  #timers: NodeJS.Timeout[] = []

  constructor({ command, args, env, cwd }: ProcessRequest) {
    this.process = spawn(command, args, {
      env,
      cwd,
      // A group of its own, so that what the child starts can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (running.size === 0) process.once('exit', killAll)
    running.add(this)
  }

  /** @param patience milliseconds after which it is not asked any more */
  end(patience: number): void {
    this.#signal('SIGTERM')
    const kill = setTimeout(() => {
      this.kill()
      // Who holds the pipes and is not ours to end must not keep us.
      const letGo = setTimeout(() => {
        this.abandoned = true
        this.process.stdout?.destroy()
        this.process.stderr?.destroy()
      }, 200)
      this.#timers.push(letGo)
    }, patience)
    this.#timers.push(kill)
  }

  kill(): void {
    this.#signal('SIGKILL')
  }

  /** Ends what is left of it. After this, its number may be another process's. */
  release(): void {
    this.#timers.forEach(clearTimeout)
    this.kill()
    running.delete(this)
    if (running.size === 0) process.off('exit', killAll)
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.process
    if (pid === undefined) return
    // Of one that has ended the number may be another's, who has descendants too.
    if (exitCode === null && signalCode === null) this.#descendants = [...this.#descendants, ...descendantsOf(pid)]
    send(-pid, signal)
    for (const descendant of this.#descendants.filter(isAlive)) send(descendant.pid, signal)
  }
}

/** @param pid of a process, or a group's, negated */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Nobody is left.
  }
}

async function waitFor(child: Child, request: ProcessRequest): Promise<ProcessResult> {
  const { command, onLine, onOutput, maxLine } = request
  const ended = endOf(child.process, command)
  readLines(child.process.stderr, onLine, maxLine)
  const { stdout } = child.process
  if (onOutput === undefined || stdout === null) {
    readLines(stdout, onLine, maxLine)
    return ended
  }
  // Set when the output was refused while there was more of it: then the process fails only because it was ended.
  const output = { refused: false }
  const taken = onOutput(stdout).catch((error: unknown) => {
    output.refused = !stdout.readableEnded && !child.abandoned
    child.end(grace.timedOut)
    // Nobody reads on: what is in the pipe must not keep the process from ending.
    stdout.resume()
    throw error
  })
  const [result, consumed] = await Promise.allSettled([ended, taken])
  if (result.status === 'rejected') throw result.reason
  const failed = result.value.status !== 'exited' || result.value.exitCode !== 0
  // A process that failed by itself explains why its output is only half of one.
  if (consumed.status === 'rejected' && (output.refused || !failed)) throw consumed.reason
  return result.value
}

function endOf(child: ChildProcess, command: string): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    child.on('error', error => {
      reject(
        new MissingProgramError(`${command} could not be started: ${messageOf(error)}`, 'Check that it is installed.'),
      )
    })
    child.on('close', (exitCode, signal) => {
      resolve(exitCode === null ? { status: 'killed', signal: signal ?? 'unknown' } : { status: 'exited', exitCode })
    })
  })
}

/** A bare carriage return ends a line too, as it does for the runner that reads our output. */
export function readLines(
  stream: Readable | null,
  onLine: ((line: string) => void) | undefined,
  maxLine = defaultMaxLine,
): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  // Only what is new is looked at, and only what is kept is kept: a line may come byte by byte, and never end.
  const take = (text: string): void => {
    const [first = '', ...others] = text.split(/\r\n|\n|\r/)
    if (rest.length < maxLine) rest = (rest + first).slice(0, maxLine)
    for (const line of others) {
      if (rest !== '') onLine?.(rest)
      rest = line.slice(0, maxLine)
    }
  }
  stream?.on('data', (chunk: Buffer) => {
    take(decoder.write(chunk))
  })
  stream?.on('end', () => {
    take(`${decoder.end()}\n`)
  })
}
