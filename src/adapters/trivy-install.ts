/** Puts a verified Trivy on this machine: a given program, or a release out of a cache or from its mirror. */
import { access, chmod, constants, copyFile, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { cacheDir, find } from '@actions/tool-cache'
import { ConfigurationError, IntegrityError, messageOf, ToolError } from '../errors.js'
import type { TrivySettings } from '../ports.js'
import { unpackFiles } from './archive.js'
import { askCommand } from './command.js'
import { scanEnvironment } from './environment.js'
import { explainFullDisk, isFullDisk } from './full-disk.js'
import { hashFile } from './hash.js'
import type { RunProcess } from './process.js'
import { HttpClient, receive, refuseFailure, refuseLonger, Refusal } from './http.js'
import { atMost } from './received.js'
import { keepIfPossible, type Shelf, type ShelfEntry } from './shelf.js'
import { assetName, deniedSha256, deniedVersion, knownSha256 } from './trivy-release.js'

export interface InstalledTrivy {
  /** Absolute path of the program. */
  readonly path: string
  readonly version: string
  /** Where it came from, for people. */
  readonly source: string
  /** Of the program. */
  readonly sha256: string
}

export interface InstallOptions {
  readonly run: RunProcess
  /** For instance `linux-x64`. */
  readonly platform: string
  /** A folder of this run alone, which ends with it. Absolute. */
  readonly tempDir: string
  /** Where archives are kept from run to run, beside the tool cache. */
  readonly shelf: Shelf
  /** Ends what is downloaded. */
  readonly signal: AbortSignal
  /** Says what a person should know. */
  readonly tell: (text: string) => void
}

/** @throws ConfigurationError, IntegrityError, ToolError */
export async function installTrivy(trivy: TrivySettings, options: InstallOptions): Promise<InstalledTrivy> {
  const located =
    trivy.path === undefined ? await fromRelease(trivy, options) : await fromPath(trivy.path, trivy.sha256, options)
  const version = await askVersion(located.path, await mkdtemp(join(options.tempDir, 'empty-')), options.run)
  const reason = deniedVersion(version)
  if (reason !== undefined) throw refused(`Trivy ${version}: ${reason}`)
  if (trivy.path === undefined && version !== trivy.version) {
    throw new IntegrityError(
      `the program says that it is Trivy ${version}, not ${trivy.version}`,
      'Check trivy-version and trivy-sha256.',
    )
  }
  return { ...located, version }
}

type Located = Omit<InstalledTrivy, 'version'>

async function fromPath(given: string, expected: string | undefined, { tempDir }: InstallOptions): Promise<Located> {
  // It runs in another directory than the one that a relative path is meant from.
  const path = resolve(given)
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new ConfigurationError(
      `trivy-path: there is no program '${path}': ${messageOf(error)}`,
      'Name an executable file, or leave trivy-path empty and let Image Gate install Trivy.',
    )
  })
  const source = `trivy-path ${path}`
  if (expected === undefined) {
    const sha256 = await hashFile(path)
    refuseDenied(sha256)
    return { path, source, sha256 }
  }
  // What was checked is what runs, whoever can write to the original.
  const copy = join(await mkdtemp(join(tempDir, 'trivy-')), 'trivy')
  await copyFile(path, copy).catch(explainFullDisk)
  const sha256 = await hashFile(copy)
  refuseDenied(sha256)
  if (sha256 !== expected) throw mismatch(`the program ${path}`, expected, sha256, 'trivy-sha256')
  return { path: copy, source, sha256 }
}

/** The release that is to be installed, and this run's own folder for it. */
interface Release {
  readonly version: string
  /** The archive's file name. */
  readonly asset: string
  readonly url: string
  /** SHA-256 of the archive, and who says so. */
  readonly expected: string
  readonly told: string
  /** In the tool cache entries are kept apart by checksum: another pin never meets this one's files. */
  readonly tool: string
  readonly directory: string
}

async function fromRelease(settings: TrivySettings, options: InstallOptions): Promise<Located> {
  const release = await describeRelease(settings, options)
  refuseDenied(release.expected)
  return (await fromToolCache(release)) ?? (await fromShelf(release, options)) ?? (await fromMirror(release, options))
}

async function describeRelease(
  { version, sha256, mirror }: TrivySettings,
  { platform, tempDir }: InstallOptions,
): Promise<Release> {
  const asset = assetName(version, platform)
  const expected = sha256 ?? knownSha256(version, platform)
  if (asset === undefined || expected === undefined)
    throw new TypeError(`unchecked inputs: Trivy ${version} for ${platform}`)
  return {
    version,
    asset,
    url: `${mirror}/v${version}/${asset}`,
    expected,
    told: sha256 === undefined ? 'the table of known releases' : 'trivy-sha256',
    tool: `image-gate-trivy-${expected.slice(0, 12)}`,
    directory: await mkdtemp(join(tempDir, 'trivy-')),
  }
}

/**
 * The tool cache of a self-hosted runner outlives the job, and anything that ran there could write to it, also while we
 * look. So nothing in it is believed or run: the archive is copied to where only this run is, must have the pinned checksum
 * there, and the program comes out of that copy. The one that lies in the cache must still be the same.
 */
