#!/usr/bin/env node
// @ts-check
/** The test bed: gives a bare machine what the demo and the tests need, each from its ordinary source where it can. */
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { provideBase } from './base.mjs'
import { provideDatabase } from './database/database.mjs'
import { provideEngine, removeBridges } from './engine.mjs'
import { provideRegistry } from './registry.mjs'
import { ask, isRunning } from './shell.mjs'
import { cacheFolder, forgetServices, readServices, runFolder, withLock } from './state.mjs'
import { provideBuildx, provideNode24, provideTool, provideTrivy } from './tools.mjs'

/** @typedef {import('./shell.mjs').Log} Log */
/** @typedef {'engine' | 'trivy' | 'registry' | 'base' | 'database' | 'node24' | 'actionlint' | 'act'} Part */

/** @type {readonly Part[]} */
export const allParts = ['engine', 'trivy', 'registry', 'base', 'database', 'node24', 'actionlint', 'act']

/**
 * Brings up parts, and says where they are. What runs or is built already costs nothing.
 * @param {readonly Part[]} parts
 * @param {{log?: Log, engine?: import('./engine.mjs').EngineKind}} [options] engine: one of the test bed's own
 */
export async function up(parts, { log = () => undefined, engine: kind } = {}) {
  return withLock(async () => {
    const wants = new Set(parts)
    const registry = lazy(() => provideRegistry(log))
    const address = async () => (await registry()).address
    const needsEngine = wants.has('engine') || wants.has('base')
    const engine = needsEngine ? await provideEngine({ ...(kind ? { kind } : {}), mirror: address, log }) : undefined
    const env = engine === undefined ? {} : { ...engine.env, ...(await provideBuildx(log)) }
    return {
      env,
      engine: engine?.kind,
      trivy: wants.has('trivy') ? await provideTrivy(log) : undefined,
      base: wants.has('base') ? await provideBase({ env: { ...process.env, ...env }, registry: address, log }) : undefined,
      registry: wants.has('registry') || wants.has('database') ? await registry() : undefined,
      database: wants.has('database') ? await provideDatabase(await address(), log) : undefined,
      node24: wants.has('node24') ? await provideNode24(log) : undefined,
      actionlint: wants.has('actionlint') ? { path: await provideTool('actionlint', log) } : undefined,
      act: wants.has('act') ? { path: await provideTool('act', log) } : undefined,
    }
  })
}

/** @template T @param {() => Promise<T>} make */
function lazy(make) {
  /** @type {Promise<T> | undefined} */
  let made
  return () => (made ??= make())
}

/** Stops all that `up` started. What was built and downloaded stays in the cache. @param {Log} log */
export async function down(log) {
  await withLock(async () => {
    // Engines before the containerd that they use.
    const services = readServices().sort((a, b) => b.name.localeCompare(a.name))
    if (ask('docker', ['rm', '--force', 'image-gate-testbed-registry']).stdout !== '') log('Stopped the registry container')
    for (const { name, pid } of services.filter(service => service.pid !== process.ppid)) {
      log(`Stopping ${name}`)
      process.kill(pid, 'SIGTERM')
      for (let tries = 0; isRunning(pid) && tries < 100; tries += 1) await new Promise(resolve => setTimeout(resolve, 100))
      if (isRunning(pid)) process.kill(pid, 'SIGKILL')
    }
    removeLeftovers()
    forgetServices()
    if (services.length === 0) log('Nothing was running')
  })
  rmSync(runFolder, { recursive: true, force: true })
}

/** Container shims and mounts outlive a daemon that had to be killed. */
function removeLeftovers() {
  ask('pkill', ['-f', `containerd-shim.*${runFolder}`])
  const mounts = ask('sh', ['-c', `grep -E " (${runFolder}|${cacheFolder})/" /proc/mounts | cut -d" " -f2`]).stdout
  for (const mount of mounts.split('\n').filter(line => line !== '').reverse()) ask('umount', ['--lazy', mount])
  removeBridges()
}

/** @param {string[]} args */
async function run([command = 'up', ...args]) {
  const at = args.indexOf('--engine')
  const engine = /** @type {'modern' | 'old' | undefined} */ (at < 0 ? undefined : args.splice(at, 2)[1])
  /** @type {Log} */
  const log = line => process.stderr.write(`${line}\n`)
  const parts = /** @type {Part[]} */ (args.length === 0 ? allParts : args)
  const unknown = parts.filter(part => !allParts.includes(part))
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}. There are: ${allParts.join(', ')}`)
  if (command === 'down') return down(log)
  if (command === 'status') {
    const services = readServices().map(({ name, pid, port }) => `${name} (process ${String(pid)}${port ? `, port ${String(port)}` : ''})`)
    return log(services.join('\n') || 'Nothing runs')
  }
  if (command !== 'up' && command !== 'env') throw new Error(`no such command: ${command}. There are: up, down, status, env`)
  const bed = await up(parts, { log, ...(engine ? { engine } : {}) })
  if (command === 'up') return log(JSON.stringify(bed, null, 2))
  for (const [name, value] of Object.entries(bed.env)) process.stdout.write(`export ${name}='${value}'\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv.slice(2)).catch(error => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
