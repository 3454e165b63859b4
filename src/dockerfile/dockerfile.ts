/**
 * Splits a Dockerfile into its instructions as BuildKit does (`frontend/dockerfile/parser/parser.go`, v0.25.1): what the gate
 * sees and the build does not, or the other way round, would be a way past it. What BuildKit refuses is split somehow.
 */
import { toBytes, toText, trimEndOf, trimStart } from './bytes.js'
import { splitCommand, type Command } from './command.js'
import { findHeredocs, type HeredocStart } from './heredoc.js'

export interface Heredoc extends HeredocStart {
  readonly content: string
}

export interface Instruction extends Command {
  /** As written, with continuation lines joined and comments dropped; without its here-documents. */
  readonly original: string
  /** Counted from 1; with its here-documents. */
  readonly lines: { readonly start: number; readonly end: number }
  readonly heredocs: readonly Heredoc[]
  /** The instruction that an ONBUILD leaves to the images that are FROM this one. */
  readonly trigger?: Instruction
}

export interface Dockerfile {
  readonly escape: string
  readonly instructions: readonly Instruction[]
}

/** @param source bytes where there are any: text has lost what is not UTF-8 */
export function parseDockerfile(source: string | Uint8Array): Dockerfile {
  return new Parser(toBytes(source), true).parse()
}

/** Those that can have here-documents. */
const heredocKeywords: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN'])

class Parser {
  readonly #lines: readonly string[]
  /** Whether triggers are read. */
  readonly #unwraps: boolean
  /** How many lines are read. */
  #read = 0
  #escape = '\\'
  /** Directives stand before all else. */
  #mayBeDirective = true

  constructor(bytes: string, unwraps: boolean) {
    this.#unwraps = unwraps
    const lines = bytes.replace(/^\xEF\xBB\xBF/, '').split('\n')
    // A line end ends a line; it does not begin one.
    this.#lines = lines.at(-1) === '' ? lines.slice(0, -1) : lines
  }

  parse(): Dockerfile {
    const instructions: Instruction[] = []
    for (let next = this.#readInstruction(); next !== undefined; next = this.#readInstruction()) instructions.push(next)
    return { escape: this.#escape, instructions }
  }

  #readInstruction(): Instruction | undefined {
    const written = this.#readWritten()
    if (written === undefined) return undefined
    const { line, start } = written
    const original = toText(line)
    const { command, rest } = splitCommand(line, this.#escape)
    const isOnbuild = command.keyword === 'ONBUILD'
    const { keyword, json } = isOnbuild ? splitCommand(rest, this.#escape).command : command
    const starts = heredocKeywords.has(keyword) && json === undefined ? findHeredocs(original) : []
    const read = starts.map(heredoc => ({ ...heredoc, bytes: this.#readHeredoc(heredoc) }))
    const heredocs = read.map(({ name, chomp, bytes }) => ({ name, chomp, content: toText(bytes) }))
    const lines = { start, end: this.#read }
    const instruction = { ...command, original, lines, heredocs }
    if (!isOnbuild || !this.#unwraps) return instruction
    const trigger = readTrigger(line + read.map(({ name, bytes }) => `\n${bytes}${toBytes(name)}`).join(''))
    return trigger === undefined ? instruction : { ...instruction, trigger: { ...trigger, lines } }
  }

  /** The lines of an instruction, joined. */
  #readWritten(): { readonly line: string; readonly start: number } | undefined {
    while (this.#read < this.#lines.length) {
      const first = trimStart(trimEndOf(this.#nextLine(), '\r'))
      const start = this.#read
      if (this.#mayBeDirective) this.#readDirective(first)
      let part = this.#splitEnd(first.startsWith('#') ? '' : first)
      if (part.text === '' && !part.continues) continue
      const parts = [part.text]
      while (part.continues && this.#read < this.#lines.length) {
        const next = trimEndOf(this.#nextLine(), '\r')
        const visible = trimStart(next)
        if (visible === '' || visible.startsWith('#')) continue
        part = this.#splitEnd(next)
        parts.push(part.text)
      }
      return { line: parts.join(''), start }
    }
    return undefined
  }

  #nextLine(): string {
    const line = this.#lines[this.#read] ?? ''
    this.#read += 1
    return line
  }

  /** An escape character at the end continues the line, but not where another is before it. */
  #splitEnd(line: string): { readonly text: string; readonly continues: boolean } {
    const end = trimEndOf(line, ' \t')
    const continues = end.endsWith(this.#escape) && end.at(-2) !== this.#escape
    return continues ? { text: end.slice(0, -1), continues } : { text: line, continues }
  }

  #readDirective(line: string): void {
    const [, name = '', rest = ''] = /^#[\t\n\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=([^]+)$/.exec(line) ?? []
    const known = name.toLowerCase()
    this.#mayBeDirective = ['syntax', 'escape', 'check'].includes(known)
    const value = trimEndOf(rest, '\t\n\f\r ').replace(/^[\t\n\f\r ]+/, '')
    if (known === 'escape' && (value === '`' || value === '\\')) this.#escape = value
  }

  #readHeredoc({ name, chomp }: HeredocStart): string {
    const end = toBytes(name)
    const content: string[] = []
    while (this.#read < this.#lines.length) {
      const line = this.#nextLine()
      const bare = trimEndOf(line, '\r')
      if ((chomp ? bare.replace(/^\t+/, '') : bare) === end) break
      content.push(`${line}\n`)
    }
    return content.join('')
  }
}

/** BuildKit keeps the text of a trigger in the image, and reads that as a Dockerfile of its own (`parseOnBuild`). */
function readTrigger(onbuild: string): Instruction | undefined {
  const bytes = onbuild.replace(/^[\t\n\f\r ]*onbuild[\t\n\f\r ]*/i, '')
  // A trigger of a trigger is refused.
  return new Parser(bytes, false).parse().instructions[0]
}
