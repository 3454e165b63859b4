/** The findings of all images together. */
import { rulings, severities, type ImageVerdict, type JudgedFinding } from '../model.js'

export interface Placed {
  readonly image: ImageVerdict
  readonly finding: JudgedFinding
}

/** What blocks first, and of that the worst. */
function rankOf({ ruling, severity }: JudgedFinding): number {
  return rulings.indexOf(ruling) * severities.length + severities.indexOf(severity)
}

const ranks = rulings.length * severities.length

/** What blocks first, and of that the worst; of findings worth the same, those of the first image. */
export function worstFindings(
  images: readonly ImageVerdict[],
  isWanted: (finding: JudgedFinding) => boolean = () => true,
): Placed[] {
  const byRank = Array.from({ length: ranks }, (): Placed[] => [])
  for (const image of images) {
    for (const finding of image.findings) if (isWanted(finding)) byRank[rankOf(finding)]?.push({ image, finding })
  }
  return byRank.flat()
}

/**
 * As many of all findings as there is room for: in one half the worst of each image, so that who looks for an image finds
 * it, in the other the worst of all. Relies on the order in which images have their findings.
 */
export function fairShare(images: readonly ImageVerdict[], most: number): readonly Placed[] {
  const total = images.reduce((sum, { findings }) => sum + findings.length, 0)
  if (total <= most) return worstFindings(images)
  const share = Math.floor(most / 2 / images.filter(({ findings }) => findings.length > 0).length)
  const own = images.flatMap(image => image.findings.slice(0, share).map((finding): Placed => ({ image, finding })))
  const room = most - own.length
  const limit = rankOfLast(images, share, room)
  const others: Placed[] = []
  for (const image of images) {
    for (const finding of image.findings.slice(share)) if (rankOf(finding) <= limit) others.push({ image, finding })
  }
  const byRank = (a: Placed, b: Placed): number => rankOf(a.finding) - rankOf(b.finding)
  return [...own, ...others.sort(byRank).slice(0, room)].sort(byRank)
}

/** The rank of the last of so many findings, without the first ones of each image. */
function rankOfLast(images: readonly ImageVerdict[], share: number, number: number): number {
  const counts = Array.from({ length: ranks }, () => 0)
  for (const { findings } of images) {
    for (const finding of findings.slice(share)) counts[rankOf(finding)] = (counts[rankOf(finding)] ?? 0) + 1
  }
  let left = number
  return counts.findIndex(count => (left -= count) <= 0)
}
