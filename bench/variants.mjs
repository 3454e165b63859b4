// @ts-check
/** Four ways to the same answer. Each gets images that are on disk, and ends when it knows. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runAction } from '../testbed/runner.mjs'
import { ask, runProgram } from '../testbed/shell.mjs'

/**
 * @typedef {object} Job
 * @property {string} root the repository
 * @property {string} work an empty folder
 * @property {{name: string, directory: string}[]} images
 */
/** @typedef {{peakMb?: number, work?: unknown}} Outcome what only the gate knows */
/** @typedef {'scripts' | 'common' | 'gate' | 'floor'} VariantName */

const prefix = 'image-gate-bench'

/** @param {string} name */
const tagOf = name => `${prefix}/${name}:bench`

/** @param {import('../testbed/testbed.mjs').Testbed} bed @param {string} cacheDir kept from run to run */
export function variantsOn(bed, cacheDir) {
  const env = { ...process.env, ...bed.env }
  const trivy = bed.trivy?.path ?? ''
  const repository = bed.database?.repository ?? ''
  const databases = join(cacheDir, 'trivy')
  const docker = (/** @type {string[]} */ ...args) => runProgram('docker', args, { env })

  /** @param {string} cache @param {string} name */
  const scan = async (cache, name) => {
    const what = ['--severity', 'CRITICAL,HIGH,MEDIUM', '--ignore-unfixed', '--scanners', 'vuln', '--skip-db-update']
    const quiet = ['--quiet', '--skip-version-check', '--disable-telemetry']
    await runProgram(trivy, ['image', ...what, ...quiet, '--cache-dir', cache, tagOf(name)], { env, cwd: cache })
  }
  /** A cache directory with the database that was downloaded before. @param {string} work */
  const newCache = work => {
    const cache = join(work, 'trivy')
    mkdirSync(cache)
    symlinkSync(join(databases, 'db'), join(cache, 'db'))
    return cache
  }

  return {
    async prepare() {
      if (existsSync(join(databases, 'db'))) return
      await runProgram(trivy, ['image', '--download-db-only', '--db-repository', repository, '--cache-dir', databases])
    },

    /** The two scripts: build from scratch, clear what is known, scan; one after another. @param {Job} job @returns {Promise<Outcome>} */
    async scripts({ images, work }) {
      const cache = newCache(work)
      for (const { name, directory } of images) {
        await docker('build', '--quiet', '--no-cache', '--tag', tagOf(name), directory)
        rmSync(join(cache, 'fanal'), { recursive: true, force: true })
        await scan(cache, name)
      }
      return {}
    },

    /** What people run with the common action: build and scan with their caches, one after another. @param {Job} job @returns {Promise<Outcome>} */
    async common({ images, work }) {
      const cache = newCache(work)
      for (const { name, directory } of images) {
        await docker('build', '--quiet', '--tag', tagOf(name), directory)
        await scan(cache, name)
      }
      return {}
    },

    /** Image Gate, as a runner starts it. @param {Job} job @returns {Promise<Outcome>} */
    async gate({ root, work }) {
      let peakMb = 0
      /** @type {NodeJS.Timeout | undefined} */
      let timer
      const { outputs, log } = await runAction({
        workspace: root,
        work,
        toolCache: join(cacheDir, 'tools'),
        node: bed.node24?.path ?? process.execPath,
        inputs: { 'trivy-path': trivy, 'db-repository': repository, 'db-max-age': 'any' },
        env: bed.env,
        onStart: pid => {
          timer = setInterval(() => (peakMb = Math.max(peakMb, readPeak(pid))), 50)
        },
      })
      clearInterval(timer)
      if (outputs['result'] !== 'passed') throw new Error(`the gate did not pass:\n${log.slice(-2000)}`)
      return { peakMb, work: JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')).work }
    },

    /** The least that a fresh build of all costs: one bake, one save, no scan. @param {Job} job @returns {Promise<Outcome>} */
    async floor({ images, work }) {
      const target = Object.fromEntries(
        images.map(({ name, directory }) => [
          name,
          { context: directory, tags: [tagOf(name)], 'no-cache': true, output: ['type=docker'] },
        ]),
      )
      const file = join(work, 'bake.json')
      writeFileSync(file, JSON.stringify({ group: { default: { targets: Object.keys(target) } }, target }))
      await docker('buildx', 'bake', '--file', file, `--allow=fs.read=${join(images[0]?.directory ?? '', '..')}`)
      await docker('save', '--output', join(work, 'images.tar'), ...images.map(({ name }) => tagOf(name)))
      return {}
    },

    /** Not measured. @param {Job} job */
    clean({ images }) {
      ask('docker', ['image', 'rm', '--force', ...images.map(({ name }) => tagOf(name))], { env, timeout: 600_000 })
    },
  }
}

/** The most memory that the process ever had, in MB; 0 where that cannot be read. @param {number} pid */
function readPeak(pid) {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) / 1024
  } catch {
    return 0
  }
}
