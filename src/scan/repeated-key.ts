/**
 * Of two equal keys of an object `JSON.parse` keeps the last, without a word: an empty list of findings could stand in for
 * the full one.
 */

const [quote, backslash, colon, opening, closing] = Array.from('"\\:{}', character => character.charCodeAt(0))

/**
 * @param text JSON, well formed; reports have many megabytes, so each character is looked at once
 * @returns the first key that an object has twice
 */
export function findRepeatedKey(text: string): string | undefined {
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === opening) open.push(new Set())
    else if (character === closing) open.pop()
    if (character !== quote) continue
    const start = at
    at = endOfString(text, start)
    if (text.charCodeAt(skipSpace(text, at + 1)) !== colon) continue
    const written = text.slice(start, at + 1)
    const key = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1)
    const seen = open.at(-1)
    if (seen?.has(key) === true) return key
    seen?.add(key)
  }
  return undefined
}

/** The place of the quotation mark that ends a string: one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end
    while (text.charCodeAt(first - 1) === backslash) first -= 1
    if ((end - first) % 2 === 0) return end
  }
  return text.length
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1
  return at
}
