// @ts-check
/** Programs that the test bed needs: what is there, else the ordinary release, else built from their Go modules. */
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './debian.mjs'
import { ask, onPath, runProgram, step } from './shell.mjs'
import { folder, projectFolder, testbedFolder } from './state.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

/**
 * The Go modules, each pinned by the go.mod and go.sum of a folder in tools/.
 * @type {Record<string, {module: string, package: string, env?: Record<string, string>, ldflags?: string}>}
 */
const modules = {
  buildx: {
    module: 'github.com/docker/buildx',
    package: 'cmd/buildx',
    ldflags: '-X github.com/docker/buildx/version.Version=VERSION',
  },
  dockerd: {
    module: 'github.com/moby/moby/v2',
    package: 'cmd/dockerd',
    ldflags: '-X github.com/moby/moby/v2/dockerversion.Version=VERSION',
  },
  trivy: {
    module: 'github.com/aquasecurity/trivy',
    package: 'cmd/trivy',
    env: { GOEXPERIMENT: 'jsonv2' },
    ldflags: '-s -w -X github.com/aquasecurity/trivy/pkg/version/app.ver=VERSION',
  },
  actionlint: { module: 'github.com/rhysd/actionlint', package: 'cmd/actionlint' },
  act: { module: 'github.com/nektos/act', package: '.' },
}

/** @param {string} name */
export function pinnedVersion(name) {
  const text = readFileSync(join(testbedFolder, 'tools', name, 'go.mod'), 'utf8')
  const module = modules[name]?.module ?? ''
  const version = text.split('\n').map(line => line.replace(/^require\s+|^\s+/, '').split(' ')).find(([path]) => path === module)?.[1]
  if (version === undefined) throw new Error(`testbed/tools/${name}/go.mod does not require ${module}`)
  return version
}

/**
 * Builds a program once a version.
 * @param {string} name @param {Log} log @returns {Promise<string>} its path
 */
export async function buildTool(name, log) {
  const tool = modules[name]
  if (tool === undefined) throw new Error(`no such tool: ${name}`)
  const version = pinnedVersion(name)
  const path = join(folder('tools', `${name}-${version}`), name)
  if (existsSync(path)) return path
  if (!ask('go', ['version']).ok) throw new Error(`${name} is missing. Install it, or Go, from which it can be built.`)
  const packageName = tool.package === '.' ? tool.module : `${tool.module}/${tool.package}`
  const flags = tool.ldflags?.replace('VERSION', name === 'trivy' ? version.slice(1) : version)
  await step(log, `Building ${name} ${version} from its Go module (once; Trivy takes about 7 minutes)`, () =>
    runProgram('go', ['build', '-mod=readonly', ...(flags ? ['-ldflags', flags] : []), '-o', `${path}.new`, packageName], {
      cwd: join(testbedFolder, 'tools', name),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', ...tool.env },
    }),
  )
  renameSync(`${path}.new`, path)
  return path
}

/** A program on PATH, else built. @param {string} name @param {Log} log */
export async function provideTool(name, log) {
  return onPath(name) ?? (await buildTool(name, log))
}

/**
 * Trivy: the verified release of the version that the action installs, else its Go module. With it comes an archive
 * like the release's, which the tests serve as a mirror.
 * @param {Log} log
 */
export async function provideTrivy(log) {
  const version = pinnedVersion('trivy').slice(1)
  const asset = `trivy_${version}_Linux-64bit.tar.gz`
  const directory = folder('tools', `trivy-v${version}`)
  const path = join(directory, 'trivy')
  const archive = join(directory, asset)
  let source = 'its Go module'
  if (existsSync(path) && existsSync(join(directory, 'release'))) source = 'its release'
  else if (!existsSync(path) && (await downloadRelease(version, asset, directory, log))) source = 'its release'
  else await buildTool('trivy', log)
  if (!existsSync(archive)) await packArchive(directory, archive)
  return { path, version, source, archive, archiveSha256: sha256(archive) }
}

/** @param {string} version @param {string} asset @param {string} directory @param {Log} log */
async function downloadRelease(version, asset, directory, log) {
  const table = JSON.parse(readFileSync(join(projectFolder, 'src/adapters/trivy-releases.json'), 'utf8'))
  const expected = table.releases[version]?.[asset]?.sha256
  if (process.platform !== 'linux' || process.arch !== 'x64' || expected === undefined) return false
  const url = `https://github.com/aquasecurity/trivy/releases/download/v${version}/${asset}`
  const head = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  if (head?.ok !== true) return false
  const bytes = await step(log, `Downloading Trivy ${version}`, async () => Buffer.from(await (await fetch(url)).arrayBuffer()))
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected) throw new Error(`${url} is not what the table of known releases says: SHA-256 ${actual}`)
  writeFileSync(join(directory, asset), bytes)
  await runProgram('tar', ['-xzf', join(directory, asset), '-C', directory, 'trivy'])
  writeFileSync(join(directory, 'release'), '')
  return true
}

/** The same bytes each time, so that its checksum can be kept. @param {string} directory @param {string} archive */
async function packArchive(directory, archive) {
  const tar = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-C', directory, '-cf', '-', 'trivy']
  await runProgram('sh', ['-c', `tar "$@" | gzip -n -1 > "${archive}.new"`, 'sh', ...tar])
  renameSync(`${archive}.new`, archive)
}

/** @param {string} path */
function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

const nodeVersion = '24.21.0'

/** Node 24, which runs the action on a runner. @param {Log} log */
export async function provideNode24(log) {
  if (Number(process.versions.node.split('.')[0]) >= 24) return { path: process.execPath }
  const name = `node-${process.platform}-${process.arch}`
  const directory = folder('tools', `node-${nodeVersion}`)
  const path = join(directory, 'node')
  if (existsSync(path)) return { path }
  const work = temporaryFolder('image-gate-node-')
  try {
    await step(log, `Getting Node ${nodeVersion} (npm package ${name})`, () =>
      runProgram('npm', ['install', '--prefix', work, '--no-save', '--no-audit', '--no-fund', `${name}@${nodeVersion}`]),
    )
    copyFileSync(join(work, 'node_modules', name, 'bin/node'), `${path}.new`)
    chmodSync(`${path}.new`, 0o755)
    renameSync(`${path}.new`, path)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return { path }
}

/**
 * The buildx plugin: the client's own, else built and put into a docker configuration of the test bed, never into the
 * user's.
 * @param {Log} log @returns {Promise<Record<string, string>>} what to add to the environment
 */
export async function provideBuildx(log) {
  if (ask('docker', ['buildx', 'version']).ok) return {}
  const config = folder('docker-config')
  const plugin = join(config, 'cli-plugins', 'docker-buildx')
  if (!existsSync(plugin)) {
    mkdirSync(join(config, 'cli-plugins'), { recursive: true })
    copyFileSync(await buildTool('buildx', log), plugin)
    chmodSync(plugin, 0o755)
    copyUserConfig(config)
  }
  return { DOCKER_CONFIG: config }
}

/** Credentials and contexts of the user go on to work. @param {string} config */
function copyUserConfig(config) {
  const own = process.env['DOCKER_CONFIG'] ?? join(process.env['HOME'] ?? '', '.docker')
  if (!existsSync(own)) return
  for (const name of readdirSync(own)) {
    if (name === 'config.json') copyFileSync(join(own, name), join(config, name))
  }
}
