// @ts-check
/**
 * Trivy: the verified release of the version that the action installs, else built from its Go module. With it comes an
 * archive like the release's, which the tests serve as a mirror.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram, step } from './shell.mjs'
import { folder, projectFolder } from './state.mjs'
import { buildTool, pinnedVersion } from './tools.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

/** How the releases call platforms. @type {Record<string, string>} */
const platforms = {
  'linux-x64': 'Linux-64bit',
  'linux-arm64': 'Linux-ARM64',
  'darwin-x64': 'macOS-64bit',
  'darwin-arm64': 'macOS-ARM64',
}

/** @param {Log} log */
export async function provideTrivy(log) {
  const version = pinnedVersion('trivy').slice(1)
  const platform = platforms[`${process.platform}-${process.arch}`]
  if (platform === undefined)
    throw new Error(`Trivy has no archive for ${process.platform}-${process.arch}: use Linux or macOS`)
  const asset = `trivy_${version}_${platform}.tar.gz`
  const directory = folder('tools', `trivy-v${version}`)
  const path = join(directory, 'trivy')
  const archive = join(directory, asset)
  if (!existsSync(path) && !(await downloadRelease(version, asset, directory, log))) await buildTool('trivy', log)
  if (!existsSync(archive)) await step(log, `Packing ${asset}`, () => packArchive(directory, archive))
  const source = existsSync(join(directory, 'release')) ? 'its release' : 'its Go module'
  return { path, version, source, archive, archiveSha256: sha256(readFileSync(archive)) }
}

/** @param {string} version @param {string} asset @param {string} directory @param {Log} log */
async function downloadRelease(version, asset, directory, log) {
  const table = JSON.parse(readFileSync(join(projectFolder, 'src/adapters/trivy-releases.json'), 'utf8'))
  const expected = table.releases[version]?.[asset]?.sha256
  if (expected === undefined) return false
  const url = `https://github.com/aquasecurity/trivy/releases/download/v${version}/${asset}`
  const head = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  const bytes = head?.ok === true ? await step(log, `Downloading Trivy ${version}`, () => download(url)) : undefined
  if (bytes === undefined) {
    log(`Trivy's releases cannot be reached from here`)
    return false
  }
  // Not a reason to build it instead: somebody may have changed it.
  const actual = sha256(bytes)
  if (actual !== expected)
    throw new Error(
      `${url} is not what the table of known releases says: SHA-256 ${actual} instead of ${expected}. Do not use it; report it.`,
    )
  writeFileSync(join(directory, asset), bytes)
  writeFileSync(join(directory, 'release'), '')
  await runProgram('tar', ['-xzf', join(directory, asset), '-C', directory, 'trivy'])
  return true
}

/** @param {string} url */
async function download(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(300_000) })
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined
  } catch {
    return undefined
  }
}

/** The same bytes each time, so that its checksum can be kept. @param {string} directory @param {string} archive */
async function packArchive(directory, archive) {
  const tar = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    directory,
    '-cf',
    '-',
    'trivy',
  ]
  await runProgram('sh', ['-c', 'out=$1; shift; tar "$@" | gzip -n -1 > "$out"', 'sh', `${archive}.new`, ...tar])
  renameSync(`${archive}.new`, archive)
}

/** @param {Buffer} bytes */
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')
