/** Gets Trivy's databases, each once, from the first repository that has one that can be used. */
import { createHash } from 'node:crypto'
import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IntegrityError, messageOf, ToolError } from '../errors.js'
import type { DatabaseInfo } from '../model.js'
import { unpackDatabase, type ArchiveKind } from './database-archive.js'
import { isCurrent, type DatabaseMetadata } from './database-metadata.js'
import { hashFile } from './hash.js'
import type { Descriptor } from './received.js'
import { digestOf, maxManifest, Repository, type Manifest, type RegistryOptions } from './registry.js'
import { keepIfPossible, type Shelf, type ShelfEntry } from './shelf.js'

/** What differs between the vulnerability database and the Java database. */
export interface DatabaseKind extends ArchiveKind {
  readonly input: 'db-repository' | 'java-db-repository'
  /** The input for the age that it may have. */
  readonly ageInput: 'db-max-age' | 'java-db-max-age'
  readonly name: string
  /** Trivy's folder for it in its cache directory. */
  readonly folder: 'db' | 'java-db'
  /** Where the repository names none. */
  readonly tag: string
  /** Milliseconds after it was built for which a copy may count as the newest one, whatever it says itself. */
  readonly currentFor: number
}

const day = 24 * 60 * 60_000

const gibibyte = 1024 ** 3

export const vulnerabilityDatabase: DatabaseKind = {
  input: 'db-repository',
  ageInput: 'db-max-age',
  name: 'vulnerability database',
  folder: 'db',
  file: 'trivy.db',
  // Four times what it has in 2026.
  maxFile: 4 * gibibyte,
  schema: 2,
  tag: '2',
  // Twice what it says of itself (`update-interval` in `pkg/app.go` of aquasecurity/trivy-db).
  currentFor: 2 * day,
}

export const javaDatabase: DatabaseKind = {
  input: 'java-db-repository',
  ageInput: 'java-db-max-age',
  name: 'Java database',
  folder: 'java-db',
  file: 'trivy-java.db',
  maxFile: 8 * gibibyte,
  schema: 1,
  tag: '1',
  // Twice what it says of itself (`updateInterval` in `pkg/builder/builder.go` of aquasecurity/trivy-java-db).
  currentFor: 6 * day,
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
  /**
   * Has Trivy find what must be found with a database. It is used and kept only after that.
   * @param path the folder that Trivy expects in its cache directory
   * @throws ToolError, IntegrityError where Trivy does not find it
   */
  readonly prove: (path: string) => Promise<void>
}

export interface Database extends DatabaseInfo {
  /** Absolute path of the folder that Trivy expects in its cache directory. */
  readonly path: string
}

/**
 * Trivy itself goes on to its next repository only after some failures, and unpacks in place; here any failure leads
 * to the next one, an old database and one that proves nothing among them.
 * @throws ToolError that names what each repository answered
 */
export async function provideDatabase(
  kind: DatabaseKind,
  repositories: readonly string[],
  options: DatabaseOptions,
): Promise<Database> {
  const failures: string[] = []
  for (const repository of repositories) {
    const directory = await mkdtemp(join(options.tempDir, `${kind.folder}-`))
    try {
      return await provideFrom({ kind, repository, directory, options })
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isUnusable(error)) throw error
      failures.push(`${repository}: ${error.message}`)
      // Some gigabytes, which the next one needs.
      await rm(directory, { recursive: true, force: true })
    }
  }
  throw new ToolError(
    `${kind.input}: no repository gave the ${kind.name}: ${failures.join('; ')}`,
    adviceOn(failures.join('\n'), kind),
  )
}

/** A reason to take another database, and not to end the run. */
function isUnusable(error: unknown): error is ToolError | IntegrityError {
  return error instanceof ToolError || error instanceof IntegrityError
}

