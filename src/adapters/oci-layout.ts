/**
 * Images outside of an engine, as an OCI image layout (`image-layout.md` of the OCI image specification): blobs under
 * the digest of their content, which is computed here and never believed.
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Readable } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { GateError, IntegrityError, messageOf, ToolError } from '../errors.js'
import type { ImageDigests } from '../model.js'
import type { Export, ExportedImage } from '../ports.js'
import { explainFullDisk } from './full-disk.js'
import { readLayer } from './layer-reader.js'
import {
  blobsOf,
  isDigest,
  manifestType,
  pathOf,
  propertiesOf,
  readJson,
  storeBlob,
  suspect,
  writeBlob,
  writeIndex,
  type Blob,
} from './oci-blobs.js'
import { showImage } from './shown-image.js'

type BlobsByPath = ReadonlyMap<string, Blob>

/**
 * Receives what `docker image save` writes, in one pass and without a copy on disk: an OCI layout (Docker 25 and later)
 * or the layout of before, whose layers are put under their digests.
 * @param layoutDir absolute, made here
 */
export async function receiveArchive(archive: Readable, layoutDir: string): Promise<BlobsByPath> {
  try {
    return await unpack(archive, layoutDir)
  } catch (error) {
    // What the file system says is for others to explain.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error
    throw new ToolError(
      `docker could not export the images: what it wrote is no whole archive: ${messageOf(error)}`,
      'Check the engine of this machine, then run again.',
      [],
      { cause: error },
    )
  }
}

/**
 * Reads at once: of a process that has ended, Node throws away what nobody reads (`flushStdio` in its `child_process.js`). No
 * name in the archive is a path on this disk: what they say is only looked up among each other.
 */
async function unpack(archive: Readable, layoutDir: string): Promise<BlobsByPath> {
  mkdirSync(blobsOf(layoutDir), { recursive: true })
  const blobs = new Map<string, Blob>()
  const links: Header[] = []
  const unpacked = archive.pipe(extract())
  // Neither an error nor the end of a source that breaks off travels along `pipe`.
  archive.on('error', error => {
    unpacked.destroy(error)
  })
  const end = (): void => {
    if (!archive.readableEnded) unpacked.destroy(new Error('unexpected end of data'))
  }
  if (archive.closed) end()
  archive.on('close', end)
  for await (const entry of unpacked) {
    const { type, name } = entry.header
    // The library's streams are iterables of buffers, which its types do not say.
    const content = entry as unknown as AsyncIterable<Buffer>
    if (type === 'file') blobs.set(posix.normalize(name), await storeBlob(content, layoutDir))
    else if (type === 'symlink' || type === 'link') links.push(entry.header)
    entry.resume()
  }
  for (const { type, name, linkname } of links) {
    if (typeof linkname !== 'string') continue
    const target = posix.normalize(type === 'link' ? linkname : posix.join(posix.dirname(name), linkname))
    const blob = blobs.get(target)
    if (blob !== undefined) blobs.set(posix.normalize(name), blob)
  }
  return blobs
}

/**
 * Where somebody else wrote the layout: reads every blob once, so that its digest is known to be true. What has another
 * name than its digest is no blob, nor is a link or a folder.
 */
export async function readBlobs(layoutDir: string): Promise<BlobsByPath> {
  const blobs = new Map<string, Blob>()
  for (const entry of await readdir(blobsOf(layoutDir), { withFileTypes: true })) {
    if (!entry.isFile()) continue
    const hash = createHash('sha256')
    const path = join(blobsOf(layoutDir), entry.name)
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
    const digest = `sha256:${hash.digest('hex')}`
    if (digest !== `sha256:${entry.name}`) continue
    blobs.set(`blobs/sha256/${entry.name}`, { digest, bytes: (await stat(path)).size })
  }
  return blobs
}

/** Makes the layout whole, with an index of the given images. An image that is not there, or not what it says, throws when it is asked for. */
export async function openLayout(layoutDir: string, blobs: BlobsByPath, imageIds: readonly string[]): Promise<Export> {
  const layout: Layout = {
    layoutDir,
    byDigest: new Map([...blobs.values()].map(blob => [blob.digest, blob])),
    saved: await readSaved(layoutDir, blobs),
  }
  const images = new Map<string, ExportedImage | GateError>()
  const manifests: Blob[] = []
  for (const imageId of new Set(imageIds)) {
    try {
      const image = await describeImage(imageId, layout)
      images.set(imageId, image)
      const digest = image.digests.manifest
      manifests.push({ digest, bytes: (await stat(pathOf(digest, layoutDir))).size })
    } catch (error) {
      images.set(imageId, explain(error))
    }
  }
  await writeIndex(manifests, layoutDir)
  return {
    image: imageId => {
      const found = images.get(imageId)
      if (found === undefined || found instanceof GateError) throw found ?? new Error(`${imageId} was not asked for`)
      return found
    },
  }
}

