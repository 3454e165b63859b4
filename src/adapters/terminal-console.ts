import type { Console } from '../ports.js'
import { harmlessLines } from './harmless.js'

/** The part of a terminal that is drawn anew, for instance of the library log-update. */
export interface LiveArea {
  (text: string): void
  clear(): void
}

export interface TerminalOptions {
  /** Progress goes to standard error: standard output is the report's. */
  readonly write: (text: string) => void
  /** Also show what builds print, and what only helps with debugging. */
  readonly verbose: boolean
  /** Absent where the output is not a terminal: each new stage of an image is a line then. */
  readonly live?: LiveArea
  /** Lines that the terminal has. */
  readonly rows?: () => number
}

interface Progress {
  readonly stage: string
  readonly detail: string
}

/** The console of a person. */
export class TerminalConsole implements Console {
  readonly #options: TerminalOptions
  readonly #images = new Map<string, Progress>()

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

  progress(image: string, stage: string, detail = ''): void {
    const name = harmlessLines(image).join(' ')
    const known = this.#images.get(name)
    if (known?.stage === stage && known.detail === detail) return
    this.#images.set(name, { stage, detail })
    if (this.#options.live !== undefined) this.#draw()
    else if (known?.stage !== stage && stage !== 'waiting') this.#print(`${name}: ${stage} ${detail}`.trimEnd())
  }

  async group<T>(title: string, work: () => Promise<T>): Promise<T> {
    // Without what is printed in it, a group says no more than the progress does.
    if (this.#options.verbose) this.#print(`${title} ...`)
    return work()
  }

  /** Takes the progress away: the report follows, and says how it ended. */
  settle(): void {
    this.#images.clear()
    this.#options.live?.clear()
  }

  #draw(): void {
    const { live, rows = () => 24 } = this.#options
    live?.(renderProgress(this.#images, rows() - 2).join('\n'))
  }

  #print(text: string): void {
    this.#options.live?.clear()
    for (const line of harmlessLines(text)) this.#options.write(`${line}\n`)
    if (this.#images.size > 0) this.#draw()
  }
}

/** One line for each image, or for those at work where there is no room for all; the others are counted by stage. */
export function renderProgress(images: ReadonlyMap<string, Progress>, room: number): string[] {
  const width = [...images.keys()].reduce((most, { length }) => Math.max(most, length), 0)
  const line = ([name, { stage, detail }]: [string, Progress]): string =>
    `  ${name.padEnd(width)}  ${stage} ${detail}`.trimEnd()
  if (images.size <= room) return [...images].map(line)
  const atWork = [...images].filter(([, { stage }]) => stage === 'building' || stage === 'scanning')
  const shown = atWork.slice(0, Math.max(0, room - 1))
  const names = new Set(shown.map(([name]) => name))
  const others = new Map<string, number>()
  for (const [name, { stage }] of images) {
    if (!names.has(name)) others.set(stage, (others.get(stage) ?? 0) + 1)
  }
  return [...shown.map(line), `  ${[...others].map(([stage, number]) => `${String(number)} ${stage}`).join(' · ')}`]
}
