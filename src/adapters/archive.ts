import { createReadStream, createWriteStream } from 'node:fs'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'

/**
 * Takes single files out of a tar.gz. Anything else stays in it, whatever its name is and wherever it would lead.
 * @param archive absolute
 * @param directory absolute; gets the files by their names
 * @param wanted at the top of the archive
 * @throws Error for what is no such archive, or lacks one of them
 */
export async function unpackFiles(archive: string, directory: string, wanted: readonly string[]): Promise<void> {
  const missing = new Set(wanted)
  const entries = extract()
  const unpacking = pipeline(createReadStream(archive), createGunzip(), entries)
  const take = async (): Promise<void> => {
    for await (const entry of entries) {
      const name = posix.normalize(entry.header.name)
      if (entry.header.type === 'file' && missing.delete(name)) {
        await pipeline(entry as unknown as AsyncIterable<Buffer>, createWriteStream(join(directory, name)))
      }
      entry.resume()
    }
  }
  // Where there is no room, both fail, and only the one that writes says why.
  const [taken, unpacked] = await Promise.allSettled([take(), unpacking])
  if (taken.status === 'rejected') throw taken.reason
  if (unpacked.status === 'rejected') throw unpacked.reason
  if (missing.size > 0) throw new Error(`it lacks ${[...missing].join(' and ')}`)
}
