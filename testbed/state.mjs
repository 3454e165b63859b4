// @ts-check
/** Where the test bed keeps things: built tools and downloads by version, and what it started. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRunning, startOf } from './service.mjs'

export const testbedFolder = dirname(fileURLToPath(import.meta.url))
export const projectFolder = dirname(testbedFolder)

const ordinaryCache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'image-gate-testbed')

export const cacheFolder = resolve(process.env['IMAGE_GATE_TESTBED_CACHE'] || ordinaryCache)

/** A test bed in another cache folder is another one: its sockets, networks and services must not be taken for ours. */
export const instance =
  cacheFolder === ordinaryCache ? '' : createHash('sha256').update(cacheFolder).digest('hex').slice(0, 6)
export const instanceNumber = instance === '' ? 0 : 1 + (parseInt(instance, 16) % 120)

/** Sockets need short paths (108 characters), so they do not lie in the cache. */
export const runFolder =
  process.getuid?.() === 0 ? `/run/image-gate-testbed${instance && `-${instance}`}` : join(cacheFolder, 'run')

/** @param {string[]} parts a folder in the cache, made when it is missing */
export function folder(...parts) {
  const path = join(cacheFolder, ...parts)
  mkdirSync(path, { recursive: true })
  return path
}

const stateFile = join(runFolder, 'services.json')

/**
 * @typedef {{name: string, pid?: number, started?: string, container?: string, port?: number}} Service
 * what was started: a process, or a container of the engine that was there
 */

/** @returns {Service[]} those that still run */
export function readServices() {
  if (!existsSync(stateFile)) return []
  const services = /** @type {Service[]} */ (JSON.parse(readFileSync(stateFile, 'utf8')))
  return services.filter(({ pid, started }) => pid === undefined || isRunning(pid, started))
}

/** @param {Service} service */
export function rememberService(service) {
  mkdirSync(runFolder, { recursive: true })
  const started = service.pid === undefined ? undefined : startOf(service.pid)
  const others = readServices().filter(({ name }) => name !== service.name)
  writeFileSync(stateFile, JSON.stringify([...others, { ...service, ...(started ? { started } : {}) }], null, 2))
}

/** @param {string} name */
export function forgetService(name) {
  const others = readServices().filter(service => service.name !== name)
  if (others.length > 0) writeFileSync(stateFile, JSON.stringify(others, null, 2))
  else rmSync(stateFile, { force: true })
}

/** @param {string} name */
export function findService(name) {
  return readServices().find(service => service.name === name)
}

/**
 * One at a time: two runs that start at once would otherwise start everything twice.
 * @template T @param {import('./shell.mjs').Log} log @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(log, work) {
  const lock = join(runFolder, 'lock')
  for (let tries = 0; !takeLock(lock); tries += 1) {
    if (tries % 30 === 3) log('Waiting for another run of the test bed to end')
    await new Promise(resume => setTimeout(resume, 300))
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** @param {string} lock */
function takeLock(lock) {
  try {
    // Each time: a `down` that ends removes the folder.
    mkdirSync(runFolder, { recursive: true })
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    // A holder that died left its lock behind; one that is just writing it has no number yet.
    if (age > 2000 && !isRunning(holder)) rmSync(lock, { force: true })
    return false
  }
}
