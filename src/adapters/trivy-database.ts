/** Gets Trivy's databases, each once, from the first repository that has one that can be used. */
import { createHash } from 'node:crypto'
import { lstat, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ToolError } from '../errors.js'
import type { DatabaseInfo } from '../model.js'
import { unpackDatabase, type ArchiveKind, type DatabaseMetadata } from './database-archive.js'
import { hashFile } from './hash.js'
import { digestOf, maxManifest, Repository, type Descriptor, type Manifest, type RegistryOptions } from './registry.js'
import { keepIfPossible, type Shelf, type ShelfEntry } from './shelf.js'

/** What differs between the vulnerability database and the Java database. */
export interface DatabaseKind extends ArchiveKind {
  readonly input: 'db-repository' | 'java-db-repository'
  readonly name: string
  /** Trivy's folder for it in its cache directory. */
  readonly folder: 'db' | 'java-db'
  /** Where the repository names none. */
  readonly tag: string
}

export const vulnerabilityDatabase: DatabaseKind = {
  input: 'db-repository',
  name: 'vulnerability database',
  folder: 'db',
  file: 'trivy.db',
  schema: 2,
  tag: '2',
}

export const javaDatabase: DatabaseKind = {
  input: 'java-db-repository',
  name: 'Java database',
  folder: 'java-db',
  file: 'trivy-java.db',
  schema: 1,
  tag: '1',
}

export interface DatabaseOptions extends RegistryOptions {
  /** Where databases are unpacked. Absolute; exists while the run lasts. */
  readonly tempDir: string
  /** Where archives are kept from run to run. */
  readonly shelf: Shelf
  readonly now: Date
  /** Milliseconds since it was built; absent: any age will do. */
  readonly maxAge?: number
  /** Says what a person should know. */
  readonly tell: (text: string) => void
}

export interface Database extends DatabaseInfo {
  /** Absolute path of the folder that Trivy expects in its cache directory. */
  readonly path: string
}

/**
 * Trivy itself goes on to its next repository only after some failures, and unpacks in place; here any failure leads
 * to the next one, an old database among them, and what was downloaded counts only when it is whole.
 * @throws ToolError that names what each repository answered
 */
export async function provideDatabase(
  kind: DatabaseKind,
  repositories: readonly string[],
  options: DatabaseOptions,
): Promise<Database> {
  const failures: string[] = []
  for (const repository of repositories) {
    try {
      const directory = await mkdtemp(join(options.tempDir, `${kind.folder}-`))
      return await provideFrom({ kind, repository, directory, options })
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof ToolError)) throw error
      failures.push(`${repository}: ${error.message}`)
    }
  }
  throw new ToolError(
    `${kind.input}: no repository gave the ${kind.name}: ${failures.join('; ')}`,
    adviceOn(failures.join('\n')),
  )
}

function adviceOn(failures: string): string {
  if (/\b429\b/.test(failures)) {
    return 'A registry limits how often it may be asked: run again later, or name a mirror of your own in that input.'
  }
  if (failures.includes(tooOld)) {
    return 'Name a repository with a newer one, or allow its age with the input db-max-age; what became known since then is not found.'
  }
  if (failures.includes(inFuture)) return 'Set the clock of this machine right, then run again.'
  return 'Check the network and its proxy, or name a repository that this runner reaches in that input.'
}

interface Request {
  readonly kind: DatabaseKind
  readonly repository: string
  /** Of this request alone. */
  readonly directory: string
  readonly options: DatabaseOptions
}

/** An archive on this machine that is what its manifest says. */
interface Copy {
  readonly manifest: Manifest
  readonly archive: string
}

async function provideFrom(request: Request): Promise<Database> {
  const { kind, repository, options } = request
  const source = new Repository(repository, kind.tag, options)
  const kept = await takeKept(request)
  if (kept !== undefined) {
    const database = await useKept(kept, source, request)
    if (database !== undefined) return database
  }
  return unpack(await download(await source.readManifest(), source, request), request)
}

/**
 * What is kept is believed when it is in nobody else's reach, or when the registry still has that very manifest: whoever
 * can write to the Actions cache could otherwise put a database there in which nothing is vulnerable.
 * @returns undefined where a newer one is there, by its own word (`NextUpdate`), or this one is not the registry's
 */
