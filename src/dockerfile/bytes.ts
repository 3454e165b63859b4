/**
 * BuildKit reads a Dockerfile as bytes, which need not be UTF-8. Here they are strings with one character for each byte:
 * text would already have lost what tells invalid bytes apart.
 */

export function toBytes(source: string | Uint8Array): string {
  return (typeof source === 'string' ? Buffer.from(source) : Buffer.from(source)).toString('latin1')
}

const valid = [
  '[\xC2-\xDF][\x80-\xBF]',
  '\xE0[\xA0-\xBF][\x80-\xBF]',
  '[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}',
  '\xED[\x80-\x9F][\x80-\xBF]',
  '\xF0[\x90-\xBF][\x80-\xBF]{2}',
  '[\xF1-\xF3][\x80-\xBF]{3}',
  '\xF4[\x80-\x8F][\x80-\xBF]{2}',
].join('|')
const sequences = new RegExp(`(?:${valid}){1,1000}|[\x80-\xFF]`, 'g')

/** Decodes UTF-8 as Go does: each invalid byte becomes one U+FFFD, where Node makes one of several. */
export function toText(bytes: string): string {
  if (!/[\x80-\xFF]/.test(bytes)) return bytes
  const text = decode(bytes)
  if (!text.includes('\uFFFD')) return text
  return bytes.replace(sequences, part => (part.length === 1 ? '\uFFFD' : decode(part)))
}

function decode(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

/** Bytes of the white space at a place, 0 where there is none: what Go's `unicode.IsSpace` takes for it, and no U+FEFF. */
function spaceAt(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at)
  if (first < 0x80) return (first >= 9 && first <= 13) || first === 0x20 ? 1 : 0
  if (first === 0xc2) return '\x85\xA0'.includes(bytes.charAt(at + 1) || ' ') ? 2 : 0
  return first >= 0xe1 && first <= 0xe3 && wide.test(bytes.slice(at, at + 3)) ? 3 : 0
}

const wide = /^(\xE1\x9A\x80|\xE2\x80[\x80-\x8A\xA8\xA9\xAF]|\xE2\x81\x9F|\xE3\x80\x80)/

export function trimStart(bytes: string): string {
  let at = 0
  for (let length = spaceAt(bytes, at); length > 0; length = spaceAt(bytes, at)) at += length
  return bytes.slice(at)
}

export function trimSpace(bytes: string): string {
  const start = trimStart(bytes)
  let end = start.length
  const last = (): number => [1, 2, 3].find(length => end >= length && spaceAt(start, end - length) === length) ?? 0
  for (let length = last(); length > 0; length = last()) end -= length
  return start.slice(0, end)
}

/** Takes these characters from the end. A regular expression would look at each run of them again and again. */
export function trimEndOf(bytes: string, characters: string): string {
  let end = bytes.length
  while (end > 0 && characters.includes(bytes.charAt(end - 1))) end -= 1
  return bytes.slice(0, end)
}
