// @ts-check
/** A registry on this machine: a mirror for base images, and a place to get a vulnerability database from. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { installPackages, isDebianRoot } from './debian.mjs'
import { onPath, runProgram, startService, step, waitUntil } from './shell.mjs'
import { findService, folder, rememberService, runFolder } from './state.mjs'

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
  let port = 5000
  while (!(await isFree(port))) port += 1
  const address = `127.0.0.1:${String(port)}`
  if (onPath('docker-registry') === undefined && !isDebianRoot()) await startContainer(port, log)
  else await startProgram(port, address, log)
  await waitUntil('the local registry', () => answers(address), 20)
  return { address }
}

/** @param {number} port @param {string} address @param {import('./shell.mjs').Log} log */
async function startProgram(port, address, log) {
  await installPackages(['docker-registry'], log)
  const config = join(runFolder, 'registry.yml')
  const storage = folder('registry')
  writeFileSync(config, `version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: "${storage}"}}\nhttp: {addr: "${address}"}\n`)
  log(`Starting a registry on ${address}`)
  const pid = await startService('docker-registry', ['serve', config], join(runFolder, 'registry.log'))
  rememberService({ name: 'registry', pid, port })
}

/** Where there is no apt, the engine that is there runs the registry's own image. @param {number} port @param {import('./shell.mjs').Log} log */
async function startContainer(port, log) {
  const name = 'image-gate-testbed-registry'
  await step(log, 'Starting a registry container', async () => {
    await runProgram('docker', ['rm', '--force', name]).catch(() => undefined)
    await runProgram('docker', ['run', '--detach', '--name', name, '--publish', `127.0.0.1:${String(port)}:5000`, 'registry:2'])
  })
  // A container has no process of ours to look after: the engine's own stands for it.
  rememberService({ name: 'registry', pid: process.ppid, port })
}
