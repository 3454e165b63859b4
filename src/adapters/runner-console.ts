import { randomUUID } from 'node:crypto'
import * as core from '@actions/core'
import type { Annotation, Console } from '../ports.js'
import { harmlessLines } from './harmless.js'

/** The console of a runner: workflow commands for what we say, and no way to give one for anybody else. */
export class RunnerConsole implements Console {
  readonly #write: (line: string) => void
  /** Set while the runner ignores commands, the second layer around what others print. */
  #stopToken: string | undefined

  constructor(write: (line: string) => void = line => process.stdout.write(`${line}\n`)) {
    this.#write = write
  }

  info(text: string): void {
    harmlessLines(text).forEach(this.#write)
  }

  warning(text: string): void {
    this.#command(() => {
      core.warning(harmlessLines(text).join('\n'))
    })
  }

  debug(text: string): void {
    this.#command(() => {
      core.debug(harmlessLines(text).join('\n'))
    })
  }

  foreign(line: string): void {
    this.#stopCommands()
    harmlessLines(line).forEach(this.#write)
  }

  /** The log of each image has a group of its own, which says as much. */
  progress(): void {
    return
  }

  async group<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.#resumeCommands()
    core.startGroup(harmlessLines(title).join(' '))
    try {
      return await work()
    } finally {
      this.#resumeCommands()
      core.endGroup()
    }
  }

  annotate({ level, title, message, file, lines }: Annotation): void {
    const properties = {
      title: harmlessLines(title).join(' '),
      ...(file === undefined ? {} : { file }),
      ...(lines === undefined ? {} : { startLine: lines.start, endLine: lines.end }),
    }
    this.#command(() => {
      core[level](harmlessLines(message).join('\n'), properties)
    })
  }

  /** Fails the step, with its last words. */
  fail(text: string): void {
    this.#command(() => {
      core.setFailed(harmlessLines(text).join('\n'))
    })
  }

  #command(give: () => void): void {
    const stopped = this.#stopToken !== undefined
    this.#resumeCommands()
    give()
    if (stopped) this.#stopCommands()
  }

  #stopCommands(): void {
    if (this.#stopToken !== undefined) return
    this.#stopToken = randomUUID()
    this.#write(`::stop-commands::${this.#stopToken}`)
  }

  #resumeCommands(): void {
    if (this.#stopToken === undefined) return
    this.#write(`::${this.#stopToken}::`)
    this.#stopToken = undefined
  }
}