async function useKept(kept: Copy, source: Repository, request: Request): Promise<Database | undefined> {
  const { options, kind, repository } = request
  const unpackCurrent = async (): Promise<Database | undefined> => {
    const database = await unpack(kept, request)
    // One that does not say until when it is current is not.
    return Date.parse(database.nextUpdate) > options.now.getTime() ? database : undefined
  }
  if (options.shelf.own) return unpackCurrent().catch(unlessUnusable)
  const { digest } = await source.readManifest()
  if (kept.manifest.digest === digest) return unpack(kept, request)
  if (await source.hasManifest(kept.manifest.digest)) return unpackCurrent().catch(unlessUnusable)
  options.tell(`The ${kind.name} in the cache is not one that ${repository} has: it is downloaded anew`)
  return undefined
}

/** A copy that cannot be used is a reason to download, not to fail. */
function unlessUnusable(error: unknown): undefined {
  if (error instanceof ToolError) return undefined
  throw error
}

const archiveFile = 'archive.tar.gz'
const manifestFile = 'manifest.json'

/** @returns undefined where nothing is kept, or something that is not what it says */
async function takeKept(request: Request): Promise<Copy | undefined> {
  const { kind, options } = request
  const folder = join(request.directory, 'kept')
  const [archive, path] = [join(folder, archiveFile), join(folder, manifestFile)]
  try {
    if (!(await options.shelf.take(entryOf(request), folder))) return undefined
    // Links and pipes lead elsewhere, or nowhere.
    if (!(await lstat(path)).isFile() || !(await lstat(archive)).isFile()) throw new Error('it has no files')
    if ((await lstat(path)).size > maxManifest) throw new Error('its manifest is none')
    const content = await readFile(path)
    const { digest, size } = readLayer(content)
    if ((await lstat(archive)).size !== size || `sha256:${await hashFile(archive)}` !== digest)
      throw new Error('it has another digest')
    return { manifest: { content, digest: digestOf(content) }, archive }
  } catch (error) {
    options.tell(`The ${kind.name} in the cache is not what it says: ${messageOf(error)}; it is downloaded anew`)
    return undefined
  }
}

async function download(manifest: Manifest, source: Repository, request: Request): Promise<Copy> {
  const folder = join(request.directory, 'new')
  await mkdir(folder)
  const archive = join(folder, archiveFile)
  await source.download(readLayer(manifest.content), archive)
  await writeFile(join(folder, manifestFile), manifest.content)
  const { shelf, tell } = request.options
  await keepIfPossible(shelf, entryOf(request), folder, tell)
  return { manifest, archive }
}

/** One entry a repository, so that a database never stands in for another one's. */
function entryOf({ kind, repository }: Request): ShelfEntry {
  return { name: `${kind.folder}-${createHash('sha256').update(repository).digest('hex').slice(0, 16)}`, daily: true }
}

async function unpack({ archive }: Copy, request: Request): Promise<Database & DatabaseMetadata> {
  const { kind, repository, options } = request
  const path = await mkdtemp(join(request.directory, 'unpacked-'))
  const metadata = await unpackDatabase(archive, path, kind, options.now)
  checkAge(metadata, options)
  return { repository, path, ...metadata }
}

const tooOld = 'days old, more than db-max-age allows'
const inFuture = 'which is in the future'

const day = 24 * 60 * 60_000

/** Old knowledge passes what is known to be vulnerable by now. */
function checkAge({ updatedAt }: DatabaseMetadata, { now, maxAge }: DatabaseOptions): void {
  const age = now.getTime() - Date.parse(updatedAt)
  if (maxAge !== undefined && age > maxAge) throw new ToolError(`it is ${(age / day).toFixed(1)} ${tooOld}`, '')
  // Clocks differ a little, and not by a day.
  if (age < -day) throw new ToolError(`it was built on ${updatedAt}, ${inFuture} for this machine`, '')
}

/** Bytes: four times what the Java database has, the bigger one. */
const maxArchive = 4 * 1024 ** 3

/** The one layer of a database's manifest. @throws ToolError */
function readLayer(content: Buffer): Descriptor {
  const { layers } = parseObject(content) as { layers?: unknown }
  const [layer, ...others] = Array.isArray(layers) ? (layers as unknown[]) : []
  const { digest, size } = (layer ?? {}) as Record<string, unknown>
  if (others.length > 0 || typeof digest !== 'string' || typeof size !== 'number') {
    throw new ToolError('it has no manifest of a database: one with exactly one layer', '')
  }
  if (!Number.isSafeInteger(size) || size <= 0 || size > maxArchive)
    throw new ToolError(`it names a layer of ${String(size)} bytes`, '')
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new ToolError(`it names a layer '${digest}'`, '')
  return { digest, size }
}

function parseObject(content: Buffer): object {
  try {
    const value: unknown = JSON.parse(content.toString())
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said by whoever misses what should be in it.
  }
  return {}
}
