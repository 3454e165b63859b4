/** Splits one instruction, with its continuation lines joined, as BuildKit does (`parser/split_command.go`, `line_parsers.go`). */
import { toText, trimSpace } from './bytes.js'

export interface Command {
  /** In upper case where BuildKit knows it, else as written. */
  readonly keyword: string
  /** With quotation marks and escape characters taken away: `--from=base`. */
  readonly flags: readonly string[]
  /** What follows the keyword and the flags, without white space around it. */
  readonly argument: string
  /** The words of the JSON form; undefined where it is not used. */
  readonly json: readonly string[] | undefined
}

const jsonKeywords: ReadonlySet<string> = new Set(['ADD', 'CMD', 'COPY', 'ENTRYPOINT', 'RUN', 'SHELL', 'VOLUME'])
const otherKeywords = ['ARG', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER']
const keywords: ReadonlySet<string> = new Set([
  ...jsonKeywords,
  ...otherKeywords,
  ...['ONBUILD', 'STOPSIGNAL', 'USER', 'WORKDIR'],
])

/** @returns also the argument's bytes, which the text may not tell */
export function splitCommand(line: string, escape: string): { readonly command: Command; readonly rest: string } {
  const trimmed = trimSpace(line)
  const gap = /[\t\v\f\r ]+/.exec(trimmed)
  const keyword = readKeyword(toText(trimmed.slice(0, gap?.index)))
  const { flags, after } = readFlags(gap === null ? '' : trimmed.slice(gap.index + gap[0].length), escape)
  const rest = trimSpace(after)
  const argument = toText(rest)
  const json = jsonKeywords.has(keyword) ? readJson(argument) : undefined
  return { command: { keyword, flags, argument, json }, rest }
}

function readKeyword(text: string): string {
  // Go lowers letter by letter: U+0130 becomes a plain i.
  const upper = text.replaceAll('\u0130', 'i').toLowerCase().toUpperCase()
  return keywords.has(upper) && !/[^\0-\x7F\u0130\u212A]/.test(text) ? upper : text
}

/** Only the first words that begin with `--` are flags, up to one that is no more than that. All by bytes, as in BuildKit. */
function readFlags(text: string, escape: string): { readonly flags: readonly string[]; readonly after: string } {
  const flags: string[] = []
  let at = 0
  for (;;) {
    while (isSpaceByte(text[at])) at += 1
    if (!text.startsWith('--', at)) return { flags, after: text.slice(at) }
    const { flag, next } = readFlag(text, at, escape)
    at = next
    if (flag === '--') return { flags, after: text.slice(at) }
    flags.push(flag)
  }
}

function readFlag(text: string, start: number, escape: string): { readonly flag: string; readonly next: number } {
  let [flag, quote, at] = ['', '', start]
  for (; at < text.length; at += 1) {
    let character = text.charAt(at)
    if (quote === '' && isSpaceByte(character)) break
    if (quote === '' ? character === "'" || character === '"' : character === quote) {
      quote = quote === '' ? character : ''
      continue
    }
    if (character === escape) {
      at += 1
      // An escape character at the end is passed over.
      character = text.charAt(at)
    }
    flag += character
  }
  return { flag, next: at }
}

/** BuildKit takes each byte for a character here, and the bytes 0x85 and 0xA0 for white space. */
function isSpaceByte(byte: string | undefined): boolean {
  return byte !== undefined && /[\t-\r \x85\xA0]/.test(byte)
}

/** A list of strings, and nothing after it. BuildKit takes all else for words, or refuses it. */
function readJson(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const list = JSON.parse(text) as unknown[]
    // Go has U+FFFD for half of a surrogate pair.
    return list.every(word => typeof word === 'string') ? list.map(word => Buffer.from(word).toString()) : undefined
  } catch {
    return undefined
  }
}
