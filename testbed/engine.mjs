// @ts-check
/** A Docker engine: the one that runs, else Docker 29 built from its Go module, else Debian's docker.io. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, installPrograms, isDebianRoot } from './debian.mjs'
import { bridgeOf, provideBridge, removeBridge } from './network.mjs'
import { startService, stopProcess } from './service.mjs'
import { ask, step } from './shell.mjs'
import { cacheFolder, findService, folder, forgetService, rememberService, runFolder } from './state.mjs'
import { buildTool } from './tools.mjs'

/** @typedef {import('./shell.mjs').Log} Log */
/**
 * @typedef {'modern' | 'overlay' | 'old'} EngineKind `modern` has the containerd image store; `overlay` is the same daemon with
 * the older overlay2 store, as hosted runners have up to Docker 28 and upgraded engines keep; `old` is Docker 20.10, which
 * records no provenance
 */
/** @typedef {{kind: 'running' | EngineKind, version: string, env: Record<string, string>}} Engine */

/** @type {readonly EngineKind[]} */
export const engineKinds = ['modern', 'overlay', 'old']

/** @param {EngineKind} kind */
const runOf = kind => join(runFolder, kind)

/** @param {EngineKind} kind */
const hostOf = kind => `unix://${join(runOf(kind), 'docker.sock')}`

/** @param {NodeJS.ProcessEnv} env */
function serverVersion(env) {
  const { ok, stdout } = ask('docker', ['version', '--format', '{{.Server.Version}}'], { env, timeout: 10_000 })
  return ok && stdout !== '' ? stdout : undefined
}

/**
 * @param {{kind?: EngineKind, mirror: () => Promise<string>, log: Log}} options kind: one of the test bed's own engines,
 * even where another one runs; mirror: the address of a registry to ask before Docker Hub
 * @returns {Promise<Engine>}
 */
export async function provideEngine({ kind, mirror, log }) {
  const running = findEngine(kind)
  if (running !== undefined) return running
  if (!isDebianRoot()) {
    throw new Error('No Docker engine answers. Start Docker (https://docs.docker.com/engine/install/), then run again.')
  }
  await installPrograms(
    { containerd: 'containerd', runc: 'runc', iptables: 'iptables', ip: 'iproute2', docker: 'docker.io' },
    log,
  )
  await installPackages(['ca-certificates'], log)
  if (kind !== 'old') {
    try {
      return await startEngine(kind ?? 'modern', await buildTool('dockerd', log), await mirror(), log)
    } catch (error) {
      await stopEngine(kind ?? 'modern', log)
      if (kind !== undefined) throw error
      log(`Docker 29 does not run here, using Debian's docker.io. The reason: ${String(error)}`)
    }
  }
  await installPackages(['docker.io'], log)
  return startEngine('old', '/usr/sbin/dockerd', await mirror(), log)
}

/** @param {EngineKind} [kind] @returns {Engine | undefined} */
function findEngine(kind) {
  // In a shell that took over our environment, the engine that answers is ours.
  const isOurs = engineKinds.some(own => process.env['DOCKER_HOST'] === hostOf(own))
  const version = kind === undefined && !isOurs ? serverVersion(process.env) : undefined
  if (version !== undefined) return { kind: 'running', version, env: contextHost() }
  for (const own of kind === undefined ? engineKinds : [kind]) {
    const env = { DOCKER_HOST: hostOf(own) }
    const ownVersion = existsSync(join(runOf(own), 'docker.sock'))
      ? serverVersion({ ...process.env, ...env })
      : undefined
    if (ownVersion !== undefined) return { kind: own, version: ownVersion, env }
  }
  return undefined
}

/** A docker configuration of our own does not know the user's contexts: the address does without. @returns {Record<string, string>} */
function contextHost() {
  if (process.env['DOCKER_HOST']) return {}
  const { stdout } = ask('docker', ['context', 'inspect', '--format', '{{.Name}} {{.Endpoints.docker.Host}}'])
  const [name = 'default', host = ''] = stdout.split(' ')
  return name === 'default' || host === '' ? {} : { DOCKER_HOST: host }
}

