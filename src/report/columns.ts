/** Columns of a terminal. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Pictures, and the signs of East Asia (Unicode's East Asian Width, wide and fullwidth). */
const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u

/** Characters that are segmented at once: V8 copies the whole text for each segment, which fills the memory. */
const maxSegmented = 256

/** How many columns a terminal needs for a text. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (let at = 0; at < text.length; at += maxSegmented) {
    const part = text.slice(at, at + maxSegmented)
    for (const { segment } of segmenter.segment(part)) width += wide.test(segment) ? 2 : 1
  }
  return width
}

/** Fills cells so that they stand below each other; all but the first `left` columns end together, as numbers do. */
export function align(rows: readonly (readonly string[])[], left = Infinity): readonly (readonly string[])[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0),
  )
  return rows.map(row =>
    row.map((cell, column) => {
      const space = ' '.repeat((widths[column] ?? 0) - widthOf(cell))
      return column < left ? cell + space : space + cell
    }),
  )
}
