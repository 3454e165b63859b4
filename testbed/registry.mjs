// @ts-check
/** A registry on this machine: a mirror for base images, and a place to get a vulnerability database from. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { installPackages, isDebianRoot } from './debian.mjs'
import { startService, stopProcess, waitUntil } from './service.mjs'
import { ask, onPath, runProgram, step } from './shell.mjs'
import { findService, folder, forgetService, instance, rememberService, runFolder } from './state.mjs'

/** @param {number} port */
function isFree(port) {
  return new Promise(resolve => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** @param {string} address */
async function answers(address) {
  const response = await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
  return response?.ok === true
}

/** @param {import('./shell.mjs').Log} log @returns {Promise<{address: string}>} */
export async function provideRegistry(log) {
  const running = findService('registry')
  if (running?.port !== undefined && (await answers(`127.0.0.1:${String(running.port)}`))) {
    return { address: `127.0.0.1:${String(running.port)}` }
  }
  const port = await choosePort()
  const address = `127.0.0.1:${String(port)}`
  if (onPath('docker-registry') === undefined && !isDebianRoot()) await startContainer(port, log)
  else await startProgram(port, address, log)
  return { address }
}

/** The same as last time where it is free: engines that run know the registry by it. */
async function choosePort() {
  const file = join(folder(), 'registry-port')
  const last = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  let port = last > 0 ? last : 5000
  while (!(await isFree(port))) port += 1
  writeFileSync(file, String(port))
  return port
}

/** @param {number} port @param {string} address @param {import('./shell.mjs').Log} log */
async function startProgram(port, address, log) {
  await installPackages(['docker-registry'], log)
  mkdirSync(runFolder, { recursive: true })
  const config = join(runFolder, 'registry.yml')
  const storage = folder('registry')
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: "${storage}"}}\nhttp: {addr: "${address}"}\n`,
  )
  await step(log, `Starting a registry on ${address}`, () =>
    startService('docker-registry', ['serve', config], {
      logFile: join(runFolder, 'registry.log'),
      started: pid => rememberService({ name: 'registry', pid, port }),
      answers: () => answers(address),
      seconds: 20,
    }),
  )
}

/** Where there is no apt, the engine that is there runs the registry's own image. @param {number} port @param {import('./shell.mjs').Log} log */
async function startContainer(port, log) {
  const name = `image-gate-testbed-registry${instance && `-${instance}`}`
  await step(log, 'Starting a registry container', async () => {
    await runProgram('docker', ['rm', '--force', name]).catch(() => undefined)
    await runProgram('docker', [
      'run',
      '--detach',
      '--name',
      name,
      '--publish',
      `127.0.0.1:${String(port)}:5000`,
      'registry:2',
    ])
    rememberService({ name: 'registry', container: name, port })
    await waitUntil(() => answers(`127.0.0.1:${String(port)}`), 20)
  })
}

/** @param {import('./shell.mjs').Log} log */
export async function stopRegistry(log) {
  const service = findService('registry')
  if (service === undefined) return
  const { pid, started, container } = service
  await step(log, 'Stopping registry', async () => {
    if (container !== undefined) ask('docker', ['rm', '--force', '--volumes', container])
    if (pid !== undefined) await stopProcess(pid, started)
  })
  forgetService('registry')
}

/** Whether the registry holds an image. @param {string} address @param {string} repository @param {string} tag */
export async function holdsImage(address, repository, tag) {
  const types = [
    'oci.image.index.v1',
    'oci.image.manifest.v1',
    'docker.distribution.manifest.list.v2',
    'docker.distribution.manifest.v2',
  ]
  const accept = types.map(type => `application/vnd.${type}+json`).join(', ')
  const url = `http://${address}/v2/${repository}/manifests/${tag}`
  const response = await fetch(url, { method: 'HEAD', headers: { accept }, signal: AbortSignal.timeout(5000) }).catch(
    () => undefined,
  )
  return response?.ok === true
}
