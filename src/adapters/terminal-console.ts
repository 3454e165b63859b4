import type { Console } from '../ports.js'
import { harmlessLines } from './harmless.js'

export interface TerminalOptions {
  /** Progress goes to standard error: standard output is the report's. */
  readonly write: (text: string) => void
  /** Also show what builds print, and what only helps with debugging. */
  readonly verbose: boolean
}

/** The console of a person. */
export class TerminalConsole implements Console {
  readonly #options: TerminalOptions

  constructor(options: TerminalOptions) {
    this.#options = options
  }

  info(text: string): void {
    this.#print(text)
  }

  warning(text: string): void {
    this.#print(`Warning: ${text}`)
  }

  debug(text: string): void {
    if (this.#options.verbose) this.#print(text)
  }

  foreign(line: string): void {
    if (this.#options.verbose) this.#print(`  ${line}`)
  }

  async group<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.#print(`${title} ...`)
    return work()
  }

  #print(text: string): void {
    for (const line of harmlessLines(text)) this.#options.write(`${line}\n`)
  }
}
