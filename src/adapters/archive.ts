import { createReadStream, createWriteStream } from 'node:fs'
import { join, posix } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'

/** Bytes beside the wanted files: texts and templates, of less than a megabyte in a release of Trivy. */
const maxBeside = 256 * 1024 ** 2

/**
 * Takes single files out of a tar.gz. Anything else stays in it, whatever its name is and wherever it would lead.
 * @param archive absolute
 * @param directory absolute; gets the files by their names
 * @param wanted names at the top of the archive, each with the bytes that it may have
 * @param beside bytes that everything else may have
 * @throws Error for what is no such archive, lacks one of the files, has one twice, or is bigger than that
 */
export async function unpackFiles(
  archive: string,
  directory: string,
  wanted: Readonly<Record<string, number>>,
  beside = maxBeside,
): Promise<void> {
  const limits = new Map(Object.entries(wanted))
  const found = new Set<string>()
  const entries = extract()
  const total = [...limits.values()].reduce((sum, limit) => sum + limit, beside)
  const unpacking = pipeline(createReadStream(archive), createGunzip(), atMost(total), entries)
  const take = async (): Promise<void> => {
    for await (const entry of entries) {
      const name = posix.normalize(entry.header.name)
      const limit = limits.get(name)
      if (entry.header.type === 'file' && limit !== undefined) {
        if (entry.header.size > limit) throw new Error(`its ${name} has more than ${String(limit)} bytes`)
        if (found.has(name)) throw new Error(`it has two files ${name}`)
        found.add(name)
        await pipeline(entry as unknown as AsyncIterable<Buffer>, createWriteStream(join(directory, name)))
      }
      entry.resume()
    }
  }
  // Where there is no room, both fail, and only the one that writes says why.
  const [taken, unpacked] = await Promise.allSettled([take(), unpacking])
  if (unpacked.status === 'rejected' && unpacked.reason instanceof TooBig) throw unpacked.reason
  if (taken.status === 'rejected') throw taken.reason
  if (unpacked.status === 'rejected') throw unpacked.reason
  const missing = [...limits.keys()].filter(name => !found.has(name))
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(' and ')}`)
}

class TooBig extends Error {}

/** Lets so many bytes through, and fails then: a few bytes of gzip can stand for any number. */
function atMost(limit: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes > limit) done(new TooBig(`it has more than ${String(limit)} bytes unpacked`))
      else done(null, chunk)
    },
  })
}
