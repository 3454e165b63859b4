import { join, relative, resolve, sep } from 'node:path'
import picomatch from 'picomatch'
import { ConfigurationError, messageOf } from '../errors.js'
import type { Discovery, IgnoredEntry, ImageContext, Revision, SkippedImage } from '../model.js'
import type { DirectoryEntry, Files } from '../ports.js'
import { followLinks } from './links.js'
import { toSafeName } from './name.js'

export interface DiscoveryRequest {
  /** Absolute. */
  readonly workspace: string
  /** As given: relative to the workspace, or absolute and inside it. */
  readonly imagesRoot: string
  /** Names or globs; empty: all. */
  readonly include: readonly string[]
  readonly allowEmpty: boolean
  readonly revision?: Revision
}

type Found = { readonly image: ImageContext } | { readonly ignored: IgnoredEntry }

/**
 * Finds the images: each folder directly below the root that holds a `Dockerfile`, sorted by name.
 * @throws ConfigurationError for a root that is missing or outside the workspace, for a pattern that matches nothing,
 * and for no image at all unless that is allowed
 */
export async function discoverImages(request: DiscoveryRequest, files: Files): Promise<Discovery> {
  const root = await resolveRoot(request, files)
  const found: Found[] = []
  for (const entry of [...root.entries].sort((a, b) => compare(a.name, b.name))) {
    found.push(await classify(entry, root, request, files))
  }
  const all = found.flatMap(item => ('image' in item ? [item.image] : []))
  const ignored = found.flatMap(item => ('ignored' in item ? [item.ignored] : []))
  const { images, skipped } = select(all, request.include)
  if (images.length === 0 && !request.allowEmpty) throw nothingToGate(request.imagesRoot, ignored)
  return { images, skipped, ignored }
}

interface Root {
  /** Absolute. */
  readonly path: string
  /** The same with all links followed. */
  readonly realPath: string
  readonly entries: readonly DirectoryEntry[]
}

async function resolveRoot({ workspace, imagesRoot }: DiscoveryRequest, files: Files): Promise<Root> {
  const path = resolve(workspace, imagesRoot)
  const realPath = await files.realPath(path).catch((error: unknown) => {
    throw new ConfigurationError(
      `images-root: '${imagesRoot.slice(0, 200)}' cannot be read: ${messageOf(error)}`,
      'Name a folder inside the repository, relative to its top level.',
      { cause: error },
    )
  })
  const realWorkspace = (await files.realPath(workspace)) ?? workspace
  if (!contains(workspace, path) || (realPath !== undefined && !contains(realWorkspace, realPath))) {
    throw new ConfigurationError(
      `images-root: '${imagesRoot}' lies outside the repository`,
      'Name a folder inside the repository, relative to its top level.',
    )
  }
  // Git names what changes by where it is, which no image of a linked folder would be found under.
  if (realPath !== undefined && relative(realWorkspace, realPath) !== relative(workspace, path)) {
    throw new ConfigurationError(
      `images-root: '${imagesRoot}' is a link, or lies below one`,
      `Name the folder itself: ${toPosix(relative(realWorkspace, realPath)) || '.'}`,
    )
  }
  const entries = await files.list(path)
  if (realPath === undefined || entries === undefined) {
    throw new ConfigurationError(
      `images-root: there is no folder '${imagesRoot}' in the repository`,
      'Check out the repository before this step (actions/checkout), and name the folder that holds one folder per image.',
    )
  }
  return { path, realPath, entries }
}

async function classify(
  entry: DirectoryEntry,
  root: Root,
  { workspace, revision = 'head' }: DiscoveryRequest,
  files: Files,
): Promise<Found> {
  const directory = join(root.path, entry.name)
  const path = toPosix(relative(workspace, directory))
  const ignore = (reason: string, suspicious = false): Found => ({ ignored: { path, reason, suspicious } })
  // A link may go over other links, of which each can be changed: then it is made of whatever lies in the images folder.
  const isLinked = (target: string): boolean => !contains(join(root.realPath, entry.name), target)
  const image = (refusal?: string, ...targets: string[]): Found => ({
    image: {
      name: entry.name,
      safeName: toSafeName(entry.name),
      contextDir: path,
      dockerfile: `${path}/Dockerfile`,
      revision,
      sources: targets.some(isLinked) ? [path, toPosix(relative(workspace, root.path))] : [path],
      lockFiles: [],
      ...(refusal === undefined ? {} : { refusal }),
    },
  })
  // A link could swap a gated image for something that this check never sees: it is refused, not passed over.
  if (entry.kind === 'missing') {
    // What is not UTF-8 is not found again under the name that it is listed by.
    return image(entry.name.includes('\ufffd') ? 'its name is not UTF-8' : 'it is a link that leads nowhere')
  }
  if (entry.kind !== 'directory') return ignore('not a folder')
  if (entry.realPath === undefined || !contains(root.realPath, entry.realPath)) {
    return image('it is a link that leaves the images folder')
  }
  const inside = (await files.list(directory)) ?? []
  const dockerfile = inside.find(({ name }) => name === 'Dockerfile')
  if (dockerfile === undefined) return ignoreWithoutDockerfile(inside, directory, ignore, files)
  return image(await refusalOf(inside, entry.realPath, files), entry.realPath)
}

