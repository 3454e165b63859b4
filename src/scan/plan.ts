/** In which order images are scanned, so that no layer is analysed twice. */

/** Images that share layers with each other and with no image of another group. */
export interface ScanGroup<T> {
  /** One after another, on one cache: together they have every layer that two images of the group share. */
  readonly first: readonly T[]
  /** Then these, at the same time, each on a copy of that cache. */
  readonly rest: readonly T[]
}

/** @param layersOf the digests of an image's layers */
export function planScans<T>(images: readonly T[], layersOf: (image: T) => readonly string[]): ScanGroup<T>[] {
  const uses = new Map<string, number>()
  for (const layer of images.flatMap(image => [...new Set(layersOf(image))]))
    uses.set(layer, (uses.get(layer) ?? 0) + 1)
  const sharedOf = (image: T): string[] => layersOf(image).filter(layer => (uses.get(layer) ?? 0) > 1)
  return groupByLayers(images, sharedOf).map(group => {
    const covered = new Set<string>()
    const first: T[] = []
    const rest: T[] = []
    for (const image of group) {
      const news = sharedOf(image).filter(layer => !covered.has(layer))
      if (news.length === 0 && first.length > 0) rest.push(image)
      else first.push(image)
      for (const layer of news) covered.add(layer)
    }
    return { first, rest }
  })
}

/** Union-find: images with a layer in common end up under the same root. */
function groupByLayers<T>(images: readonly T[], sharedOf: (image: T) => readonly string[]): T[][] {
  const parents = images.map((_, index) => index)
  const rootOf = (index: number): number => {
    let at = index
    while (parents[at] !== at) {
      parents[at] = parents[parents[at] ?? at] ?? at
      at = parents[at] ?? at
    }
    return at
  }
  const ownerOf = new Map<string, number>()
  for (const [index, image] of images.entries()) {
    for (const layer of sharedOf(image)) {
      const owner = ownerOf.get(layer)
      if (owner === undefined) ownerOf.set(layer, index)
      else parents[rootOf(index)] = rootOf(owner)
    }
  }
  const groups = new Map<number, T[]>()
  for (const [index, image] of images.entries()) {
    const root = rootOf(index)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [image])
    else group.push(image)
  }
  return [...groups.values()]
}
