/** The order of Alpine's versions. */

/** See apk-package(5), "Package metadata": `NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER]`. */
const pattern = /^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?$/

/** Before the version itself, and after it. */
const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p']

/** @returns undefined for what is no such version, or has a number with a zero before it: that counts otherwise */
export function compareAlpine(a: string, b: string): number | undefined {
  const [left, right] = [readVersion(a), readVersion(b)]
  if (left === undefined || right === undefined) return undefined
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** What a version has at most of each: the parts of one must stand below the same ones of another. */
const [maxNumbers, maxSuffixes] = [8, 4]

function readVersion(text: string): readonly number[] | undefined {
  const [, numbers = '', letter = '', tail = '', revision = '-1'] = pattern.exec(text) ?? []
  const parts = numbers.split('.')
  const tails = [...tail.matchAll(/_([a-z]+)(\d*)/g)].map(([, name = '', number = '']) => [name, number] as const)
  if (numbers === '' || parts.slice(1).some(part => /^0\d/.test(part))) return undefined
  if (parts.length > maxNumbers || tails.length > maxSuffixes) return undefined
  if (tails.some(([name]) => !suffixes.includes(name))) return undefined
  return [
    // One that goes on is above one that ends, also with a zero.
    ...Array.from({ length: maxNumbers }, (_, at) => Number(parts[at] ?? -1)),
    letter === '' ? 0 : letter.charCodeAt(0),
    ...Array.from({ length: maxSuffixes }, (_, at) => tails[at] ?? ['', '0']).flatMap(([name, number]) => [
      suffixes.indexOf(name),
      Number(number),
    ]),
    Number(revision),
  ]
}
