import { splitShellWords } from './shell-words.js'
import type { Instruction } from './dockerfile.js'

/** The words of an instruction: those of the JSON form, else what white space separates (COPY, ADD, FROM, VOLUME, EXPOSE). */
export function wordsOf({ json, argument }: Instruction): readonly string[] {
  return json ?? (argument === '' ? [] : argument.split(/[\t\v\f\r ]+/))
}

/** The value of a flag; undefined where there is none, or nothing in it. */
export function flagOf({ flags }: Instruction, name: string): string | undefined {
  const value = flags.find(flag => flag.startsWith(`--${name}=`))?.slice(name.length + 3)
  return value === '' ? undefined : value
}

/** A word without its quotation marks and escape characters. Variables stay as they are; so does what BuildKit refuses. */
export function unquote(word: string, escape: string): string {
  return splitShellWords(word, { escape, rawQuotes: false, rawEscapes: false })?.text ?? word
}

/** More of an instruction than this nobody needs to recognise it. */
const maxText = 100

/** An instruction in one line, for people, and cut where it is long. */
export function instructionText({ original, heredocs }: Instruction): string {
  const text = foldWhitespace(original)
  // What a here-document holds is not the instruction's own line.
  const whole = heredocs.length === 0 ? text : `${text} …`
  const characters = [...whole]
  return characters.length <= maxText
    ? whole
    : `${characters
        .slice(0, maxText - 1)
        .join('')
        .trimEnd()}…`
}

export function foldWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
