/** Patterns for images that there are none of: most often a misspelling, and then a rule that silently does nothing. */
import picomatch from 'picomatch'
import type { Place, Policy } from '../model.js'
import { clean } from './document.js'

/** @returns a mistake for each pattern of the policy file that matches no image */
export function idlePatterns({ images, exceptions }: Policy, names: readonly string[]): readonly string[] {
  const patterns: { pattern: string; place: Place }[] = [
    ...images,
    ...exceptions
      .filter(({ source }) => source === 'policy')
      .flatMap(exception => exception.images.map(pattern => ({ pattern, place: exception.place }))),
  ]
  const matches = (pattern: string): boolean => {
    const isMatch = picomatch(pattern, { dot: true })
    return names.some(name => name === pattern || isMatch(name))
  }
  return patterns
    .filter(({ pattern }) => !matches(pattern))
    .map(
      ({ pattern, place }) => `${place.file}:${String(place.lines?.start ?? 1)}: '${clean(pattern)}' matches no image`,
    )
}
