/** What Trivy's makers publish as a database: an archive of two files. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ToolError } from '../errors.js'
import { unpackFiles } from './archive.js'
import { isFullDisk } from './full-disk.js'

/** What an archive must hold. */
export interface ArchiveKind {
  /** The file beside `metadata.json`. */
  readonly file: 'trivy.db' | 'trivy-java.db'
  /** The schema that Trivy understands (`SchemaVersion` in aquasecurity/trivy-db and trivy-java-db). */
  readonly schema: number
}

/** What a database says of itself. */
export interface DatabaseMetadata {
  /** ISO 8601: when it was built. */
  readonly updatedAt: string
  /** ISO 8601: when there will be a newer one; empty where it does not say. */
  readonly nextUpdate: string
}

/**
 * Unpacks a database into a folder as Trivy wants it.
 * @param now becomes the time of its download
 * @throws ToolError for what is not such a database; the folder is gone then
 */
export async function unpackDatabase(
  archive: string,
  directory: string,
  kind: ArchiveKind,
  now: Date,
): Promise<DatabaseMetadata> {
  await mkdir(directory, { recursive: true })
  try {
    await unpackFiles(archive, directory, [kind.file, 'metadata.json'])
    return await readMetadata(directory, kind, now)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    if (error instanceof ToolError || isFullDisk(error)) throw error
    throw new ToolError(`its archive cannot be used: ${messageOf(error)}`, '', [], { cause: error })
  }
}

/** Trivy wants to know when a database was downloaded, and asks no more if it was. */
async function readMetadata(directory: string, { schema }: ArchiveKind, now: Date): Promise<DatabaseMetadata> {
  const path = join(directory, 'metadata.json')
  const metadata = parseMetadata(await readFile(path, 'utf8'))
  const { Version, UpdatedAt, NextUpdate } = metadata
  if (Version !== schema) {
    throw new ToolError(`its schema is ${JSON.stringify(Version)}, and Trivy understands ${String(schema)}`, '')
  }
  if (typeof UpdatedAt !== 'string' || Number.isNaN(Date.parse(UpdatedAt))) {
    throw new ToolError('its metadata.json does not say when it was built', '')
  }
  await writeFile(path, JSON.stringify({ ...metadata, DownloadedAt: now.toISOString() }))
  return { updatedAt: UpdatedAt, nextUpdate: typeof NextUpdate === 'string' ? NextUpdate : '' }
}

function parseMetadata(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new ToolError('it has no readable metadata.json', '')
}
