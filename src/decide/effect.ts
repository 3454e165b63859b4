/** What another policy would make of the same measurements. */
import type { ImageVerdict, JudgedFinding, PolicyEffect, Verdict } from '../model.js'
import { Counter, exactIdentityOf } from './identity.js'

/** The images about which the two verdicts differ. Both are of the same images. */
export function compareVerdicts(before: Verdict, after: Verdict): readonly PolicyEffect[] {
  return before.images.flatMap((image, index) => {
    const other = after.images[index]
    if (other === undefined) return []
    const released = gatingWithout(image, other)
    const caught = gatingWithout(other, image)
    if (released.length === 0 && caught.length === 0) return []
    return [{ image: image.image.name, before: image.state, after: other.state, released, caught }]
  })
}

/** The gating findings of one that are not gating in the other, counted. */
function gatingWithout(one: ImageVerdict, other: ImageVerdict): readonly JudgedFinding[] {
  const rest = new Counter(gating(other).map(exactIdentityOf))
  return gating(one).filter(finding => !rest.take(exactIdentityOf(finding)))
}

function gating({ findings }: ImageVerdict): readonly JudgedFinding[] {
  return findings.filter(({ ruling }) => ruling === 'gating')
}
