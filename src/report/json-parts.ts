/**
 * JSON that is made and written part by part: as one text, very many findings would fill more memory than there is, and
 * even one image's would be more than V8 cleans up quickly.
 */
import { escapeInJson } from './characters.js'

/** An object whose last property is a list that is long. */
export class LongList {
  /**
   * @param head the other properties
   * @param items made one after another; each may be such an object in turn
   */
  constructor(
    readonly head: object,
    readonly name: string,
    readonly items: Iterable<unknown>,
  ) {}
}

/** Characters of a part, roughly: few enough to be cheap to throw away, many enough to be worth a call. */
const partSize = 32_768

/** @param indent spaces a level, 0 for none */
export function* jsonParts(whole: LongList, indent: number): Generator<string, void, undefined> {
  let part = ''
  for (const piece of piecesOf(whole, indent, 0)) {
    part += piece
    if (part.length < partSize) continue
    yield part
    part = ''
  }
  yield `${part}\n`
}

function* piecesOf({ head, name, items }: LongList, indent: number, level: number): Generator<string, void, undefined> {
  const lineEnd = (levels: number): string => (indent === 0 ? '' : `\n${' '.repeat(indent * (level + levels))}`)
  const text = textOf(head, indent, level)
  // All but the brace at the end.
  const start = text.slice(0, -1).trimEnd()
  yield `${start}${start === '{' ? '' : ','}${lineEnd(1)}${JSON.stringify(name)}:${indent === 0 ? '' : ' '}[`
  let first = true
  for (const item of items) {
    yield `${first ? '' : ','}${lineEnd(2)}`
    if (item instanceof LongList) yield* piecesOf(item, indent, level + 2)
    else yield textOf(item, indent, level + 2)
    first = false
  }
  yield `${first ? '' : lineEnd(1)}]${lineEnd(0)}}`
}

function textOf(value: unknown, indent: number, level: number): string {
  const json = escapeInJson(JSON.stringify(value, null, indent))
  return indent === 0 ? json : json.replaceAll('\n', `\n${' '.repeat(indent * level)}`)
}