function adviceOn(failures: string, { input, ageInput }: DatabaseKind): string {
  if (/\b429\b/.test(failures)) {
    return 'A registry limits how often it may be asked: run again later, or name a mirror of your own in that input.'
  }
  if (failures.includes(tooOld)) {
    return `Name a repository with a newer one, or allow its age with the input ${ageInput}; what became known since then is not found.`
  }
  if (failures.includes(inFuture)) return 'Set the clock of this machine right, then run again.'
  if (failures.includes(unproved)) {
    return `The database is empty, damaged, or another one than it claims to be: check the input ${input} (and trivy-path), then run again.`
  }
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

/** Unpacked, and not proved yet. */
type Candidate = Database & DatabaseMetadata

async function provideFrom(request: Request): Promise<Database> {
  const { kind, repository, options } = request
  const source = new Repository(repository, kind.tag, options)
  const kept = await takeKept(request)
  const usable = kept === undefined ? undefined : await useKept(kept, source, request)
  return usable ?? downloadNewest(source, request)
}

/**
 * What is kept is believed when it is in nobody else's reach, or when the registry still has that very manifest: whoever
 * can write to the Actions cache could otherwise put a database there in which nothing is vulnerable. In both cases it
 * must prove itself anew.
 * @returns undefined where a newer one is there, by its own word (`NextUpdate`), or this one cannot be used
 */
async function useKept(kept: Copy, source: Repository, request: Request): Promise<Database | undefined> {
  const { options, kind, repository } = request
  const { own } = options.shelf
  const mine = own ? await openKept(kept, request) : undefined
  if (mine !== undefined && isCurrent(mine, kind.currentFor, options.now)) return proveKept(mine, request)
  const newest = (await source.readManifest()).digest === kept.manifest.digest
  if (!newest && (own || !(await source.hasManifest(kept.manifest.digest)))) {
    if (!own) options.tell(`The ${kind.name} in the cache is not one that ${repository} has: it is downloaded anew`)
    return undefined
  }
  const database = mine ?? (await openKept(kept, request))
  if (database === undefined) return undefined
  return newest || isCurrent(database, kind.currentFor, options.now) ? proveKept(database, request) : undefined
}

/** A copy that cannot be used is a reason to download, not to fail. */
async function openKept(kept: Copy, request: Request): Promise<Candidate | undefined> {
  try {
    return await unpack(kept, request)
  } catch (error) {
    refuseKept(error, request)
    return undefined
  }
}

async function proveKept(database: Candidate, request: Request): Promise<Database | undefined> {
  try {
    await request.options.prove(database.path)
    return database
  } catch (error) {
    request.options.signal.throwIfAborted()
    refuseKept(error, request)
    return undefined
  }
}

function refuseKept(error: unknown, { kind, options }: Request): void {
  if (!isUnusable(error)) throw error
  options.tell(`The ${kind.name} in the cache is not used: ${error.message}; it is downloaded anew`)
}

/** Kept is only what was proved: a bad one would fail each run until it is old. */
async function downloadNewest(source: Repository, request: Request): Promise<Database> {
  const { shelf, tell, prove } = request.options
  const manifest = await source.readManifest()
  const folder = join(request.directory, 'new')
  await mkdir(folder)
  const archive = join(folder, archiveFile)
  await source.download(readLayer(manifest.content), archive)
  const database = await unpack({ manifest, archive }, request)
  await prove(database.path)
  await writeFile(join(folder, manifestFile), manifest.content)
  await keepIfPossible(shelf, entryOf(request), folder, tell)
  return database
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

/** One entry a repository, so that a database never stands in for another one's. */
function entryOf({ kind, repository }: Request): ShelfEntry {
  return { name: `${kind.folder}-${createHash('sha256').update(repository).digest('hex').slice(0, 16)}`, daily: true }
}

async function unpack({ manifest, archive }: Copy, request: Request): Promise<Candidate> {
  const { kind, repository, options } = request
  const path = await mkdtemp(join(request.directory, 'unpacked-'))
  const metadata = await unpackDatabase(archive, path, kind, options.now)
  checkAge(metadata, kind, options)
  return { repository, digest: manifest.digest, path, ...metadata }
}

const tooOld = 'days old, more than'
const inFuture = 'which is in the future'
/** In the error of a canary that was not found. */
export const unproved = 'Trivy and its database'

/** Old knowledge passes what is known to be vulnerable by now. */
function checkAge({ updatedAt }: DatabaseMetadata, { ageInput }: DatabaseKind, { now, maxAge }: DatabaseOptions): void {
  const age = now.getTime() - Date.parse(updatedAt)
  if (maxAge !== undefined && age > maxAge)
    throw new ToolError(`it is ${(age / day).toFixed(1)} ${tooOld} ${ageInput} allows`, '')
  // Clocks differ a little, and not by a day.
  if (age < -day) throw new ToolError(`it was built on ${updatedAt}, ${inFuture} for this machine`, '')
}

/** Bytes: four times what the Java database has, the bigger one. */
const maxArchive = 4 * gibibyte

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
