/**
 * Child processes that stream, take long, and must be ended with everything that they started. Short questions
 * (`docker version`) go through @actions/exec instead.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { messageOf, ToolError } from '../errors.js'

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

/** Runs a process to its end. @throws ToolError when it cannot be started, or the run was cancelled */
export type RunProcess = (request: ProcessRequest) => Promise<ProcessResult>

/** How long a process may take to end by itself after it was asked to. */
const graceMilliseconds = 3000

/** Longer lines are cut: no reader needs them, and a build can print megabytes without a line break. */
const maxLine = 16 * 1024

/** @param cancelled ends every running process with its reason, and lets none start any more */
export function createRunProcess(cancelled: AbortSignal): RunProcess {
  return async request => {
    const stop = request.signal === undefined ? cancelled : AbortSignal.any([cancelled, request.signal])
    stop.throwIfAborted()
    const child = spawn(request.command, request.args, {
      env: request.env,
      cwd: request.cwd,
      // A group of its own, so that what the child starts can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timers: NodeJS.Timeout[] = []
    const ended = { byTimeout: false }
    const end = (): void => {
      signalGroup(child, 'SIGTERM')
      timers.push(
        setTimeout(() => {
          signalGroup(child, 'SIGKILL')
        }, graceMilliseconds),
      )
    }
    if (request.timeout !== undefined) {
      timers.push(
        setTimeout(() => {
          ended.byTimeout = true
          end()
        }, request.timeout),
      )
    }
    stop.addEventListener('abort', end)
    try {
      const result = await waitFor(child, request, end)
      stop.throwIfAborted()
      return ended.byTimeout ? { status: 'timed-out' } : result
    } finally {
      // Also the one that would kill later: by then the number may be another process's.
      timers.forEach(clearTimeout)
      stop.removeEventListener('abort', end)
      signalGroup(child, 'SIGKILL')
    }
  }
}

/** @param end asks the process to end */
async function waitFor(child: ChildProcess, request: ProcessRequest, end: () => void): Promise<ProcessResult> {
  const { command, onLine, onOutput } = request
  const ended = new Promise<ProcessResult>((resolve, reject) => {
    child.on('error', error => {
      reject(new ToolError(`${command} could not be started: ${messageOf(error)}`, 'Check that it is installed.'))
    })
    child.on('close', (exitCode, signal) => {
      resolve(exitCode === null ? { status: 'killed', signal: signal ?? 'unknown' } : { status: 'exited', exitCode })
    })
  })
  readLines(child.stderr, onLine)
  const { stdout } = child
  if (onOutput === undefined || stdout === null) {
    readLines(stdout, onLine)
    return ended
  }
  // Set when the output was refused while there was more of it: then the process fails only because it was ended.
  const output = { refused: false }
  const taken = onOutput(stdout).catch((error: unknown) => {
    output.refused = !stdout.readableEnded
    end()
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

/** A bare carriage return ends a line too, as it does for the runner that reads our output. */
function readLines(stream: Readable | null, onLine: ((line: string) => void) | undefined): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const emit = (line: string): void => {
    if (line !== '') onLine?.(line.slice(0, maxLine))
  }
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    lines.forEach(emit)
    // What is cut from a line without end must not pile up in memory.
    if (rest.length > 64 * maxLine) {
      emit(rest)
      rest = ''
    }
  })
  stream?.on('end', () => {
    emit(rest + decoder.end())
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left in the group.
  }
}
