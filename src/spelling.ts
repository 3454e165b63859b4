/** A hint for a name that is not known: the one that was probably meant, or all that there are. */
export function spellingHint(name: string, known: readonly string[]): string {
  // Only of words of about the same length can it be, and foreign ones may be very long.
  const meant = known.find(other => Math.abs(other.length - name.length) <= 2 && distance(other, name) <= 2)
  return meant === undefined ? `Known are: ${known.join(', ')}.` : `Did you mean '${meant}'?`
}

/** Levenshtein distance: how many letters must change to make one word the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}