/**
 * BuildKit follows a link within the folder of the image, as if nothing were outside of it. A link that leaves the folder is
 * another file for BuildKit than for everybody else, and what is checked would not be what is built.
 */
async function refusalOf(
  inside: readonly DirectoryEntry[],
  directory: string,
  files: Files,
): Promise<string | undefined> {
  for (const name of ['Dockerfile', 'Dockerfile.dockerignore', '.dockerignore']) {
    const entry = inside.find(other => other.name === name)
    if (entry === undefined) continue
    const isLinked = entry.realPath !== join(directory, name)
    const followed = isLinked ? await followLinks(directory, name, files) : undefined
    if (followed?.leaves === true) return `its ${name} is a link that leaves the folder of the image`
    if (name !== 'Dockerfile') continue
    if (entry.kind === 'missing' || (isLinked && followed === undefined))
      return 'its Dockerfile is a link that leads nowhere'
    if (entry.kind !== 'file') return 'its Dockerfile is not a file'
  }
  return undefined
}

async function ignoreWithoutDockerfile(
  inside: readonly DirectoryEntry[],
  directory: string,
  ignore: (reason: string, suspicious?: boolean) => Found,
  files: Files,
): Promise<Found> {
  const similar = inside.find(({ name, kind }) => kind === 'file' && /dockerfile|containerfile/i.test(name))
  if (similar !== undefined) return ignore(`no Dockerfile, only ${similar.name}: not gated`, true)
  for (const { name, kind } of inside) {
    if (kind !== 'directory') continue
    const deeper = (await files.list(join(directory, name))) ?? []
    if (deeper.some(entry => entry.name === 'Dockerfile')) {
      return ignore(`no Dockerfile here, but in ${name}/, which is too deep for the convention: not gated`, true)
    }
  }
  return ignore('no Dockerfile')
}

function select(
  all: readonly ImageContext[],
  patterns: readonly string[],
): { images: ImageContext[]; skipped: SkippedImage[] } {
  if (patterns.length === 0) return { images: [...all], skipped: [] }
  const matchers = patterns.map(pattern => ({ pattern, matches: compileGlob(pattern) }))
  const idle = matchers.filter(({ matches }) => !all.some(({ name }) => matches(name)))
  if (idle.length > 0) {
    throw new ConfigurationError(
      idle.map(({ pattern }) => `images: '${pattern}' matches no image`),
      `The images are: ${all.map(({ name }) => name).join(', ') || 'none'}.`,
    )
  }
  const wanted = (image: ImageContext): boolean => matchers.some(({ matches }) => matches(image.name))
  const skipped = all.filter(image => !wanted(image)).map((image): SkippedImage => ({ image, reason: 'images' }))
  return { images: all.filter(wanted), skipped }
}

function compileGlob(pattern: string): (name: string) => boolean {
  try {
    return picomatch(pattern, { dot: true })
  } catch (error) {
    const start = pattern.slice(0, 60)
    throw new ConfigurationError(`images: '${start}' is not a pattern`, 'Name images, or use a glob such as web-*.', {
      cause: error,
    })
  }
}

function nothingToGate(imagesRoot: string, ignored: readonly IgnoredEntry[]): ConfigurationError {
  const seen = ignored.map(({ path, reason }) => `${path} (${reason})`).join(', ')
  return new ConfigurationError(
    `nothing to gate under '${imagesRoot}': no folder there holds a Dockerfile${seen === '' ? '' : `; seen: ${seen}`}`,
    `Put each image in a folder of its own, ${imagesRoot}/NAME/Dockerfile, or set allow-empty: true.`,
  )
}

function contains(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep)
}

function toPosix(path: string): string {
  return path.split(sep).join('/')
}

/** By code unit, so that the order is the same on every machine and in every language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