/** @throws what is a defect of ours */
function explain(error: unknown): GateError {
  if (error instanceof GateError) return error
  try {
    return explainFullDisk(error)
  } catch (explained) {
    if (explained instanceof GateError) return explained
    throw explained
  }
}

interface Layout {
  readonly layoutDir: string
  readonly byDigest: ReadonlyMap<string, Blob>
  /** By the digest of the configuration: what `manifest.json` lists, which `docker image save` has always written. */
  readonly saved: ReadonlyMap<string, Manifest>
}

interface Manifest {
  readonly config: string
  readonly layers: readonly { readonly digest: string; readonly packed: boolean }[]
}

async function describeImage(imageId: string, layout: Layout): Promise<ExportedImage> {
  const pinned = await readManifest(imageId, layout)
  // Docker's own store names images by their configuration.
  const manifest = pinned ?? layout.saved.get(imageId)
  if (manifest === undefined) {
    throw new ToolError('the engine did not export the image', 'Check that nothing prunes images on this machine.')
  }
  const { config } = manifest
  const diffIds = await readDiffIds(config, layout)
  const layers = manifest.layers.map(({ digest }) => checkBlob(digest, layout))
  if (layers.length !== diffIds.length) throw new IntegrityError('the image has not as many layers as it says', suspect)
  manifest.layers.forEach(({ digest, packed }, index) => {
    // A packed layer is compared when it is read; one that is not packed is its own DiffID.
    if (!packed && digest !== diffIds[index]) throw new IntegrityError(`layer ${digest} is not the image's`, suspect)
  })
  const digest = pinned === undefined ? await writeManifest(config, layers, layout) : imageId
  const digests: ImageDigests = { manifest: digest, config, diffIds }
  const { layoutDir } = layout
  return {
    ...{ layoutDir, digests, layers },
    readLayer: async (at, see) => readLayer(layers[at]?.digest ?? '', layoutDir, see),
    show: copies => showImage({ layoutDir, digests, layers }, copies),
  }
}

function checkBlob(digest: string, { byDigest }: Layout): Blob {
  const blob = byDigest.get(digest)
  if (blob === undefined) {
    throw new IntegrityError(
      `the exported image lacks ${digest.slice(0, 100)}, or it is not what its digest says`,
      suspect,
    )
  }
  return blob
}

/** Undefined where the ID is not a manifest's. */
async function readManifest(imageId: string, { byDigest, layoutDir }: Layout): Promise<Manifest | undefined> {
  const blob = byDigest.get(imageId)
  if (blob === undefined) return undefined
  // BuildKit writes null for an image that consists of nothing.
  const { config, layers = null } = await readJson(blob, layoutDir)
  const { digest } = propertiesOf(config)
  if ((layers !== null && !Array.isArray(layers)) || typeof digest !== 'string') return undefined
  return { config: digest, layers: (layers ?? []).map(readDescriptor) }
}

function readDescriptor(value: unknown): Manifest['layers'][number] {
  const { digest, mediaType } = propertiesOf(value)
  if (typeof digest === 'string' && typeof mediaType === 'string')
    return { digest, packed: !mediaType.endsWith('.tar') }
  throw new IntegrityError('the manifest of the image has a layer without a digest or a type', suspect)
}

/** An entry that is none costs the image that it would be of, which then is not there. */
async function readSaved(layoutDir: string, blobs: BlobsByPath): Promise<ReadonlyMap<string, Manifest>> {
  const list = blobs.get('manifest.json')
  if (list === undefined) return new Map()
  const digestOf = (path: string): string => blobs.get(posix.normalize(path))?.digest ?? path
  return new Map(
    Object.values(await readJson(list, layoutDir)).flatMap(entry => {
      const { Config: config, Layers: layers } = propertiesOf(entry)
      const paths: readonly unknown[] = Array.isArray(layers) ? layers : []
      if (typeof config !== 'string' || !paths.every(path => typeof path === 'string')) return []
      const digest = digestOf(config)
      return [[digest, { config: digest, layers: paths.map(path => ({ digest: digestOf(path), packed: false })) }]]
    }),
  )
}

async function readDiffIds(config: string, layout: Layout): Promise<readonly string[]> {
  const { rootfs } = await readJson(checkBlob(config, layout), layout.layoutDir)
  const diffIds = propertiesOf(rootfs)['diff_ids'] ?? []
  if (Array.isArray(diffIds) && diffIds.every(isDigest)) return diffIds
  throw new IntegrityError('the image configuration names no layers', suspect)
}

async function writeManifest(config: string, layers: readonly Blob[], layout: Layout): Promise<string> {
  const describe = (mediaType: string, { digest, bytes }: Blob): unknown => ({ mediaType, digest, size: bytes })
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe('application/vnd.oci.image.config.v1+json', checkBlob(config, layout)),
    layers: layers.map(layer => describe('application/vnd.oci.image.layer.v1.tar', layer)),
  })
  return (await writeBlob(text, layout.layoutDir)).digest
}