async function fromToolCache(release: Release): Promise<Located | undefined> {
  const { asset, tool, version, directory } = release
  const cached = find(tool, version)
  if (cached === '') return undefined
  try {
    await refuseOther(join(cached, asset), maxArchive)
    await refuseOther(join(cached, 'trivy'), maxProgram)
    await copyFile(join(cached, asset), join(directory, asset))
    const located = await unpackProgram(release, 'tool cache')
    if ((await hashFile(join(cached, 'trivy'))) === located.sha256) return located
  } catch (error) {
    if (isFullDisk(error)) explainFullDisk(error)
    // Something is missing or unreadable, which is as bad as something else in its place.
  }
  // Another job of this machine is just putting it there anew.
  if (find(tool, version) === '') return undefined
  throw new IntegrityError(
    `the Trivy in the tool cache is not the one that was verified when it was installed: ${cached}`,
    `Find out what wrote there, then delete that folder: the next run installs Trivy anew.`,
  )
}

const entryOf = ({ expected }: Release): ShelfEntry => ({ name: `trivy-${expected}`, daily: false })

async function fromShelf(release: Release, { shelf, tell }: InstallOptions): Promise<Located | undefined> {
  const { asset, directory } = release
  const kept = join(directory, 'kept')
  try {
    if (!(await shelf.take(entryOf(release), kept))) return undefined
    await refuseOther(join(kept, asset), maxArchive)
    await copyFile(join(kept, asset), join(directory, asset))
    return await unpackProgram(release, 'Actions cache')
  } catch (error) {
    if (isFullDisk(error)) explainFullDisk(error)
    tell(`The Trivy in the Actions cache is not used: ${messageOf(error)}`)
    return undefined
  } finally {
    await rm(kept, { recursive: true, force: true })
  }
}

/** A link or a pipe leads elsewhere, or nowhere; a file without end fills the disk. @param limit bytes */
async function refuseOther(path: string, limit: number): Promise<void> {
  const status = await lstat(path)
  if (!status.isFile()) throw new Error('it is no file')
  if (status.size > limit) throw new Error(`it has more than ${String(limit)} bytes`)
}

async function fromMirror(release: Release, { shelf, tell, signal }: InstallOptions): Promise<Located> {
  const { asset, url, tool, version, directory } = release
  const archive = join(directory, asset)
  await rm(archive, { force: true })
  await download(url, archive, signal)
  const located = await unpackProgram(release, url)
  await cacheDir(directory, tool, version).catch((error: unknown) => {
    tell(`Trivy could not be put into the tool cache: ${messageOf(error)}`)
  })
  const kept = join(directory, 'kept')
  await mkdir(kept)
  await copyFile(archive, join(kept, asset)).catch(explainFullDisk)
  await keepIfPossible(shelf, entryOf(release), kept, tell)
  return located
}

/** Bytes: five times what the program has in 2026. */
const maxProgram = 1024 ** 3

/** @throws IntegrityError where the archive in the run's own folder is not the one that is pinned */
async function unpackProgram({ asset, directory, expected, told, url }: Release, source: string): Promise<Located> {
  const archive = join(directory, asset)
  const actual = await hashFile(archive)
  refuseDenied(actual)
  if (actual !== expected) throw mismatch(source === url ? url : `the archive from ${source}`, expected, actual, told)
  const path = join(directory, 'trivy')
  await unpackFiles(archive, directory, { trivy: maxProgram }).catch((error: unknown) => {
    if (isFullDisk(error)) explainFullDisk(error)
    throw new ToolError(`${asset} cannot be unpacked: ${messageOf(error)}`, 'Check trivy-sha256.', [], { cause: error })
  })
  await chmod(path, 0o755)
  const sha256 = await hashFile(path)
  refuseDenied(sha256)
  return { path, source, sha256 }
}

/** Milliseconds, with all tries, for an archive of some 50 MB. */
const downloadLimit = 10 * 60_000

/** Bytes: ten times that. */
const maxArchive = 512 * 1024 ** 2

async function download(url: string, path: string, signal: AbortSignal): Promise<void> {
  try {
    const http = new HttpClient({ signal })
    await http.patiently(downloadLimit, async inTime => {
      const answer = refuseFailure(await http.ask(url, { signal: inTime, pinned: true }))
      await receive(refuseLonger(answer, maxArchive), path, atMost(maxArchive))
    })
  } catch (error) {
    signal.throwIfAborted()
    if (isFullDisk(error)) explainFullDisk(error)
    const { cause } = error as { cause?: unknown }
    throw new ToolError(
      `Trivy could not be downloaded from ${url}: ${messageOf(error)}`,
      cause instanceof Refusal && cause.status === 404
        ? 'Check trivy-version and trivy-mirror: there is no such file.'
        : 'Check the network and its proxy, or set trivy-mirror to a mirror that this runner reaches.',
      [],
      { cause: error },
    )
  }
}

async function askVersion(path: string, home: string, run: RunProcess): Promise<string> {
  const args = ['version', '--format', 'json', '--cache-dir', home]
  const { exitCode, stdout, stderr } = await askCommand(path, args, scanEnvironment(process.env, home), { run })
  const version = /"Version":\s*"v?(\d+\.\d+\.\d+[^"]*)"/.exec(stdout)?.[1]
  if (exitCode !== 0 || version === undefined) {
    throw new ToolError(
      `${path} does not answer as Trivy would: ${(stderr || stdout).trim().split('\n').at(-1) ?? ''}`,
      'Check that it is Trivy, for this platform.',
    )
  }
  return version
}

function refuseDenied(sha256: string): void {
  const reason = deniedSha256(sha256)
  if (reason !== undefined) throw refused(reason)
}

function refused(reason: string): IntegrityError {
  return new IntegrityError(
    `this Trivy is refused: ${reason}`,
    'Take it off this machine, and rotate what it could read.',
  )
}

function mismatch(what: string, expected: string, actual: string, told: string): IntegrityError {
  return new IntegrityError(
    `${what} is not what ${told} says: expected SHA-256 ${expected}, got ${actual}`,
    'Do not use that file. If the pin is wrong, correct it from a source that you trust.',
  )
}
