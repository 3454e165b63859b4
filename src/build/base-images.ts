import type { BaseImage, BuildStep } from '../model.js'

/**
 * What the names in FROM and COPY --from meant in this build, from the names that BuildKit gives to these steps. Steps of
 * every other kind have a name that begins with their instruction. Without a digest where the engine tells none.
 */
export function baseImagesOf(steps: readonly BuildStep[]): readonly BaseImage[] {
  const found = steps.flatMap(({ name }): BaseImage[] => {
    const [, reference, digest] = /^(?:\[[^\]]*\] )?FROM (\S+?)(?:@(sha256:[0-9a-f]{64}))?$/.exec(name) ?? []
    if (reference === undefined) return []
    return [{ name: reference, ...(digest === undefined ? {} : { digest }) }]
  })
  const digests = new Map<string, Set<string>>()
  for (const { name, digest } of found) {
    const known = digests.get(name) ?? new Set()
    digests.set(name, digest === undefined ? known : known.add(digest))
  }
  return [...digests]
    .flatMap(([name, all]): BaseImage[] => (all.size === 0 ? [{ name }] : [...all].map(digest => ({ name, digest }))))
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0))
}
