/** How much of a report fits where it is to go. */
import type { Report } from '../model.js'
import { groupByCause } from './cause.js'
import { worstFirst } from './summary-images.js'

/** How much is shown: so many images in detail, and so many rows of each instruction or list. */
export interface Extent {
  readonly images: number
  readonly rows: number
}

/** Rows go first, then images: whoever has 200 of them wants to see each one's worst. */
const extents: readonly Extent[] = [
  ...[200, 50, 10, 3].map(rows => ({ images: Infinity, rows })),
  ...[50, 20, 5, 0].map(images => ({ images, rows: 3 })),
]

export interface Room {
  readonly bytes: number
  /** UTF-16 code units, as JavaScript counts. */
  readonly characters?: number
  /** The most that is shown even where more would fit; absent: all. */
  readonly most?: Extent
}

/** Renders as much as fits: the worst findings first. Undefined where not even the least does. */
export function renderWithin(
  { bytes, characters = bytes, most = { images: Infinity, rows: Infinity } }: Room,
  report: Report,
  render: (extent: Extent) => string,
): string | undefined {
  for (const { images, rows } of extents) {
    const extent = { images: Math.min(images, most.images), rows: Math.min(rows, most.rows) }
    if (estimate(report, extent) > 4 * characters) continue
    const text = render(extent)
    if (text.length <= characters && Buffer.byteLength(text) <= bytes) return text
  }
  return undefined
}

/** Bytes, roughly: to render what cannot fit by far takes time for nothing. */
function estimate(report: Report, { images, rows }: Extent): number {
  const causes = worstFirst(report).slice(0, images).flatMap(groupByCause)
  return causes.reduce((sum, { findings }) => sum + Math.min(rows, findings.length), 0) * bytesPerRow
}

const bytesPerRow = 150
