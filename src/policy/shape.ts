/** What a policy must not have, though it be good YAML. */
import { isNode, isScalar, Lexer, Parser, visit, type Document, type Node, type YAMLMap } from 'yaml'

/**
 * Looks at what the parser builds while it does, and goes no deeper itself: where the rest of the library runs out of stack,
 * it may take the whole process along.
 * @returns where there are more levels than that, as the index of a character
 */
export function findDepth(text: string, most: number): number | undefined {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme))
    if (parser.stack.length > most) return parser.offset
  }
  return undefined
}

export interface Oddity {
  /** Index of a character. */
  readonly at: number
  readonly text: string
}

/** Keys that stand there twice or are not what they say, and what contains itself. */
export function findOddities(document: Document.Parsed): readonly Oddity[] {
  const oddities: Oddity[] = []
  const anchors = new Map<string, Node>()
  const remember = (node: Node & { anchor?: string }): void => {
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
  }
  visit(document, {
    Map: (_, map) => {
      remember(map)
      for (const found of findOddKeys(map)) oddities.push(found)
    },
    Seq: (_, list) => {
      remember(list)
    },
    Alias: (_, alias, path) => {
      const named = anchors.get(alias.source)
      if (named !== undefined && path.includes(named)) oddities.push(oddity(alias, 'an alias stands in what it names'))
    },
  })
  return oddities
}

/** The parser's own check compares every key with every other: minutes for a file of some hundred kilobytes. */
function findOddKeys({ items }: YAMLMap): Oddity[] {
  const seen = new Set<string>()
  return items.flatMap(({ key }) => {
    const name = isScalar(key) ? nameOf(key.value) : ''
    if (key !== null && (!isScalar(key) || (key.source ?? name) !== name)) {
      return [oddity(key, 'a key must be a text; put it into quotation marks')]
    }
    if (seen.has(name)) return [oddity(key, 'Map keys must be unique')]
    seen.add(name)
    return []
  })
}

/** As it will be called: a number is a text then, and nothing is the empty one. */
function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : key === null ? '' : JSON.stringify(key)
}

function oddity(node: unknown, text: string): Oddity {
  return { at: isNode(node) ? (node.range?.[0] ?? 0) : 0, text }
}
