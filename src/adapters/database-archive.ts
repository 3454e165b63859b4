/** What Trivy's makers publish as a database: an archive of two files. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ToolError } from '../errors.js'
import { unpackFiles } from './archive.js'
import { readMetadata, writeMetadata, type DatabaseMetadata } from './database-metadata.js'
import { isFullDisk } from './full-disk.js'

/** What an archive must hold. */
export interface ArchiveKind {
  /** The file beside `metadata.json`. */
  readonly file: 'trivy.db' | 'trivy-java.db'
  /** Bytes that it may have. */
  readonly maxFile: number
  /** The schema that Trivy understands (`SchemaVersion` in aquasecurity/trivy-db and trivy-java-db). */
  readonly schema: number
}

const metadataFile = 'metadata.json'

/** Bytes: there are four values in it. */
const maxMetadata = 64 * 1024

/**
 * Unpacks a database into a folder as Trivy wants it.
 * @param now becomes the time of its download
 * @throws ToolError for what is not such a database; the folder is gone then
 */
export async function unpackDatabase(
  archive: string,
  directory: string,
  { file, maxFile, schema }: ArchiveKind,
  now: Date,
): Promise<DatabaseMetadata> {
  await mkdir(directory, { recursive: true })
  try {
    await unpackFiles(archive, directory, { [file]: maxFile, [metadataFile]: maxMetadata })
    const path = join(directory, metadataFile)
    const metadata = readMetadata(await readFile(path, 'utf8'), schema)
    await writeFile(path, writeMetadata(metadata, schema, now))
    return metadata
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    if (error instanceof ToolError || isFullDisk(error)) throw error
    throw new ToolError(`its archive cannot be used: ${messageOf(error)}`, '', [], { cause: error })
  }
}
