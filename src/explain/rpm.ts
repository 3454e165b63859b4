/** The order of RPM's versions. */

/** `[EPOCH:]VERSION[-RELEASE]`, each part as `rpmvercmp` in rpm's lib/rpmvercmp.c has it. */
export function compareRpm(a: string, b: string): number {
  const [left, right] = [splitRpm(a), splitRpm(b)]
  return (
    left.epoch - right.epoch ||
    compareParts(left.version, right.version) ||
    // A version without a release stands for all of its releases.
    (left.release === '' || right.release === '' ? 0 : compareParts(left.release, right.release))
  )
}

function splitRpm(text: string): { epoch: number; version: string; release: string } {
  const [, epoch = '0', version = '', release = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(text) ?? []
  return { epoch: Number(epoch), version, release }
}

/** Numbers and words by turns; `~` comes before everything, `^` after the end and before the rest. */
function compareParts(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const order = comparePart(left[at], right[at])
    if (order !== 0) return order
  }
  return 0
}

function partsOf(text: string): readonly string[] {
  return text.match(/~|\^|\d+|[a-z]+/gi) ?? []
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  const difference = rankOf(a) - rankOf(b)
  if (difference !== 0 || a === undefined || b === undefined) return difference
  if (/^\d/.test(a)) return compareDigits(a, b)
  return a < b ? -1 : 1
}

/** `~` is below the end, the end below `^`, that below a word, and a word below a number. */
function rankOf(part: string | undefined): number {
  if (part === undefined) return 1
  if (part === '~') return 0
  if (part === '^') return 2
  return /^\d/.test(part) ? 4 : 3
}

/** However long they are. */
function compareDigits(a: string, b: string): number {
  const [left, right] = [a, b].map(digits => digits.replace(/^0+/, '')) as [string, string]
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0)
}
