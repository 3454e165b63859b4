/** A YAML (or JSON) file as a checked value, with the place of everything in it. */
import * as v from 'valibot'
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import { messageOf } from '../errors.js'
import type { Place } from '../model.js'

/** Bytes. No policy that people read is as long, and a parser's time should not be a stranger's to spend. */
const maxBytes = 1024 * 1024

/** Gathers what is wrong, so that all of it can be said at once. */
export class Mistakes {
  readonly #all: { file: string; line: number; column: number; text: string }[] = []

  add(file: string, line: number, column: number, text: string): void {
    this.#all.push({ file, line, column, text })
  }

  /** In the order of files and lines, each with its place. */
  get messages(): readonly string[] {
    const files = [...new Set(this.#all.map(({ file }) => file))]
    return this.#all
      .toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
      .map(({ file, line, column, text }) => `${file}:${String(line)}:${String(column)}: ${text}`)
  }
}

export type KeyPath = readonly (string | number)[]

/** A file that is what its schema wants. */
export interface Checked<T> {
  readonly value: T
  /** The place of what lies under a path of keys. */
  place(path: KeyPath): Place
  /** Notes a mistake there. */
  refuse(path: KeyPath, text: string): void
}

/** @returns undefined when there are mistakes, which are then noted; an empty file is an empty mapping */
export function readDocument<S extends v.GenericSchema>(
  file: string,
  text: string,
  schema: S,
  mistakes: Mistakes,
): Checked<v.InferOutput<S>> | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    mistakes.add(file, 1, 1, `the file has ${(bytes / maxBytes).toFixed(1)} MiB; no more than 1 MiB is read`)
    return undefined
  }
  const lines = new LineCounter()
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false })
  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(error.pos[0])
    const text =
      error.code === 'MULTIPLE_DOCS' ? 'there is more than one document in the file' : clean(error.message, 200)
    mistakes.add(file, line, col, text)
  }
  if (document.errors.length > 0) return undefined
  if (document.contents !== null && !isMap(document.contents)) {
    mistakes.add(file, 1, 1, 'the file must be a mapping of keys to values')
    return undefined
  }
  const located = new Located(file, document, lines, mistakes)
  const value = toValue(located)
  if (value === undefined) return undefined
  const result = v.safeParse(schema, value)
  if (result.success)
    return {
      value: result.output,
      place: path => located.place(path),
      refuse: (path, what) => {
        located.refuse(path, what)
      },
    }
  for (const issue of result.issues) report(issue, located)
  return undefined
}

class Located {
  constructor(
    readonly file: string,
    readonly document: Document.Parsed,
    readonly lines: LineCounter,
    readonly mistakes: Mistakes,
  ) {}

  place(path: KeyPath): Place {
    const [from, to] = this.#range(path)
    // The end of a block is where the next thing begins: one further than what people see.
    const start = this.lines.linePos(from).line
    const end = this.lines.linePos(Math.max(from, to - 1)).line
    return { file: this.file, lines: { start, end: Math.max(start, end) } }
  }

  refuse(path: KeyPath, text: string): void {
    const { line, col } = this.lines.linePos(this.#range(path)[0])
    this.mistakes.add(this.file, line, col, text)
  }

  /** From the key, where there is one, to the end of the value. What is missing has the place of what it is missing in. */
  #range(path: KeyPath): readonly [number, number] {
    for (let length = path.length; length > 0; length -= 1) {
      const known = path.slice(0, length)
      const value: unknown = this.document.getIn(known, true)
      const parent: unknown = length === 1 ? this.document.contents : this.document.getIn(known.slice(0, -1), true)
      const pair = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(known.at(-1)))
        : undefined
      const from = pair !== undefined && isNode(pair.key) ? pair.key.range?.[0] : undefined
      const range = isNode(value) ? (value as Node).range : undefined
      const start = from ?? range?.[0]
      if (start !== undefined) return [start, range?.[1] ?? start]
    }
    return [0, 0]
  }
}

function toValue({ document, file, mistakes }: Located): unknown {
  try {
    // Aliases are followed so often and no more, or a small file could fill the memory.
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return value ?? {}
  } catch (error) {
    mistakes.add(file, 1, 1, `the aliases cannot be followed: ${clean(messageOf(error), 200)}`)
    return undefined
  }
}

function report(issue: v.BaseIssue<unknown>, located: Located): void {
  // Of what a union has against a value, that which one of its members says of a part of it says more.
  const inner = issue.issues?.find(({ path, kind }) => path !== undefined || kind === 'validation')
  const path = [...keysOf(issue), ...(inner === undefined ? [] : keysOf(inner))]
  const { type, message } = inner ?? issue
  if (type === 'strict_object') located.refuse(path, clean(message, 400))
  else located.refuse(path, `${clean(nameOf(path))} ${message}, not ${clean(shown((inner ?? issue).input))}`)
}

function keysOf({ path }: v.BaseIssue<unknown>): (string | number)[] {
  return (path ?? []).map(item => item.key as string | number)
}

/** `exceptions[2].id` */
function nameOf(path: KeyPath): string {
  return path
    .map(key => (typeof key === 'number' ? `[${String(key)}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value))
}

/** Foreign text for the middle of a message: one line, and not a long one. */
export function clean(text: string, most = 60): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
  return plain.length <= most ? plain : `${plain.slice(0, most - 1)}…`
}
