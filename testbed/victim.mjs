// @ts-check
/** An engine, or a BuildKit, of one test's own, which it may kill: it shares nothing with the others but its programs. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isDebianRoot } from './debian.mjs'
import { unmountBelow } from './engine.mjs'
import { startService, stopProcess, waitUntil } from './service.mjs'
import { ask, runProgram } from './shell.mjs'
import { folder, runFolder } from './state.mjs'
import { buildTool } from './tools.mjs'

/**
 * @typedef {object} Victim
 * @property {Record<string, string>} env what makes it the one that is used
 * @property {string} killing a shell command that kills it at once
 * @property {() => Promise<void>} stop ends what is left of it, and removes all that it kept
 */

/** True where the test bed starts engines of its own, and not containers of somebody's Docker. */
const isOurs = () => isDebianRoot() && existsSync(join(runFolder, 'modern'))

/** @param {string} name */
function newPlace(name) {
  const id = `${name}-${randomBytes(3).toString('hex')}`
  const place = { id, run: join(runFolder, id), data: folder('engines', id) }
  mkdirSync(place.run, { recursive: true })
  return place
}

/** @typedef {ReturnType<typeof newPlace>} Place */

/** @param {Place} place @param {number[]} pids the ones that need others first */
async function remove({ run, data }, pids) {
  for (const pid of pids) await stopProcess(pid)
  unmountBelow(run)
  unmountBelow(data)
  rmSync(run, { recursive: true, force: true })
  rmSync(data, { recursive: true, force: true })
}

/**
 * A Docker engine with the containerd store and without any network: it can build what has no RUN.
 * @returns {Promise<Victim>}
 */
export async function startVictimEngine() {
  return isOurs() ? startDaemons(newPlace('victim')) : startContainer()
}

/** @param {Place} place @returns {Promise<Victim>} */
async function startDaemons(place) {
  const { run, data } = place
  const pids = /** @type {number[]} */ ([])
  const started = (/** @type {number} */ pid) => void pids.unshift(pid)
  const containerd = join(run, 'containerd.sock')
  const env = { DOCKER_HOST: `unix://${join(run, 'docker.sock')}` }
  try {
    await startService(
      'containerd',
      ['--address', containerd, '--root', join(data, 'containerd'), '--state', join(run, 'containerd')],
      {
        logFile: join(run, 'containerd.log'),
        started,
        answers: () => ask('ctr', ['--address', containerd, 'version']).ok,
        seconds: 30,
      },
    )
    await startService(
      await buildTool('dockerd', () => undefined),
      [
        ...['--host', env.DOCKER_HOST, '--pidfile', join(run, 'docker.pid')],
        ...['--containerd', containerd, '--containerd-namespace', 'moby'],
        ...['--data-root', join(data, 'docker'), '--exec-root', join(run, 'exec')],
        ...['--bridge', 'none', '--iptables=false', '--ip6tables=false'],
      ],
      {
        logFile: join(run, 'dockerd.log'),
        started,
        answers: () => ask('docker', ['version'], { env: { ...process.env, ...env } }).ok,
        seconds: 60,
      },
    )
  } catch (error) {
    await remove(place, pids)
    throw error
  }
  return { env, killing: `kill -9 ${String(pids[0])}`, stop: () => remove(place, pids) }
}

/** Where somebody's Docker runs. On the machine's network, so that it meets what tests serve. @returns {Promise<Victim>} */
async function startContainer() {
  const port = String(await freePort())
  const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}` }
  const image = 'docker:29-dind'
  const options = ['--detach', '--privileged', '--network', 'host', '--env', 'DOCKER_TLS_CERTDIR=']
  const command = ['dockerd', '--host', env.DOCKER_HOST, '--bridge', 'none', '--iptables=false', '--ip6tables=false']
  const container = (await runProgram('docker', ['run', ...options, image, ...command])).trim().split('\n').at(-1) ?? ''
  const stop = async () => void ask('docker', ['rm', '--force', '--volumes', container], { timeout: 60_000 })
  const docker = process.env['DOCKER_HOST'] ? `DOCKER_HOST='${process.env['DOCKER_HOST']}' docker` : 'docker'
  await waitUntil(() => ask('docker', ['version'], { env: { ...process.env, ...env } }).ok, 60).catch(async error => {
    await stop()
    throw error
  })
  return { env, killing: `${docker} kill ${container}`, stop }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })
}

/**
 * A BuildKit, as the builder `victim` of buildx.
 * @param {string} mirror the address of a registry to ask before Docker Hub
 * @returns {Promise<Victim & {builder: string}>}
 */
export async function startVictimBuildkit(mirror) {
  const place = newPlace('victim')
  const { run, data } = place
  const builder = 'victim'
  const env = { BUILDX_CONFIG: join(run, 'buildx') }
  const pids = /** @type {number[]} */ ([])
  const create = (/** @type {string[]} */ ...args) =>
    runProgram('docker', ['buildx', 'create', '--name', builder, ...args], { env: { ...process.env, ...env } })
  if (!isOurs()) {
    await create('--driver', 'docker-container', '--driver-opt', 'network=host', '--bootstrap')
    const container = `buildx_buildkit_${builder}0`
    const stop = async () => {
      ask('docker', ['rm', '--force', '--volumes', container], { timeout: 60_000 })
      await remove(place, pids)
    }
    return { env, builder, killing: `docker kill ${container}`, stop }
  }
  const socket = join(run, 'buildkitd.sock')
  const config = join(run, 'buildkitd.toml')
  writeFileSync(config, `[registry."docker.io"]\n  mirrors = ["${mirror}"]\n[registry."${mirror}"]\n  http = true\n`)
  const args = ['--addr', `unix://${socket}`, '--config', config, '--root', data]
  try {
    await startService(
      await buildTool('buildkitd', () => undefined),
      [...args, '--oci-worker=true', '--containerd-worker=false'],
      {
        logFile: join(run, 'buildkitd.log'),
        started: pid => void pids.unshift(pid),
        answers: () => existsSync(socket),
        seconds: 30,
      },
    )
    await create('--driver', 'remote', `unix://${socket}`)
  } catch (error) {
    await remove(place, pids)
    throw error
  }
  return { env, builder, killing: `kill -9 ${String(pids[0])}`, stop: () => remove(place, pids) }
}
