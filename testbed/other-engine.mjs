// @ts-check
/** Engines beside the first one, each with another image store: the test bed's own, or containers where somebody's Docker runs. */
import { provideEngine } from './engine.mjs'
import { waitUntil } from './service.mjs'
import { ask, runProgram, step } from './shell.mjs'
import { findService, forgetService, rememberService } from './state.mjs'

/** @typedef {import('./shell.mjs').Log} Log */
/** @typedef {'overlay' | 'old'} OtherKind */

/** The container of each kind, for a machine with a Docker of its own. @type {Record<OtherKind, string>} */
const images = { overlay: 'docker:28.5.1-dind', old: 'docker:20.10.24-dind' }

/** @param {OtherKind} kind */
const serviceOf = kind => `docker-${kind}`

/**
 * @param {OtherKind} kind
 * @param {{env: Record<string, string>, isOurs: boolean, mirror: () => Promise<string>, log: Log}} options env: of the engine that
 * there is; isOurs: it is the test bed's own; mirror: the address of a registry to ask before Docker Hub
 * @returns {Promise<{version: string, env: Record<string, string>}>} env: with the client's too, to use it by
 */
export async function provideOtherEngine(kind, { env, isOurs, mirror, log }) {
  if (isOurs) {
    const { version, env: own } = await provideEngine({ kind, mirror, log })
    return { version, env: { ...env, ...own } }
  }
  const all = { ...process.env, ...env }
  return step(log, `Starting ${images[kind]}`, async () => {
    const own = { ...env, DOCKER_HOST: `tcp://127.0.0.1:${await startContainer(kind, all)}` }
    const version = () =>
      ask('docker', ['version', '--format', '{{.Server.Version}}'], { env: { ...all, ...own }, timeout: 10_000 })
    await waitUntil(() => version().ok, 60)
    return { version: version().stdout, env: own }
  })
}

/** @param {OtherKind} kind @param {NodeJS.ProcessEnv} env */
async function startContainer(kind, env) {
  const [service, image] = [serviceOf(kind), images[kind]]
  const running = findService(service)?.container
  const isUp = running !== undefined && ask('docker', ['start', running], { env }).ok
  if (!isUp) {
    const options = ['--detach', '--privileged', '--publish', '127.0.0.1::2375', '--env', 'DOCKER_TLS_CERTDIR=']
    await runProgram('docker', ['pull', '--quiet', image], { env })
    const { ok, stdout, stderr } = ask('docker', ['run', ...options, image], { env, timeout: 60_000 })
    // A container that was made but could not be started is named all the same.
    if (stdout !== '') rememberService({ name: service, container: stdout })
    if (!ok) throw new Error(`docker run ${image} failed: ${stderr}`)
  }
  const container = findService(service)?.container ?? ''
  const { stdout } = ask('docker', ['port', container, '2375/tcp'], { env })
  return stdout.split('\n')[0]?.split(':').at(-1) ?? ''
}

/** The containers; engines of the test bed's own are stopped with the others. @param {Log} log */
export async function stopOtherEngines(log) {
  for (const kind of /** @type {OtherKind[]} */ (Object.keys(images))) {
    const service = serviceOf(kind)
    const container = findService(service)?.container
    if (container === undefined) continue
    await step(log, `Stopping ${images[kind]}`, async () => {
      ask('docker', ['rm', '--force', '--volumes', container], { timeout: 60_000 })
    })
    forgetService(service)
  }
}
