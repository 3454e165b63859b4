/** Which of several versions is the newest; only where that is certain. */
import type { Package, Vulnerability } from '../model.js'

/** @returns negative, zero or positive; undefined where the two cannot be compared for certain */
type Compare = (a: string, b: string) => number | undefined

/** The lowest version of a package that fixes all of the findings; undefined where it is not certain. */
export function fixingVersion(findings: readonly Vulnerability[]): string | undefined {
  const fixes = findings.map(fixOf)
  const [first] = fixes
  if (first === undefined) return undefined
  if (fixes.every(fix => fix === first)) return first
  const compare = compareFor(findings[0]?.package)
  return fixes.reduce<string | undefined>((highest, fix) => {
    if (highest === undefined || fix === undefined) return undefined
    const order = compare(fix, highest)
    return order === undefined ? undefined : order > 0 ? fix : highest
  }, first)
}

/** Of several versions that fix a finding, each on its own line of releases, the next above the installed one. */
function fixOf({ fixedVersion, package: installed }: Vulnerability): string | undefined {
  const candidates = (fixedVersion ?? '').split(',').map(version => version.trim())
  if (candidates.length === 1) return candidates[0] === '' ? undefined : candidates[0]
  const compare = compareFor(installed)
  const above = candidates.filter(version => (compare(version, installed.version) ?? 0) > 0)
  const sorted = above.toSorted((a, b) => compare(a, b) ?? 0)
  return candidates.every(version => compare(version, installed.version) !== undefined) ? sorted[0] : undefined
}

function compareFor(subject: Package | undefined): Compare {
  return subject?.type === 'debian' || subject?.type === 'ubuntu' ? compareDebian : compareNumbers
}

/** `1.2.10` is above `1.2.9`; anything but numbers and points is not compared. */
function compareNumbers(a: string, b: string): number | undefined {
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

/** As `dpkg --compare-versions` does; see "Version" in the Debian Policy Manual, section 5.6.12. */
export function compareDebian(a: string, b: string): number {
  const [left, right] = [splitDebian(a), splitDebian(b)]
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  )
}

function splitDebian(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/.exec(version) ?? []
  const dash = rest.lastIndexOf('-')
  return {
    epoch: Number(epoch),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** By turns what is no number and what is one. */
function compareParts(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [texts, numbers] = [/^\D*/, /^\d*/].map(pattern => {
      const pair = [pattern.exec(left)?.[0] ?? '', pattern.exec(right)?.[0] ?? ''] as const
      left = left.slice(pair[0].length)
      right = right.slice(pair[1].length)
      return pair
    })
    const byText = compareTexts(texts?.[0] ?? '', texts?.[1] ?? '')
    if (byText !== 0) return byText
    const byNumber = Number(numbers?.[0] || 0) - Number(numbers?.[1] || 0)
    if (byNumber !== 0) return byNumber
  }
  return 0
}

/** A tilde comes before everything, even the end; then letters, then the rest. */
function compareTexts(a: string, b: string): number {
  const rank = (character: string | undefined): number => {
    if (character === undefined) return 0
    if (character === '~') return -1
    return /[a-z]/i.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
  }
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = rank(a[at]) - rank(b[at])
    if (difference !== 0) return difference
  }
  return 0
}
