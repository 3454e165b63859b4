import type { BuildStep } from '../model.js'
import type { Console } from '../ports.js'
import type { ProgressEvent } from './progress.js'

/** Enough of the end of a log to see why a step failed, short enough for a summary. */
const tailLines = 20

/** Characters of a line that are kept: a step may print megabytes without a line end. */
const maxLine = 4000

/** What is kept of a log that nobody listens to yet: a build may print without end. */
const waitingLines = 2000

/** What a build said: kept until it is this build's turn to be told, then told as it comes. */
export class BuildLog {
  readonly #tail: string[] = []
  readonly #messages: string[] = []
  readonly #waiting: string[] = []
  readonly #onProgress: (text: string) => void
  /** The steps that were completed. */
  readonly steps: BuildStep[] = []
  #console: Console | undefined
  /** The last step that failed. */
  failedStep: { readonly name: string; readonly error: string } | undefined

  /** @param onProgress is told how far the build is: `3/7`, by the numbers that BuildKit gives the steps */
  constructor(onProgress: (text: string) => void) {
    this.#onProgress = onProgress
  }

  /** The last lines that the build's steps printed. */
  get tail(): readonly string[] {
    return this.#tail
  }

  /** The last lines of the client's own words. */
  get messages(): readonly string[] {
    return this.#messages
  }

  /** Tells what was said so far, and from now on everything at once. */
  tellTo(console: Console): void {
    this.#console = console
    this.#waiting.splice(0).forEach(line => {
      console.foreign(line)
    })
  }

  add(event: ProgressEvent): void {
    const line = renderEvent(event)
    if (line !== undefined) {
      if (this.#console === undefined) keep(this.#waiting, line, waitingLines)
      else this.#console.foreign(line)
    }
    if (event.kind === 'log') keep(this.#tail, event.text, tailLines)
    if (event.kind === 'message') keep(this.#messages, event.text, tailLines)
    if (event.kind === 'done') this.steps.push(event.step)
    const at = event.kind === 'step' ? /^\[(?:[^\]]* )?(\d+\/\d+)\]/.exec(event.name)?.[1] : undefined
    if (at !== undefined) this.#onProgress(at)
    // Steps that were cancelled because another one failed are not the reason.
    if (event.kind === 'failed' && !/context canceled|CANCELED/i.test(event.error)) {
      this.failedStep = { name: cut(event.name), error: cut(event.error) }
    }
  }
}

function keep(lines: string[], line: string, most: number): void {
  lines.push(cut(line))
  if (lines.length > most) lines.shift()
}

function cut(line: string): string {
  return line.length <= maxLine ? line : `${line.slice(0, maxLine)} … (${String(line.length)} characters)`
}

function renderEvent(event: ProgressEvent): string | undefined {
  switch (event.kind) {
    case 'step':
      return `=> ${event.name}`
    case 'done':
      return event.step.cached ? `=> cached ${event.step.name}` : undefined
    case 'failed':
      return `=> FAILED ${event.name}: ${event.error}`
    case 'log':
      return `   ${event.text}`
    case 'message':
      return event.text
  }
}
