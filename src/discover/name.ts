import { createHash } from 'node:crypto'

/**
 * Maps a folder's name to one that can stand in an image reference. A name that already can is kept; any other gets
 * a suffix made from the original, so that `Web` and `web` stay two images. Nobody finds two names with the same suffix,
 * and a name that looks as if it had one gets one too: reports, like images, are told apart by these names.
 *
 * The grammar is that of a path component in the distribution project's `reference` package; the length keeps the
 * whole reference below its limit of 255 characters.
 */
export function toSafeName(name: string): string {
  if (component.test(name) && name.length <= 100 && !suffixed.test(name)) return name
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '')
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 24)
  return `${plain || 'image'}-${suffix}`
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const suffixed = /-[0-9a-f]{24}$/
