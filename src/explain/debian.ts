/** The order of Debian's versions. */

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
