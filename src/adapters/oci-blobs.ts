/** Files of an OCI image layout: blobs under the digest of their content, and the JSON in some of them. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { IntegrityError, messageOf } from '../errors.js'

/** What lies under a path of the export, by its true digest (`sha256:...`). */
export interface Blob {
  readonly digest: string
  readonly bytes: number
}

export const suspect = 'Do not run this image. Check the disk and the engine of this machine, then build again.'

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'

export const blobsOf = (layoutDir: string): string => join(layoutDir, 'blobs', 'sha256')

/** @throws IntegrityError for anything but a digest: others write them, and here one becomes a path */
export function pathOf(digest: string, layoutDir: string): string {
  if (!isDigest(digest)) throw new IntegrityError(`${JSON.stringify(digest)} is not a digest`, suspect)
  return join(blobsOf(layoutDir), digest.slice('sha256:'.length))
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

/** Writes a text under its digest. */
export async function writeBlob(text: string, layoutDir: string): Promise<Blob> {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  await writeFile(pathOf(digest, layoutDir), text)
  return { digest, bytes: Buffer.byteLength(text) }
}

/** Writes content of any length under its digest. One at a time in each folder. */
export async function storeBlob(content: AsyncIterable<Buffer>, layoutDir: string): Promise<Blob> {
  const incoming = join(layoutDir, 'incoming')
  const hash = createHash('sha256')
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const file = createWriteStream(incoming, { highWaterMark: 1 << 20 })
  try {
    await pipeline(content, measure, file)
    const digest = `sha256:${hash.digest('hex')}`
    await rename(incoming, pathOf(digest, layoutDir))
    return { digest, bytes }
  } catch (error) {
    // It may only now be opening its file: removed before that, it would be there again.
    if (!file.closed) await new Promise<void>(resolve => file.once('close', resolve))
    await rm(incoming, { force: true })
    throw error
  }
}

/** What makes a folder of blobs an OCI image layout. */
export async function writeIndex(manifests: readonly Blob[], layoutDir: string): Promise<void> {
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: manifests.map(({ digest, bytes }) => ({ mediaType: manifestType, digest, size: bytes })),
  }
  await writeFile(join(layoutDir, 'index.json'), JSON.stringify(index))
  await writeFile(join(layoutDir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
}

/** Bytes. Manifests and configurations are far smaller; containerd reads no more than 8 MiB. */
const maxJson = 32 * 1024 * 1024

export async function readJson({ digest, bytes }: Blob, layoutDir: string): Promise<Readonly<Record<string, unknown>>> {
  if (bytes > maxJson) throw new IntegrityError(`${digest} is too big for what it should be`, suspect)
  try {
    const value: unknown = JSON.parse(await readFile(pathOf(digest, layoutDir), 'utf8'))
    if (typeof value === 'object' && value !== null) return propertiesOf(value)
  } catch (error) {
    throw new IntegrityError(`${digest} cannot be read: ${messageOf(error)}`, suspect)
  }
  throw new IntegrityError(`${digest} is not an object`, suspect)
}

/** Of anything but an object there are none. */
export function propertiesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
