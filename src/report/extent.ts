/** How much of a report fits where it is to go. */
import type { Report } from '../model.js'
import { groupByCause } from './cause.js'
import { worstImages } from './summary-images.js'

/** How much is shown. */
export interface Extent {
  /** So many images in detail. */
  readonly images: number
  /** So many rows of each instruction or list. */
  readonly rows: number
  /** So many characters of a finding’s title: where it takes the width of a page, a browser breaks versions at their hyphens. */
  readonly title: number
  /** So many characters of an image’s part: endless where there is room, since the rows limit it. */
  readonly share: number
  /** Whether there is room for what blocks nothing: lists of what was passed over, rules, times. */
  readonly asides: boolean
  /** Where the rest is. */
  readonly elsewhere: string
}

/** So few rows that the part of an image is only long when its texts are. */
const fewRows = 3

/**
 * What blocks nothing goes first, as a whole; then rows, the least severe of each instruction; then images, the least
 * affected first: whoever has 200 of them wants to see each one's worst.
 */
const extents: readonly Pick<Extent, 'images' | 'rows' | 'asides'>[] = [
  { images: Infinity, rows: 200, asides: true },
  ...[200, 50, 10, fewRows].map(rows => ({ images: Infinity, rows, asides: false })),
  ...[50, 20, 5, 0].map(images => ({ images, rows: fewRows, asides: false })),
]

export interface Room extends Pick<Extent, 'title' | 'share' | 'elsewhere'> {
  readonly bytes: number
  /** UTF-16 code units, as JavaScript counts. */
  readonly characters?: number
  /** The most that is shown even where more would fit; absent: all. */
  readonly most?: Pick<Extent, 'images' | 'rows'>
}

/**
 * Renders as much as fits: the worst findings first.
 * @param shorter what there is instead where not even the least does; the last of these must fit whatever happens
 */
export function renderWithin(
  { bytes, characters = bytes, most = { images: Infinity, rows: Infinity }, title, share, elsewhere }: Room,
  report: Report,
  render: (extent: Extent) => string,
  ...shorter: readonly [...string[], string]
): string {
  const fits = (text: string): boolean => text.length <= characters && Buffer.byteLength(text) <= bytes
  for (const { images, rows, asides } of extents) {
    const extent = {
      images: Math.min(images, most.images),
      rows: Math.min(rows, most.rows),
      title,
      share: rows > fewRows ? Infinity : share,
      asides,
      elsewhere,
    }
    if (estimate(report, extent) > 4 * characters) continue
    const text = render(extent)
    if (fits(text)) return text
  }
  return shorter.find(fits) ?? shorter[shorter.length - 1] ?? ''
}

/** Bytes, roughly: to render what cannot fit by far takes time for nothing. */
function estimate(report: Report, { images, rows }: Pick<Extent, 'images' | 'rows'>): number {
  const causes = worstImages(report).slice(0, images).flatMap(groupByCause)
  return causes.reduce((sum, { findings }) => sum + Math.min(rows, findings.length), 0) * bytesPerRow
}

const bytesPerRow = 150