/** @param {EngineKind} kind @param {string} dockerd @param {string} mirror @param {Log} log @returns {Promise<Engine>} */
async function startEngine(kind, dockerd, mirror, log) {
  const run = runOf(kind)
  mkdirSync(run, { recursive: true })
  const env = { DOCKER_HOST: hostOf(kind) }
  const answers = () => serverVersion({ ...process.env, ...env })
  await step(log, `Starting a Docker engine (${kind})`, async () => {
    await startContainerd(kind, run)
    await provideBridge(kind)
    rmSync(join(run, 'docker.pid'), { force: true })
    await startService(dockerd, daemonArgs(kind, run, mirror), {
      logFile: join(run, 'dockerd.log'),
      started: pid => rememberService({ name: `dockerd-${kind}`, pid }),
      answers: () => answers() !== undefined,
      seconds: 60,
    })
  })
  return { kind, version: answers() ?? '', env }
}

/** @param {EngineKind} kind @param {string} run @param {string} mirror */
function daemonArgs(kind, run, mirror) {
  return [
    ...['--host', hostOf(kind), '--pidfile', join(run, 'docker.pid')],
    ...['--containerd', join(run, 'containerd.sock'), '--containerd-namespace', 'moby'],
    ...['--data-root', folder('engines', kind, 'docker'), '--exec-root', join(run, 'exec')],
    ...['--bridge', bridgeOf(kind).name, '--userland-proxy=false'],
    ...['--registry-mirror', `http://${mirror}`],
    ...(kind === 'overlay' ? ['--feature', 'containerd-snapshotter=false', '--storage-driver', 'overlay2'] : []),
  ]
}

/** @param {EngineKind} kind @param {string} run */
async function startContainerd(kind, run) {
  if (findService(`containerd-${kind}`) !== undefined) return
  const address = join(run, 'containerd.sock')
  const args = [
    '--address',
    address,
    '--root',
    folder('engines', kind, 'containerd'),
    '--state',
    join(run, 'containerd'),
  ]
  await startService('containerd', args, {
    logFile: join(run, 'containerd.log'),
    started: pid => rememberService({ name: `containerd-${kind}`, pid }),
    answers: () => ask('ctr', ['--address', address, 'version']).ok,
    seconds: 30,
  })
}

/** @param {EngineKind} kind @param {Log} log */
export async function stopEngine(kind, log) {
  const run = runOf(kind)
  // The engine before the containerd that it uses.
  for (const name of [`dockerd-${kind}`, `containerd-${kind}`]) {
    const service = findService(name)
    if (service?.pid === undefined) continue
    const { pid, started } = service
    await step(log, `Stopping ${name}`, () => stopProcess(pid, started))
    forgetService(name)
  }
  for (const pid of shimsOf(join(run, 'containerd.sock'))) await stopProcess(pid)
  unmountBelow(run)
  unmountBelow(join(cacheFolder, 'engines', kind))
  removeBridge(kind)
  rmSync(run, { recursive: true, force: true })
}

/** Shims outlive a containerd that had to be killed. Ours name our socket. @param {string} address */
function shimsOf(address) {
  const numbers = existsSync('/proc') ? readdirSync('/proc').filter(name => /^\d+$/.test(name)) : []
  return numbers.map(Number).filter(pid => {
    try {
      const words = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0')
      return (
        (words[0] ?? '').includes('containerd-shim') &&
        words.some(word => word === address || word === `${address}.ttrpc`)
      )
    } catch {
      return false
    }
  })
}

/** @param {string} path */
export function unmountBelow(path) {
  if (!existsSync('/proc/mounts')) return
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
  for (const mount of mounts.filter(point => point.startsWith(`${path}/`)).reverse()) ask('umount', ['--lazy', mount])
}
