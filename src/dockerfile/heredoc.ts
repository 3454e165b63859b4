import { splitShellWords } from './shell-words.js'

export interface HeredocStart {
  /** The line that ends it. */
  readonly name: string
  /** `<<-`: tabs before the name do not count. */
  readonly chomp: boolean
}

/** The here-documents of a line, with its continuation lines joined. The escape character is always a backslash here. */
export function findHeredocs(line: string): readonly HeredocStart[] {
  if (!line.includes('<<')) return []
  const split = splitShellWords(line, { escape: '\\', rawQuotes: true, rawEscapes: true })
  return (split?.words ?? []).flatMap(word => parseHeredoc(word) ?? [])
}

/** @returns undefined for a word that begins no here-document (`ParseHeredoc` in BuildKit's parser) */
export function parseHeredoc(word: string): HeredocStart | undefined {
  const sign = /^[0-9]*<<(-?)[\t\n\f\r ]*/.exec(word)
  if (sign === null) return undefined
  const rest = word.slice(sign[0].length)
  if (rest === '' || rest.includes('<')) return undefined
  const [words, raw] = [false, true].map(
    rawQuotes => splitShellWords(rest, { escape: '\\', rawQuotes, rawEscapes: false })?.words ?? [],
  )
  const [name, second] = words ?? []
  // BuildKit looks twice, and an empty pair of quotation marks counts only the second time.
  if (name === undefined || second !== undefined || raw?.length !== 1) return undefined
  return { name, chomp: sign[1] === '-' }
}
