/** Reads the packed layers of an OCI image layout: their true DiffIDs, and the headers of their archives. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { GateError, IntegrityError, messageOf, ToolError } from '../errors.js'
import type { LayerEntry } from '../ports.js'
import { pathOf } from './oci-blobs.js'
import { TarHeaders } from './tar-headers.js'

/** Node 20 cannot. */
export const canReadZstd = typeof zlib.createZstdDecompress === 'function'

/** Bytes: with few big pieces little time goes into handing them over. */
const piece = 1 << 20

/**
 * @param content gets what is in the entry that was seen last
 * @returns the DiffID
 * @throws IntegrityError where readers of the layer need not read the same
 */
export async function readLayer(
  digest: string,
  layoutDir: string,
  see: (entry: LayerEntry) => void,
  content?: (chunk: Buffer) => void,
): Promise<string> {
  const path = pathOf(digest, layoutDir)
  const hash = createHash('sha256')
  const headers = new TarHeaders(see, content)
  const unpacker = await unpackerOf(path)
  const read = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      if (unpacker !== undefined) hash.update(chunk)
      headers.write(chunk)
    }
    headers.end()
  }
  try {
    const source = createReadStream(path, { highWaterMark: piece })
    if (unpacker === undefined) await pipeline(source, read)
    else await pipeline(source, unpacker, read)
  } catch (error) {
    if (error instanceof GateError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error
    throw new IntegrityError(
      `the layer ${digest} cannot be read: ${messageOf(error)}`,
      'Find out which tool made this layer, of the image or of its base image, and make it anew with another one.',
    )
  }
  // One that is not packed was hashed when it was written.
  return unpacker === undefined ? digest : `sha256:${hash.digest('hex')}`
}

/** By the first bytes, as Trivy tells it (`PeekCompression` in go-containerregistry), and not by what a manifest says. */
async function unpackerOf(path: string): Promise<Transform | undefined> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const magic = buffer.toString('hex')
    if (magic.startsWith('1f8b')) return zlib.createGunzip({ chunkSize: piece })
    if (magic !== '28b52ffd') return undefined
  } finally {
    await file.close()
  }
  if (canReadZstd) return zlib.createZstdDecompress({ chunkSize: piece })
  throw new ToolError('a layer is packed with zstd, which this Node.js cannot read', 'Use Node.js 22.15 or newer.')
}
