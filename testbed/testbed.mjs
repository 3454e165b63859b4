#!/usr/bin/env node
// @ts-check
/** The test bed: gives a bare machine what the demo and the tests need, each from its ordinary source where it can. */
import { mkdirSync, rmdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { provideBase } from './base.mjs'
import { provideBuildkit, stopBuildkit } from './buildkit.mjs'
import { provideBuildx } from './buildx.mjs'
import { provideChromium } from './chromium.mjs'
import { engineKinds, provideEngine, stopEngine } from './engine.mjs'
import { provideNode24 } from './node.mjs'
import { provideOtherEngine, stopOtherEngines } from './other-engine.mjs'
import { provideRegistry, stopRegistry } from './registry.mjs'
import { cacheFolder, folder, readServices, runFolder, withLock } from './state.mjs'
import { buildTool, provideTool } from './tools.mjs'
import { provideTrivy } from './trivy.mjs'
import { stopVictims } from './victim.mjs'
import { provideZizmor } from './zizmor.mjs'

/** @typedef {import('./shell.mjs').Log} Log */
/** @typedef {'engine' | 'overlay-engine' | 'old-engine' | 'buildkit' | 'trivy' | 'registry' | 'base' | 'database' | 'node24' | 'actionlint' | 'act' | 'zizmor' | 'chromium' | 'dockerfile-parser'} Part */
/** @typedef {Awaited<ReturnType<typeof up>>} Testbed */

/** @type {readonly Part[]} */
export const allParts = [
  'engine',
  'overlay-engine',
  'old-engine',
  'buildkit',
  'trivy',
  'registry',
  'base',
  'database',
  'node24',
  'actionlint',
  'act',
  'zizmor',
  'chromium',
  'dockerfile-parser',
]

/**
 * Brings up parts, and says where they are. What runs or is built already costs nothing.
 * @param {readonly Part[]} parts
 * @param {{log?: Log, engine?: import('./engine.mjs').EngineKind}} [options] engine: one of the test bed's own
 */
export async function up(parts, { log = () => undefined, engine: kind } = {}) {
  return withLock(log, async () => {
    const wants = new Set(parts)
    const registry = lazy(() => provideRegistry(log))
    const address = async () => (await registry()).address
    const needsEngine = ['engine', 'overlay-engine', 'old-engine', 'buildkit', 'base'].some(part =>
      wants.has(/** @type {Part} */ (part)),
    )
    const engine = needsEngine ? await provideEngine({ ...(kind ? { kind } : {}), mirror: address, log }) : undefined
    const env = engine === undefined ? {} : { ...engine.env, ...(await provideBuildx(log)) }
    const isOurs = engine !== undefined && engine.kind !== 'running'
    const base = { env: { ...process.env, ...env }, isOurs, registry: address, log }
    const beside = { env, isOurs, mirror: address, log }
    const programs = {
      node24: wants.has('node24') ? await provideNode24(log) : undefined,
      actionlint: wants.has('actionlint') ? { path: await provideTool('actionlint', log) } : undefined,
      act: wants.has('act') ? { path: await provideTool('act', log) } : undefined,
      zizmor: wants.has('zizmor') ? await provideZizmor(log) : undefined,
      chromium: wants.has('chromium') ? await provideChromium(log) : undefined,
    }
    return {
      env: /** @type {Record<string, string>} */ ({ ...env, ...linkPrograms(programs) }),
      engine,
      trivy: wants.has('trivy') ? await provideTrivy(log) : undefined,
      base: wants.has('base') ? await provideBase(base) : undefined,
      overlayEngine: wants.has('overlay-engine') ? await provideOtherEngine('overlay', beside) : undefined,
      oldEngine: wants.has('old-engine') ? await provideOtherEngine('old', beside) : undefined,
      buildkit: wants.has('buildkit') ? await provideBuildkit(beside) : undefined,
      registry: wants.has('registry') || wants.has('database') ? await registry() : undefined,
      database: wants.has('database') ? await database(await address(), log) : undefined,
      dockerfileParser: wants.has('dockerfile-parser')
        ? { path: await buildTool('dockerfile-parser', log) }
        : undefined,
      ...programs,
    }
  })
}

/** Loaded when it is asked for. @param {string} registry @param {Log} log */
async function database(registry, log) {
  const { provideDatabase } = await import('./database/database.mjs')
  return provideDatabase(registry, log)
}

/**
 * The programs that are in the cache, on PATH: Trivy not among them, since the gate would find it there.
 * @param {Record<'node24' | 'actionlint' | 'act' | 'zizmor' | 'chromium', {path: string} | undefined>} programs
 * @returns {Record<string, string>}
 */
function linkPrograms(programs) {
  const bin = join(cacheFolder, 'bin')
  const found = Object.entries({ ...programs, node: programs.node24 }).filter(
    ([name, program]) => name !== 'node24' && program,
  )
  if (found.length === 0) return {}
  mkdirSync(bin, { recursive: true })
  for (const [name, program] of found) {
    rmSync(join(bin, name), { force: true })
    if (program?.path.startsWith(join(cacheFolder, 'tools'))) symlinkSync(program.path, join(bin, name))
  }
  const others = (process.env['PATH'] ?? '').split(delimiter).filter(part => part !== bin)
  return { PATH: [bin, ...others].join(delimiter) }
}

/** @template T @param {() => Promise<T>} make */
function lazy(make) {
  /** @type {Promise<T> | undefined} */
  let made
  return () => (made ??= make())
}

/** Stops all that `up` started. What was built and downloaded stays in the cache. @param {{log?: Log}} [options] */
export async function down({ log = () => undefined } = {}) {
  await withLock(log, async () => {
    const services = readServices()
    // The registry first: where it is a container, it needs the engine to stop it.
    await stopRegistry(log)
    await stopVictims(log)
    await stopBuildkit(log)
    await stopOtherEngines(log)
    for (const kind of engineKinds) await stopEngine(kind, log)
    for (const file of ['registry.yml', 'registry.log', 'services.json']) rmSync(join(runFolder, file), { force: true })
    log(services.length === 0 ? 'Nothing was running' : `Stopped: ${services.map(({ name }) => name).join(', ')}`)
  })
  try {
    rmdirSync(runFolder)
  } catch {
    // Another run has begun: it is no longer empty.
  }
}

/** What a shell needs to work with the parts. @param {Testbed} bed */
function exports({ env, trivy, registry }) {
  const variables = {
    ...env,
    ...(trivy ? { TRIVY: trivy.path } : {}),
    ...(registry ? { REGISTRY: registry.address } : {}),
  }
  return Object.entries(variables).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
}

/** @param {Testbed} bed */
function describe({ engine, overlayEngine, oldEngine, buildkit, trivy, base, registry, database, ...programs }) {
  const lines = {
    engine: engine && `${engine.kind}, Docker ${engine.version} ${engine.env['DOCKER_HOST'] ?? ''}`,
    'overlay-engine': overlayEngine && `Docker ${overlayEngine.version} ${overlayEngine.env['DOCKER_HOST'] ?? ''}`,
    'old-engine': oldEngine && `Docker ${oldEngine.version} ${oldEngine.env['DOCKER_HOST'] ?? ''}`,
    buildkit: buildkit && `${buildkit.version}, builder ${buildkit.builder} in ${buildkit.env['BUILDX_CONFIG'] ?? ''}`,
    trivy: trivy && `${trivy.version} from ${trivy.source}, ${trivy.path}`,
    base: base && `${base.reference} from ${base.source}`,
    registry: registry?.address,
    database: database?.repository,
    ...Object.fromEntries(
      Object.entries(programs).map(([name, value]) => [
        name,
        value && 'path' in value ? String(value.path) : undefined,
      ]),
    ),
  }
  return Object.entries(lines).flatMap(([name, line]) => (line === undefined ? [] : [`${name.padEnd(16)}${line}`]))
}

/** @param {Log} log */
function status(log) {
  const services = readServices()
  if (services.length === 0) log('Nothing runs')
  for (const { name, pid, container, port } of services) {
    log(
      `${name.padEnd(18)}${container === undefined ? `process ${String(pid)}` : `container ${container}`}${port ? `, port ${String(port)}` : ''}`,
    )
  }
  log(`Cache: ${folder()}`)
}

/** @param {string[]} args */
async function run(args) {
  const options = /** @type {const} */ ({ engine: { type: 'string' } })
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [command = 'up', ...names] = positionals
  const engine = engineKinds.find(kind => kind === values.engine)
  if (values.engine !== undefined && engine === undefined)
    throw new Error(`no such engine: ${values.engine}. There are: ${engineKinds.join(', ')}`)
  const unknown = names.filter(name => !allParts.some(part => part === name))
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}. There are: ${allParts.join(', ')}`)
  /** @type {Log} */
  const log = line => {
    process.stderr.write(`${line}\n`)
  }
  if (command === 'down') return down({ log })
  if (command === 'status') return status(log)
  if (command !== 'up' && command !== 'env')
    throw new Error(`no such command: ${command}. There are: up, down, status, env`)
  const started = Date.now()
  const parts = names.length === 0 ? allParts : allParts.filter(part => names.includes(part))
  const bed = await up(parts, { log, ...(engine ? { engine } : {}) })
  if (command === 'env') {
    process.stdout.write(`${exports(bed).join('\n')}\n`)
    return
  }
  for (const line of describe(bed)) log(line)
  log(
    `Up in ${((Date.now() - started) / 1000).toFixed(1)} s. To use it in this shell: eval "$(node testbed/testbed.mjs env)"; to stop it: node testbed/testbed.mjs down`,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv.slice(2)).catch(error => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
