/** The order of versions that are numbers with points between them. */

/** `1.2.10` is above `1.2.9`; anything but numbers and points is not compared. */
export function compareNumbers(a: string, b: string): number | undefined {
  const [left, right] = [a, b].map(version =>
    /^v?\d+(\.\d+)*$/.test(version) ? version.replace('v', '').split('.') : undefined,
  )
  if (left === undefined || right === undefined) return undefined
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = Number(left[at] ?? 0) - Number(right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The same with what comes before a version, `1.2.3-beta.1`: semver.org, section 11. What was built by whom is no matter. */
export function compareSemver(a: string, b: string): number | undefined {
  const [left, right] = [splitSemver(a), splitSemver(b)]
  if (left === undefined || right === undefined) return undefined
  const byNumbers = compareNumbers(left.numbers, right.numbers)
  return byNumbers === 0 ? compareBefore(left.before, right.before) : byNumbers
}

function splitSemver(text: string): { numbers: string; before: readonly string[] } | undefined {
  const parts = /^(v?\d+(?:\.\d+)*)(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.-]+)?$/i.exec(text)
  return parts?.[1] === undefined ? undefined : { numbers: parts[1], before: parts[2]?.split('.') ?? [] }
}

function compareBefore(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [at, left] of a.entries()) {
    const right = b[at]
    if (right === undefined) return 1
    const [isNumber, otherIs] = [left, right].map(part => /^\d+$/.test(part))
    if (isNumber === true && otherIs === true && Number(left) !== Number(right)) return Number(left) - Number(right)
    if (isNumber !== otherIs) return isNumber === true ? -1 : 1
    if (left !== right && isNumber !== true) return left < right ? -1 : 1
  }
  return a.length - b.length
}
