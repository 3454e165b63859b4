// @ts-check
/** BuildKit without Docker's image store: as a container where somebody's Docker runs, else built from its Go module. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPrograms, isDebianRoot } from './debian.mjs'
import { unmountBelow } from './engine.mjs'
import { startService, stopProcess } from './service.mjs'
import { ask, runProgram, step } from './shell.mjs'
import { cacheFolder, findService, folder, forgetService, rememberService, runFolder } from './state.mjs'
import { buildTool } from './tools.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

const builder = 'image-gate-testbed'
const service = 'buildkitd'
const runOf = join(runFolder, 'buildkit')
const socket = join(runOf, 'buildkitd.sock')

/**
 * @param {{env: Record<string, string>, isOurs: boolean, mirror: () => Promise<string>, log: Log}} options env: of the engine and
 * its client; isOurs: the engine is the test bed's own; mirror: the address of a registry to ask before Docker Hub
 * @returns {Promise<{builder: string, env: Record<string, string>}>} a builder of buildx, which only this environment knows
 */
export async function provideBuildkit({ env, isOurs, mirror, log }) {
  const config = folder('buildx')
  const own = { ...env, BUILDX_CONFIG: config }
  const all = { ...process.env, ...own }
  if (isOurs) {
    await startBuildkit(await mirror(), log)
    // Another run folder has another socket: the builder of an earlier one may be of no use.
    ask('docker', ['buildx', 'rm', builder], { env: all })
    await create(['--driver', 'remote', `unix://${socket}`], all)
  } else if (!ask('docker', ['buildx', 'inspect', builder], { env: all }).ok) {
    await create(['--driver', 'docker-container'], all)
  }
  await step(log, 'Asking BuildKit', () =>
    runProgram('docker', ['buildx', 'inspect', '--bootstrap', builder], { env: all }),
  )
  return { builder, env: { BUILDX_CONFIG: config } }
}

/** @param {string[]} args @param {NodeJS.ProcessEnv} env */
function create(args, env) {
  return runProgram('docker', ['buildx', 'create', '--name', builder, ...args], { env })
}

/** @param {string} mirror @param {Log} log */
async function startBuildkit(mirror, log) {
  if (findService(service) !== undefined && existsSync(socket)) return
  if (!isDebianRoot())
    throw new Error('BuildKit can only be started as root on Debian; or start Docker, then run again.')
  await installPrograms({ runc: 'runc' }, log)
  const program = await buildTool('buildkitd', log)
  mkdirSync(runOf, { recursive: true })
  const config = join(runOf, 'buildkitd.toml')
  writeFileSync(config, `[registry."docker.io"]\n  mirrors = ["${mirror}"]\n[registry."${mirror}"]\n  http = true\n`)
  const args = [
    ...['--addr', `unix://${socket}`, '--config', config, '--root', folder('engines', 'buildkit')],
    ...['--oci-worker=true', '--containerd-worker=false'],
  ]
  await step(log, 'Starting BuildKit', () =>
    startService(program, args, {
      logFile: join(runOf, 'buildkitd.log'),
      started: pid => rememberService({ name: service, pid }),
      answers: () => existsSync(socket),
      seconds: 30,
    }),
  )
}

/** @param {Log} log */
export async function stopBuildkit(log) {
  const running = findService(service)
  if (running?.pid !== undefined) {
    const { pid, started } = running
    await step(log, 'Stopping BuildKit', () => stopProcess(pid, started))
    forgetService(service)
  }
  unmountBelow(join(cacheFolder, 'engines', 'buildkit'))
  rmSync(runOf, { recursive: true, force: true })
}
