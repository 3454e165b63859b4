/** Puts a verified Trivy on this machine: a given program, the tool cache, or a release archive. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, copyFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { cacheDir, downloadTool, extractTar, find, HTTPError } from '@actions/tool-cache'
import { ConfigurationError, IntegrityError, messageOf, ToolError } from '../errors.js'
import type { TrivySettings } from '../ports.js'
import { askCommand } from './command.js'
import { scanEnvironment } from './environment.js'
import { assetName, deniedSha256, deniedVersion, knownSha256 } from './trivy-release.js'

export interface InstalledTrivy {
  /** Absolute path of the program. */
  readonly path: string
  readonly version: string
  /** Where it came from, for people. */
  readonly source: string
}

/**
 * @param platform for instance `linux-x64`
 * @param home an empty directory, for asking the program its version
 * @throws ConfigurationError, IntegrityError, ToolError
 */
export async function installTrivy(trivy: TrivySettings, platform: string, home: string): Promise<InstalledTrivy> {
  const { path, source } =
    trivy.path === undefined ? await fromRelease(trivy, platform) : await fromPath(trivy.path, trivy.sha256)
  const version = await askVersion(path, home)
  const reason = deniedVersion(version)
  if (reason !== undefined) throw refused(`Trivy ${version}: ${reason}`)
  if (trivy.path === undefined && version !== trivy.version) {
    throw new IntegrityError(
      `the program says that it is Trivy ${version}, not ${trivy.version}`,
      'Check trivy-version and trivy-sha256.',
    )
  }
  return { path, version, source }
}

type Located = Omit<InstalledTrivy, 'version'>

async function fromPath(given: string, sha256: string | undefined): Promise<Located> {
  // It runs in another directory than the one that a relative path is meant from.
  const path = resolve(given)
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new ConfigurationError(
      `trivy-path: there is no program '${path}': ${messageOf(error)}`,
      'Name an executable file, or leave trivy-path empty and let Image Gate install Trivy.',
    )
  })
  const actual = await hashStream(createReadStream(path))
  refuseDenied(actual)
  if (sha256 !== undefined && actual !== sha256) throw mismatch(`the program ${path}`, sha256, actual, 'trivy-sha256')
  return { path, source: `trivy-path ${path}` }
}

async function fromRelease({ version, sha256, mirror }: TrivySettings, platform: string): Promise<Located> {
  const asset = assetName(version, platform)
  const expected = sha256 ?? knownSha256(version, platform)
  if (asset === undefined || expected === undefined)
    throw new TypeError(`unchecked inputs: Trivy ${version} for ${platform}`)
  const told = sha256 === undefined ? 'the table of known releases' : 'trivy-sha256'
  refuseDenied(expected)
  // Entries are kept apart by checksum: another pin never meets this one's files.
  const tool = `image-gate-trivy-${expected.slice(0, 12)}`
  const cached = find(tool, version)
  if (cached !== '') {
    await verifyCached(cached, asset, expected)
    return { path: join(cached, 'trivy'), source: 'tool cache' }
  }
  const url = `${mirror}/v${version}/${asset}`
  const archive = await download(url)
  try {
    const actual = await hashStream(createReadStream(archive))
    refuseDenied(actual)
    if (actual !== expected) throw mismatch(url, expected, actual, told)
    const directory = await extractTar(archive)
    // The archive stays beside the program: it is what the program is checked against at each later use.
    await copyFile(archive, join(directory, asset))
    return { path: join(await cacheDir(directory, tool, version), 'trivy'), source: url }
  } finally {
    await rm(archive, { force: true })
  }
}

/**
 * The tool cache of a self-hosted runner outlives the job, and anything that ran there could write to it. So nothing
 * in it is believed: the archive must have the pinned checksum, and the program must be the one in the archive.
 */
async function verifyCached(directory: string, asset: string, expected: string): Promise<void> {
  const archive = join(directory, asset)
  try {
    const actual = await hashStream(createReadStream(archive))
    const [packed, installed] = await Promise.all([
      hashPacked(archive),
      hashStream(createReadStream(join(directory, 'trivy'))),
    ])
    if (actual === expected && packed === installed) return
  } catch {
    // Something is missing or unreadable, which is as bad as something else in its place.
  }
  throw new IntegrityError(
    `the Trivy in the tool cache is not the one that was verified when it was installed: ${directory}`,
    `Find out what wrote there, then delete that folder: the next run installs Trivy anew.`,
  )
}

/** SHA-256 of the program inside the archive. */
async function hashPacked(archive: string): Promise<string> {
  const tar = spawn('tar', ['-xzOf', archive, 'trivy'], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const failed = new Promise<never>((_, reject) => tar.on('error', reject))
  return Promise.race([hashStream(tar.stdout), failed])
}

async function hashStream(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function download(url: string): Promise<string> {
  try {
    return await downloadTool(url)
  } catch (error) {
    const status = error instanceof HTTPError ? error.httpStatusCode : undefined
    throw new ToolError(
      `Trivy could not be downloaded from ${url}: ${messageOf(error)}`,
      status === 404
        ? 'Check trivy-version and trivy-mirror: there is no such file.'
        : 'Check the network and its proxy, or set trivy-mirror to a mirror that this runner reaches.',
      [],
      { cause: error },
    )
  }
}

async function askVersion(path: string, home: string): Promise<string> {
  const args = ['version', '--format', 'json', '--cache-dir', home]
  const { exitCode, stdout, stderr } = await askCommand(path, args, scanEnvironment(process.env, home))
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
