/**
 * Holds the layers of an image against how Trivy reads them: file by file, by the text of each name, and without links. Where an
 * engine would put another file there, Trivy is shown that file, or the scan fails.
 */
import { posix } from 'node:path'
import { IntegrityError } from '../errors.js'
import type { ExportedImage, LayerCopy } from '../ports.js'
import { LayerWatch, show, type LayerNotes } from './layer-notes.js'
import { isSystemFile, isWatched, systemPaths } from './watched.js'

export type ReadNotes = (image: ExportedImage, at: number) => Promise<LayerNotes>

/** Reads each layer once, however many images have it. */
export function layerReader(): ReadNotes {
  const known = new Map<string, Promise<LayerNotes>>()
  return async (image, at) => {
    const { digest } = image.layers[at] ?? { digest: '' }
    const reading = known.get(digest) ?? readNotes(image, at)
    known.set(digest, reading)
    return reading
  }
}

async function readNotes(image: ExportedImage, at: number): Promise<LayerNotes> {
  const watch = new LayerWatch()
  const diffId = await image.readLayer(at, entry => {
    watch.see(entry)
  })
  return watch.notes(diffId)
}

/**
 * @returns what Trivy must be shown once more
 * @throws IntegrityError where Trivy would not see what is installed
 */
export async function inspectLayers(image: ExportedImage, read: ReadNotes): Promise<readonly LayerCopy[]> {
  const notes: LayerNotes[] = []
  for (const at of image.layers.keys()) notes.push(await read(image, at))
  notes.forEach(({ diffId }, at) => {
    const { layers, digests } = image
    if (diffId === digests.diffIds[at]) return
    throw new IntegrityError(
      `layer ${layers[at]?.digest ?? ''} is not the one that the image’s configuration names`,
      'Do not run this image. Its configuration, or that of its base image, was written by hand: build it anew.',
    )
  })
  const faults = faultsOf(notes, image)
  if (faults.length === 0) return copiesOf(notes)
  throw new IntegrityError(
    `Trivy would not see what is installed: ${faults.slice(0, maxFaults).join('; ')}`,
    'Trivy reads package databases and manifests only as plain files under their own names. Make them such files in this image, or use another base image.',
  )
}

/** Of one image. */
const maxFaults = 5

function faultsOf(notes: readonly LayerNotes[], image: ExportedImage): string[] {
  const links = new Map<string, string>()
  const inLayers = notes.map(({ faults, files, links: own, removed }) => {
    const gone = new Set(removed)
    for (const link of links.keys()) if (isRemoved(link, gone)) links.delete(link)
    for (const [path, target] of own) links.set(inTrueFolder(path, links), target)
    return [
      ...faults,
      ...own.flatMap(([path]) => hiddenBy(path, links)),
      ...files.flatMap(path => misplaced(path, links)),
    ]
  })
  return notes.flatMap(({ links: own }, at) => {
    // Links to links, which a later layer may bring.
    const faults = [...(inLayers[at] ?? []), ...own.flatMap(([path]) => renamed(path, links))]
    return faults.map(fault => `in layer ${image.layers[at]?.digest.slice(0, 19) ?? ''}, ${fault}`)
  })
}

type Links = ReadonlyMap<string, string>

/** @param removed paths, or with a slash at their end all that is below them */
function isRemoved(path: string, removed: ReadonlySet<string>): boolean {
  if (removed.has(path) || removed.has('')) return true
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    if (removed.has(path.slice(0, at)) || removed.has(path.slice(0, at + 1))) return true
  }
  return false
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** A link over a file of the system, or over a folder that it is in, is harmless where Trivy reads the other place as well. */
function hiddenBy(path: string, links: Links): string[] {
  const place = inTrueFolder(path, links)
  return systemPaths
    .filter(file => isBelow(file, place))
    .filter(file => !isSystemFile(resolve(file, links)))
    .slice(0, 1)
    .map(file => `the link ${show(path)} hides ${file}`)
}

/** A file that an engine puts elsewhere than its name says, because a folder of it is a link. */
function misplaced(path: string, links: Links): string[] {
  const place = inTrueFolder(path, links)
  if (place === path) return []
  const hides = isSystemFile(place) ? !isSystemFile(path) : isWatched(place) && !isWatched(path)
  return hides ? [`${show(path)} comes to ${show(place)} through a link`] : []
}

/** A manifest that is a link to a file which Trivy does not take for one. */
function renamed(path: string, links: Links): string[] {
  const names = isWatched(path) ? [path] : ['METADATA', 'PKG-INFO'].map(name => `${path}/${name}`).filter(isWatched)
  if (names.length === 0 || systemPaths.includes(path)) return []
  const leads = names.map(name => resolve(name, links))
  return leads.some(isWatched) ? [] : [`${show(path)} is a link to ${show(leads[0] ?? '')}`]
}

/** As the kernel has it. */
const maxLinks = 40

/** The path with all links followed, its last part too. */
function resolve(path: string, links: Links): string {
  return follow(path, links, true)
}

function inTrueFolder(path: string, links: Links): string {
  return follow(path, links, false)
}

function follow(path: string, links: Links, whole: boolean): string {
  let done = ''
  let rest = path.split('/')
  for (let followed = 0; rest.length > 0;) {
    const [part = '', ...after] = rest
    rest = after
    if (part === '' || part === '.') continue
    if (part === '..') {
      done = done.includes('/') ? posix.dirname(done) : ''
      continue
    }
    const next = done === '' ? part : `${done}/${part}`
    const target = rest.length > 0 || whole ? links.get(next) : undefined
    if (target === undefined) {
      done = next
      continue
    }
    followed += 1
    // It leads nowhere, for an engine too.
    if (followed > maxLinks) return path
    if (target.startsWith('/')) done = ''
    rest = [...target.split('/'), ...rest]
  }
  return done
}

function copiesOf(notes: readonly LayerNotes[]): LayerCopy[] {
  return notes.flatMap(({ copies, programs }, layer) => {
    const later = new Set(notes.slice(layer + 1).flatMap(({ removed }) => removed))
    // Trivy has forgotten the program under the name that it saw, and it is still there under the other.
    const gone = programs.filter(({ target, path }) => isRemoved(target, later) && !isRemoved(path, later))
    return [...copies, ...gone].map(copy => ({ ...copy, layer }))
  })
}
