/** The findings of all images together. */
import { rulings, severities, type ImageVerdict, type JudgedFinding, type Ruling, type Severity } from '../model.js'

export interface Placed {
  readonly image: ImageVerdict
  readonly finding: JudgedFinding
}

/** What blocks first, and of that the worst; of findings worth the same, those of the first image. */
export function worstFindings(
  images: readonly ImageVerdict[],
  isWanted: (finding: JudgedFinding) => boolean,
): Placed[] {
  const buckets = new Map<string, Placed[]>()
  const keyOf = (ruling: Ruling, severity: Severity): string => `${ruling} ${severity}`
  for (const image of images) {
    for (const finding of image.findings) {
      if (!isWanted(finding)) continue
      const key = keyOf(finding.ruling, finding.severity)
      const bucket = buckets.get(key)
      if (bucket === undefined) buckets.set(key, [{ image, finding }])
      else bucket.push({ image, finding })
    }
  }
  return rulings.flatMap(ruling => severities.flatMap(severity => buckets.get(keyOf(ruling, severity)) ?? []))
}

/**
 * As many of all findings as there is room for, the worst, but of each image its worst ones: who looks for an image finds
 * it.
 */
export function fairShare(images: readonly ImageVerdict[], most: number): readonly Placed[] {
  const all = worstFindings(images, () => true)
  if (all.length <= most) return all
  const share = Math.floor(most / new Set(all.map(({ image }) => image)).size)
  const taken = new Map<ImageVerdict, number>()
  const chosen = new Set<Placed>()
  for (const placed of all) {
    const number = taken.get(placed.image) ?? 0
    if (number < share) chosen.add(placed)
    taken.set(placed.image, number + 1)
  }
  for (const placed of all) {
    if (chosen.size >= most) break
    chosen.add(placed)
  }
  return all.filter(placed => chosen.has(placed))
}
