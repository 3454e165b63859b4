/** Reports in which the part of one image cannot cost another image its part. */
import { messageOf } from '../errors.js'

/**
 * One image's part of a report.
 * @param instead what stands in its place when it cannot be rendered; gets the reason, as a clause
 */
export function partOf<T>(render: () => T, instead: (reason: string) => T): T {
  try {
    return render()
  } catch (error) {
    return instead(`it could not be rendered (${messageOf(error)})`)
  }
}

/** @param most characters; an image's texts come from the repository under test and may have any length */
export function textPartOf(most: number, render: () => string, instead: (reason: string) => string): string {
  return partOf(() => {
    const text = render()
    return text.length <= most ? text : instead('it is too long')
  }, instead)
}
