// @ts-check
/** An engine, or a BuildKit, of one test's own, which it may kill: it shares nothing with the others but its programs. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isDebianRoot } from './debian.mjs'
import { unmountBelow } from './engine.mjs'
import { startService, stopProcess, waitUntil } from './service.mjs'
import { ask, runProgram, step } from './shell.mjs'
import { cacheFolder, findService, folder, forgetService, readServices, rememberService, runFolder } from './state.mjs'
import { buildTool } from './tools.mjs'

/**
 * @typedef {object} Victim
 * @property {Record<string, string>} env what makes it the one that is used
 * @property {string} killing a shell command that kills it at once
 * @property {() => Promise<void>} stop ends what is left of it, and removes all that it kept
 */

/** True where the test bed starts engines of its own, and not containers of somebody's Docker. */
const isOurs = () => isDebianRoot() && existsSync(join(runFolder, 'modern'))

const prefix = 'victim-'

function newPlace() {
  const id = `${prefix}${randomBytes(3).toString('hex')}`
  const place = { id, run: join(runFolder, id), data: folder('engines', id) }
  mkdirSync(place.run, { recursive: true })
  return place
}

/** @typedef {ReturnType<typeof newPlace>} Place */

/** @param {string} name one that was remembered */
async function stop(name) {
  const { pid, started, container } = findService(name) ?? {}
  if (pid !== undefined) await stopProcess(pid, started)
  if (container !== undefined) ask('docker', ['rm', '--force', '--volumes', container], { timeout: 60_000 })
  forgetService(name)
}

/** @param {Pick<Place, 'run' | 'data'>} place @param {string[]} services the ones that need others first */
async function remove({ run, data }, services) {
  for (const name of services) await stop(name)
  unmountBelow(run)
  unmountBelow(data)
  rmSync(run, { recursive: true, force: true })
  rmSync(data, { recursive: true, force: true })
}

/** Those of tests that were interrupted. @param {import('./shell.mjs').Log} log */
export async function stopVictims(log) {
  for (const { name } of readServices().filter(service => service.name.startsWith(prefix))) {
    await step(log, `Stopping ${name}`, () => stop(name))
  }
  const engines = join(cacheFolder, 'engines')
  for (const id of existsSync(engines) ? readdirSync(engines) : []) {
    if (id.startsWith(prefix)) await remove({ run: join(runFolder, id), data: join(engines, id) }, [])
  }
}

/**
 * A Docker engine with the containerd store and without any network: it can build what has no RUN.
 * @returns {Promise<Victim>}
 */
export async function startVictimEngine() {
  return isOurs() ? startDaemons(newPlace()) : startContainer()
}

/** @param {Place} place @returns {Promise<Victim>} */
async function startDaemons(place) {
  const { id, run, data } = place
  const services = [`${id}-dockerd`, `${id}-containerd`]
  const containerd = join(run, 'containerd.sock')
  const env = { DOCKER_HOST: `unix://${join(run, 'docker.sock')}` }
  try {
    await startService(
      'containerd',
      ['--address', containerd, '--root', join(data, 'containerd'), '--state', join(run, 'containerd')],
      {
        logFile: join(run, 'containerd.log'),
        started: pid => rememberService({ name: `${id}-containerd`, pid }),
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
        started: pid => rememberService({ name: `${id}-dockerd`, pid }),
        answers: () => ask('docker', ['version'], { env: { ...process.env, ...env } }).ok,
        seconds: 60,
      },
    )
  } catch (error) {
    await remove(place, services)
    throw error
  }
  return { env, killing: killing(`${id}-dockerd`), stop: () => remove(place, services) }
}

/** @param {string} name */
const killing = name => `kill -9 ${String(findService(name)?.pid)}`

/** Where somebody's Docker runs. On the machine's network, so that it meets what tests serve. @returns {Promise<Victim>} */
async function startContainer() {
  const port = String(await freePort())
  const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}` }
  const image = 'docker:29-dind'
  const options = ['--detach', '--privileged', '--network', 'host', '--env', 'DOCKER_TLS_CERTDIR=']
  const command = ['dockerd', '--host', env.DOCKER_HOST, '--bridge', 'none', '--iptables=false', '--ip6tables=false']
  const container = (await runProgram('docker', ['run', ...options, image, ...command])).trim().split('\n').at(-1) ?? ''
  const name = `${prefix}${container.slice(0, 6)}`
  rememberService({ name, container })
  const docker = process.env['DOCKER_HOST'] ? `DOCKER_HOST='${process.env['DOCKER_HOST']}' docker` : 'docker'
  await waitUntil(() => ask('docker', ['version'], { env: { ...process.env, ...env } }).ok, 60).catch(async error => {
    await stop(name)
    throw error
  })
  return { env, killing: `${docker} kill ${container}`, stop: () => stop(name) }
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
  const place = newPlace()
  const { id, run, data } = place
  const name = `${id}-buildkitd`
  const builder = 'victim'
  const env = { BUILDX_CONFIG: join(run, 'buildx') }
  const create = (/** @type {string[]} */ ...args) =>
    runProgram('docker', ['buildx', 'create', '--name', builder, ...args], { env: { ...process.env, ...env } })
  if (!isOurs()) {
    await create('--driver', 'docker-container', '--driver-opt', 'network=host', '--bootstrap')
    const container = `buildx_buildkit_${builder}0`
    rememberService({ name, container })
    return { env, builder, killing: `docker kill ${container}`, stop: () => remove(place, [name]) }
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
        started: pid => rememberService({ name, pid }),
        answers: () => existsSync(socket),
        seconds: 30,
      },
    )
    await create('--driver', 'remote', `unix://${socket}`)
  } catch (error) {
    await remove(place, [name])
    throw error
  }
  return { env, builder, killing: killing(name), stop: () => remove(place, [name]) }
}
