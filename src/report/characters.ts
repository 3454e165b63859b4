/**
 * Characters that a reader does not see, or that show him something else than what is there: control characters, those
 * that change the direction of text, fillers, and those in which text can hide. Every format shows or escapes them.
 */
const hidden =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uD800-\uDFFF\uFEFF\uFFA0\uFFF0-\uFFFB\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]|[\u180B-\u180F]|[\uFE00-\uFE0F]|\u034F|\u17B4|\u17B5/gu

/** Replaces what a reader cannot see by what he can: `\u{202e}`. */
export function visible(text: string): string {
  return replaceHidden(text, escape)
}

/** A name of nothing but blanks as something to see; any other name as it is. */
export function visibleName(name: string): string {
  return name.trim() === '' ? Array.from(name, escape).join('') : name
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** The same in a text that is JSON: there it is another way to write the same string. */
export function escapeInJson(json: string): string {
  // Pure ASCII, as most of a long report is: JSON has escaped its control characters already.
  if (Buffer.byteLength(json) === json.length) return json
  return replaceHidden(json, character =>
    Array.from({ length: character.length }, (_, at) => unitEscape(character.charCodeAt(at))).join(''),
  )
}

function replaceHidden(text: string, replace: (character: string) => string): string {
  return text.replace(hidden, (character, at: number) => (isPartOfEmoji(text, at) ? character : replace(character)))
}

function unitEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

/** What joins pictures to one (a woman, a rocket: an astronaut), or says that one is to be shown in colours. */
function isPartOfEmoji(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at)
  switch (text.charAt(at)) {
    case '\uFE0E':
    case '\uFE0F':
      return /[\p{Extended_Pictographic}#*\d]$/u.test(before)
    case '\u200D':
      return /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]$/u.test(before) && picture.test(text.slice(at + 1))
    default:
      return false
  }
}

const picture = /^\p{Extended_Pictographic}/u
