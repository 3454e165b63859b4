/**
 * The image that Trivy is shown: the files are those of the image that was built, but nothing in its configuration makes Trivy
 * look away, and hard links are files.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { mkdtemp, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { IntegrityError } from '../errors.js'
import type { ExportedImage, LayerCopy, LayerEntry, ShownImage } from '../ports.js'
import { readLayer } from './layer-reader.js'
import {
  manifestType,
  pathOf,
  propertiesOf,
  readJson,
  storeBlob,
  writeBlob,
  writeIndex,
  type Blob,
} from './oci-blobs.js'

/** Bytes that hard links may take when they are files; those of one big file could fill any disk. */
const maxCopies = 4 * 1024 ** 3

type Stored = Pick<ExportedImage, 'layoutDir' | 'digests' | 'layers'>

/** @throws IntegrityError */
export async function showImage(image: Stored, copies: readonly LayerCopy[]): Promise<ShownImage> {
  const { layoutDir, digests } = image
  const folder = await mkdtemp(`${layoutDir}-shown-`)
  await symlink(join(layoutDir, 'blobs'), join(folder, 'blobs'))
  const added = new Map<number, Blob>()
  for (const layer of new Set(copies.map(copy => copy.layer))) {
    const { digest } = image.layers[layer] ?? { digest: '' }
    const own = copies.filter(copy => copy.layer === layer)
    added.set(layer, await writeCopies(digest, own, layoutDir, folder))
  }
  const layers = await readLayers(image)
  const shownLayers = layers.flatMap((layer, at) => {
    const copy = added.get(at)
    return copy === undefined ? [layer] : [layer, { mediaType: layerType, digest: copy.digest, size: copy.bytes }]
  })
  const diffIds = digests.diffIds.flatMap((diffId, at) => [diffId, ...digestsOf(added.get(at))])
  const config = await writeConfig(image, diffIds, added)
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.bytes },
    layers: shownLayers,
  })
  const manifest = await writeBlob(text, layoutDir)
  await writeIndex([manifest], folder)
  const standIns = [...added].map(([at, { digest }]) => [digest, digests.diffIds[at] ?? ''] as const)
  return {
    layoutDir: folder,
    digests: { manifest: manifest.digest, config: config.digest, diffIds },
    standIns: new Map(standIns),
  }
}

const layerType = 'application/vnd.oci.image.layer.v1.tar'

async function readLayers({ layoutDir, digests, layers }: Stored): Promise<readonly unknown[]> {
  const { size } = await stat(pathOf(digests.manifest, layoutDir))
  const { layers: described } = await readJson({ digest: digests.manifest, bytes: size }, layoutDir)
  const list: readonly unknown[] = Array.isArray(described) ? described : []
  return layers.map(({ digest, bytes }, at) => {
    const { mediaType } = propertiesOf(list[at])
    return { mediaType: typeof mediaType === 'string' ? mediaType : layerType, digest, size: bytes }
  })
}

/**
 * Of the configuration only what is known, under its very name: Go's reader takes a key in any case, and of two the last.
 * Trivy looks for no secrets in the layers before the last but one CMD, which it takes for those of the base image
 * (`GuessBaseImageIndex` in `pkg/fanal/image/image.go` of aquasecurity/trivy).
 */
async function writeConfig(
  { layoutDir, digests }: Stored,
  diffIds: readonly string[],
  added: ReadonlyMap<number, Blob>,
): Promise<Blob> {
  const { size } = await stat(pathOf(digests.config, layoutDir))
  const config = await readJson({ digest: digests.config, bytes: size }, layoutDir)
  const shown = {
    ...only(config, ['architecture', 'os', 'os.version', 'variant', 'created', 'author', 'config']),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: showHistory(config['history'], added),
  }
  return writeBlob(JSON.stringify(shown), layoutDir)
}

