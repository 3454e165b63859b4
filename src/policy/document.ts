/** A YAML (or JSON) file, with the place of everything in it. */
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Pair,
  type YAMLMap,
} from 'yaml'
import { messageOf } from '../errors.js'
import type { Place } from '../model.js'
import { findDepth, findOddities } from './shape.js'

/** Bytes. No policy that people read is as long, and a parser's time should not be a stranger's to spend. */
const maxBytes = 1024 * 1024

const maxMessages = 100

/** Levels; no policy needs ten. */
const maxDepth = 50

/** Gathers what is wrong, so that all of it can be said at once. */
export class Mistakes {
  readonly #all: { file: string; line: number; column: number; text: string }[] = []

  add(file: string, line: number, column: number, text: string): void {
    this.#all.push({ file, line, column, text })
  }

  /** In the order of files and lines, each with its place. What nobody would read to its end is counted. */
  get messages(): readonly string[] {
    const files = [...new Set(this.#all.map(({ file }) => file))]
    const shown = this.#all
      .toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
      .slice(0, maxMessages)
      .map(({ file, line, column, text }) => `${file}:${String(line)}:${String(column)}: ${text}`)
    const rest = this.#all.length - shown.length
    return rest > 0 ? [...shown, `and ${String(rest)} more mistakes`] : shown
  }
}

export type KeyPath = readonly (string | number)[]

/** A file that is YAML, and a mapping. */
export interface YamlDocument {
  /** As it stands there: unchecked. */
  readonly raw: unknown
  /** The place of what lies under a path of keys. */
  place(path: KeyPath): Place
  /** Notes a mistake there. */
  refuse(path: KeyPath, text: string): void
}

/** True, and a mistake, for a file that nobody should have to read. */
export function isTooBig(file: string, text: string, mistakes: Mistakes): boolean {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return false
  mistakes.add(file, 1, 1, `the file has ${(bytes / maxBytes).toFixed(1)} MiB; no more than 1 MiB is read`)
  return true
}

/** @returns undefined when there are mistakes, which are then noted; an empty file is an empty mapping */
export function openDocument(file: string, text: string, mistakes: Mistakes): YamlDocument | undefined {
  if (isTooBig(file, text, mistakes) || isTooDeep(file, text, mistakes)) return undefined
  const lines = new LineCounter()
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    // Sets, binary data and the like: nothing of it is wanted, and some of it would read as something else.
    resolveKnownTags: false,
  })
  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(error.pos[0])
    const what =
      error.code === 'MULTIPLE_DOCS' ? 'there is more than one document in the file' : clean(error.message, 200)
    mistakes.add(file, line, col, what)
  }
  if (document.errors.length > 0 || refuseOddities(file, document, lines, mistakes)) return undefined
  if (document.contents !== null && !isMap(document.contents)) {
    mistakes.add(file, 1, 1, 'the file must be a mapping of keys to values')
    return undefined
  }
  try {
    // Aliases are followed so often and no more, or a small file could fill the memory.
    return new Located(file, document, lines, mistakes, document.toJS({ maxAliasCount: 100 }) ?? {})
  } catch (error) {
    mistakes.add(file, 1, 1, `the aliases cannot be followed: ${clean(messageOf(error), 200)}`)
    return undefined
  }
}

function isTooDeep(file: string, text: string, mistakes: Mistakes): boolean {
  const at = findDepth(text, maxDepth)
  if (at === undefined) return false
  const before = text.slice(0, at)
  const column = before.length - before.lastIndexOf('\n')
  mistakes.add(file, before.split('\n').length, column, `there are more than ${String(maxDepth)} levels`)
  return true
}

function refuseOddities(file: string, document: Document.Parsed, lines: LineCounter, mistakes: Mistakes): boolean {
  const oddities = findOddities(document)
  for (const { at, text } of oddities) {
    const { line, col } = lines.linePos(at)
    mistakes.add(file, line, col, text)
  }
  return oddities.length > 0
}

class Located implements YamlDocument {
  /** What is under each key of a mapping: to search for each anew takes the square of the time. */
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()

  constructor(
    readonly file: string,
    readonly document: Document.Parsed,
    readonly lines: LineCounter,
    readonly mistakes: Mistakes,
    readonly raw: unknown,
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
    let range: readonly [number, number] = [0, 0]
    let node: unknown = this.document.contents
    for (const step of path) {
      const pair = isMap(node) ? this.#pairsOf(node).get(String(step)) : undefined
      node = isSeq(node) ? node.items[Number(step)] : pair?.value
      const key = isNode(pair?.key) ? pair.key.range : undefined
      const value = isNode(node) ? node.range : undefined
      const start = key?.[0] ?? value?.[0]
      if (start === undefined) return range
      range = [start, value?.[1] ?? start]
    }
    return range
  }

  #pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#pairs.get(map)
    if (known !== undefined) return known
    const pairs = new Map(map.items.map(pair => [isScalar(pair.key) ? String(pair.key.value) : '', pair] as const))
    this.#pairs.set(map, pairs)
    return pairs
  }
}

/** Foreign text for the middle of a message: one line, and not a long one. */
export function clean(text: string, most = 60): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
  return plain.length <= most ? plain : `${plain.slice(0, most - 1)}…`
}
