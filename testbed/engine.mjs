// @ts-check
/** A Docker engine: the one that runs, else Docker 29 built from its Go module, else Debian's docker.io. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, isDebianRoot } from './debian.mjs'
import { ask, onPath, runProgram, startService, step, waitUntil } from './shell.mjs'
import { findService, folder, rememberService, runFolder } from './state.mjs'
import { buildTool } from './tools.mjs'

/** @typedef {import('./shell.mjs').Log} Log */
/** @typedef {'modern' | 'old'} EngineKind containerd image store and provenance, or graphdriver store without */

/** Networks of their own, so that both engines can run side by side and beside anybody else's docker0. */
const bridges = { modern: ['igmodern', '10.213.1.1/24'], old: ['igold', '10.213.2.1/24'] }

/** @param {EngineKind} kind */
const socketOf = kind => join(runFolder, kind, 'docker.sock')

/** @param {NodeJS.ProcessEnv} env */
const answers = env => ask('docker', ['version', '--format', '{{.Server.Version}}'], { env, timeout: 10_000 }).ok

/**
 * @param {{kind?: EngineKind, mirror: () => Promise<string>, log: Log}} options kind: one of the test bed's own engines,
 * even where another one runs; mirror: the address of a registry to ask before Docker Hub
 * @returns {Promise<{kind: 'running' | EngineKind, env: Record<string, string>}>}
 */
export async function provideEngine({ kind, mirror, log }) {
  if (kind === undefined && answers(process.env)) return { kind: 'running', env: {} }
  for (const wanted of kind === undefined ? /** @type {const} */ (['modern', 'old']) : [kind]) {
    const env = { DOCKER_HOST: `unix://${socketOf(wanted)}` }
    if (answers({ ...process.env, ...env })) return { kind: wanted, env }
  }
  if (!isDebianRoot()) {
    throw new Error('No Docker engine answers. Start Docker (https://docs.docker.com/engine/install/), then run again.')
  }
  const client = onPath('docker') === undefined ? ['docker.io'] : []
  await installPackages(['containerd', 'runc', 'iptables', 'iproute2', 'ca-certificates', ...client], log)
  if (kind !== 'old') {
    try {
      return await startEngine('modern', await buildTool('dockerd', log), await mirror(), log)
    } catch (error) {
      if (kind === 'modern') throw error
      log(`Docker 29 does not run here (${String(error).split('\n')[0]}): using Debian's docker.io`)
    }
  }
  await installPackages(['docker.io'], log)
  return startEngine('old', '/usr/sbin/dockerd', await mirror(), log)
}

/** @param {EngineKind} kind @param {string} dockerd @param {string} mirror @param {Log} log */
async function startEngine(kind, dockerd, mirror, log) {
  const run = join(runFolder, kind)
  mkdirSync(run, { recursive: true })
  const env = { DOCKER_HOST: `unix://${socketOf(kind)}` }
  await step(log, `Starting a Docker engine (${kind})`, async () => {
    await startContainerd(kind, run)
    await provideBridge(kind)
    rmSync(join(run, 'docker.pid'), { force: true })
    const pid = await startService(dockerd, daemonArgs(kind, run, mirror), join(run, 'dockerd.log'))
    rememberService({ name: `dockerd-${kind}`, pid, mounts: run })
    await waitUntil(`the Docker engine (see ${join(run, 'dockerd.log')})`, () => answers({ ...process.env, ...env }), 60)
  })
  return { kind, env }
}

/** @param {EngineKind} kind @param {string} run @param {string} mirror */
function daemonArgs(kind, run, mirror) {
  return [
    ...['--host', `unix://${socketOf(kind)}`, '--pidfile', join(run, 'docker.pid')],
    ...['--containerd', join(run, 'containerd.sock'), '--containerd-namespace', 'moby'],
    ...['--data-root', folder('engines', kind, 'docker'), '--exec-root', join(run, 'exec')],
    ...['--bridge', bridges[kind][0] ?? '', '--userland-proxy=false'],
    ...['--registry-mirror', `http://${mirror}`],
  ]
}

/** @param {EngineKind} kind @param {string} run */
async function startContainerd(kind, run) {
  if (findService(`containerd-${kind}`) !== undefined) return
  const address = join(run, 'containerd.sock')
  const args = ['--address', address, '--root', folder('engines', kind, 'containerd'), '--state', join(run, 'containerd')]
  const pid = await startService('containerd', args, join(run, 'containerd.log'))
  rememberService({ name: `containerd-${kind}`, pid, mounts: run })
  await waitUntil('containerd', () => ask('ctr', ['--address', address, 'version']).ok, 30)
}

/** @param {EngineKind} kind */
async function provideBridge(kind) {
  const [name = '', address = ''] = bridges[kind]
  if (ask('ip', ['link', 'show', name]).ok) return
  await runProgram('ip', ['link', 'add', name, 'type', 'bridge'])
  await runProgram('ip', ['addr', 'add', address, 'dev', name])
  await runProgram('ip', ['link', 'set', name, 'up'])
}

/** What is left of the engines once their processes are gone. */
export function removeBridges() {
  for (const [name = ''] of Object.values(bridges)) ask('ip', ['link', 'delete', name])
}
