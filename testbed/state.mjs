// @ts-check
/** Where the test bed keeps things: built tools and downloads by version, and what it started. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRunning } from './shell.mjs'

export const testbedFolder = dirname(fileURLToPath(import.meta.url))
export const projectFolder = dirname(testbedFolder)

export const cacheFolder =
  process.env['IMAGE_GATE_TESTBED_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'image-gate-testbed')

/** Sockets need short paths (108 characters), so they do not lie in the cache. */
export const runFolder = process.getuid?.() === 0 ? '/run/image-gate-testbed' : join(cacheFolder, 'run')

/** @param {string[]} parts a folder in the cache, made when it is missing */
export function folder(...parts) {
  const path = join(cacheFolder, ...parts)
  mkdirSync(path, { recursive: true })
  return path
}

const stateFile = join(runFolder, 'services.json')

/** @typedef {{name: string, pid: number, mounts?: string, port?: number}} Service what was started */

/** @returns {Service[]} those that still run */
export function readServices() {
  if (!existsSync(stateFile)) return []
  const services = /** @type {Service[]} */ (JSON.parse(readFileSync(stateFile, 'utf8')))
  return services.filter(({ pid }) => isRunning(pid))
}

/** @param {Service} service */
export function rememberService(service) {
  mkdirSync(runFolder, { recursive: true })
  const others = readServices().filter(({ name }) => name !== service.name)
  writeFileSync(stateFile, JSON.stringify([...others, service], null, 2))
}

export function forgetServices() {
  rmSync(stateFile, { force: true })
}

/** @param {string} name */
export function findService(name) {
  return readServices().find(service => service.name === name)
}

/**
 * One at a time: two runs that start at once would otherwise start everything twice.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(work) {
  mkdirSync(runFolder, { recursive: true })
  const lock = join(runFolder, 'lock')
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch {
      const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
      // A holder that died left its lock behind; one that is just writing it has no number yet.
      if (holder > 0 && !isRunning(holder) && existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 1000) {
        rmSync(lock, { force: true })
      }
      await new Promise(resolve => setTimeout(resolve, 300))
    }
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}