function showHistory(value: unknown, added: ReadonlyMap<number, Blob>): unknown[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : []
  let layer = -1
  return entries.flatMap(entry => {
    const known = only(propertiesOf(entry), ['created', 'created_by', 'author', 'comment'])
    if (propertiesOf(entry)['empty_layer'] === true) {
      const { created_by: by } = known
      return [{ ...known, ...(typeof by === 'string' ? { created_by: ` ${by}` } : {}), empty_layer: true }]
    }
    layer += 1
    return added.has(layer) ? [known, known] : [known]
  })
}

function digestsOf(blob: Blob | undefined): string[] {
  return blob === undefined ? [] : [blob.digest]
}

function only(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => key in from).map(key => [key, from[key]]))
}

interface Content {
  readonly file: string
  readonly bytes: number
  readonly executable: boolean
}

/** A layer that has the hard links as files of their own. */
async function writeCopies(
  digest: string,
  copies: readonly LayerCopy[],
  layoutDir: string,
  folder: string,
): Promise<Blob> {
  const found = await collect(digest, copies, layoutDir, await mkdtemp(join(folder, 'copies-')))
  const total = [...found.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  if (total > maxCopies) throw tooMuch(digest)
  const contents = copies.map(({ path, layer }) => {
    const content = found.get(path)
    if (content === undefined) throw withoutContent(digest, path)
    return { path, layer, content }
  })
  const archive = pack()
  // The library's streams are iterables of buffers, which its types do not say. The folder has the blobs of the layout.
  const storing = storeBlob(archive as unknown as AsyncIterable<Buffer>, folder)
  for (const { path, layer, content } of contents) {
    const mode = content.executable ? 0o755 : 0o644
    // Two layers of an image may have the same copies, and each must have a DiffID of its own.
    const header = { name: toText(path), size: content.bytes, mode, mtime: new Date(layer * 1000) }
    await pipeline(createReadStream(content.file), archive.entry(header) as unknown as NodeJS.WritableStream)
  }
  archive.finalize()
  return storing
}

/** The content of each copy, by its path. */
async function collect(
  digest: string,
  copies: readonly LayerCopy[],
  layoutDir: string,
  folder: string,
): Promise<ReadonlyMap<string, Content>> {
  const targets = new Set(copies.map(({ target }) => target))
  const whole = new Map(copies.filter(({ linked }) => !linked).map(({ path, target }) => [target, path]))
  const links = new Map(copies.filter(({ linked }) => linked).map(({ path, target }) => [path, target]))
  const current = new Map<string, Content>()
  const found = new Map<string, Content>()
  let files = 0
  let open: number | undefined
  const close = (): void => {
    if (open !== undefined) closeSync(open)
    open = undefined
  }
  const see = ({ path, kind, bytes, executable }: LayerEntry): void => {
    close()
    if (kind === 'file' && targets.has(path)) {
      const content = { file: join(folder, String((files += 1))), bytes, executable }
      open = openSync(content.file, 'w')
      current.set(path, content)
      const shown = whole.get(path)
      if (shown !== undefined) found.set(shown, content)
    }
    const linked = kind === 'hard-link' ? current.get(links.get(path) ?? '') : undefined
    if (linked !== undefined) found.set(path, linked)
  }
  await readLayer(digest, layoutDir, see, chunk => {
    if (open !== undefined) writeSync(open, chunk)
  }).finally(close)
  return found
}

function tooMuch(digest: string): IntegrityError {
  return new IntegrityError(
    `the hard links of the layer ${digest} would take more than ${String(maxCopies / 1024 ** 3)} GiB as files`,
    'Copy the linked files in this image, or put them into several layers.',
  )
}

function withoutContent(digest: string, path: string): IntegrityError {
  return new IntegrityError(
    `the layer ${digest} has a hard link ${JSON.stringify(path)} to a file that is not in it`,
    'Find out which tool made this layer, of the image or of its base image, and make it anew with another one.',
  )
}

/** The text of a name of which each character is a byte. */
const toText = (path: string): string => Buffer.from(path, 'latin1').toString('utf8')
