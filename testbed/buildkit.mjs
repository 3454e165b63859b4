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
const data = join(cacheFolder, 'engines', 'buildkit')
/** As buildx names the one of a builder with the driver docker-container. */
const container = `buildx_buildkit_${builder}0`

/**
 * @param {{env: Record<string, string>, isOurs: boolean, mirror: () => Promise<string>, log: Log}} options env: of the engine and
 * its client; isOurs: the engine is the test bed's own; mirror: the address of a registry to ask before Docker Hub
 * @returns {Promise<{builder: string, version: string, env: Record<string, string>}>} a builder of buildx, which only
 * this environment knows
 */
export async function provideBuildkit({ env, isOurs, mirror, log }) {
  const own = { BUILDX_CONFIG: folder('buildx') }
  const all = { ...process.env, ...env, ...own }
  if (isOurs) {
    await startBuildkit(await mirror(), log)
    await provideBuilder(`unix://${socket}`, ['--driver', 'remote', `unix://${socket}`], all)
  } else {
    await provideBuilder('docker-container', ['--driver', 'docker-container'], all)
    rememberService({ name: service, container })
  }
  const said = await step(log, 'Asking BuildKit', () =>
    runProgram('docker', ['buildx', 'inspect', '--bootstrap', builder], { env: all }),
  )
  return { builder, version: /^BuildKit version:[ \t]*(\S+)/m.exec(said)?.[1] ?? '', env: own }
}

/**
 * Leaves alone the builder that is right, since builds may run on it; another run folder has another socket.
 * @param {string} mark what tells the right one: its endpoint or its driver @param {string[]} args @param {NodeJS.ProcessEnv} env
 */
async function provideBuilder(mark, args, env) {
  const { stdout } = ask('docker', ['buildx', 'inspect', builder], { env })
  if (stdout.split(/\s+/).includes(mark)) return
  ask('docker', ['buildx', 'rm', '--force', builder], { env })
  await runProgram('docker', ['buildx', 'create', '--name', builder, ...args], { env })
}

/** @param {string} mirror @param {Log} log */
async function startBuildkit(mirror, log) {
  if (findService(service) !== undefined && existsSync(socket)) return
  if (!isDebianRoot())
    throw new Error('BuildKit can only be started as root on Debian; or start Docker, then run again.')
  // What one that was killed left would look like an answer.
  await stopBuildkit(log)
  await installPrograms({ runc: 'runc' }, log)
  const program = await buildTool('buildkitd', log)
  mkdirSync(runOf, { recursive: true })
  const config = join(runOf, 'buildkitd.toml')
  writeFileSync(config, `[registry."docker.io"]\n  mirrors = ["${mirror}"]\n[registry."${mirror}"]\n  http = true\n`)
  const args = [
    ...['--addr', `unix://${socket}`, '--config', config, '--root', data],
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
  if (running !== undefined) {
    const { pid, started, container: name } = running
    await step(log, 'Stopping BuildKit', async () => {
      if (name !== undefined) ask('docker', ['rm', '--force', name], { timeout: 60_000 })
      // BuildKit waits for builds that run.
      removeContainers()
      if (pid !== undefined) await stopProcess(pid, started)
    })
    forgetService(service)
  }
  removeContainers()
  unmountBelow(data)
  rmSync(runOf, { recursive: true, force: true })
}

/** Those of RUN steps, which outlive a BuildKit that is killed. The state of runc is the machine's: only our folder tells ours. */
function removeContainers() {
  const { ok, stdout } = ask('runc', ['list', '--format', 'json'])
  /** @type {{id: string, bundle: string}[]} */
  const containers = (ok && JSON.parse(stdout || 'null')) || []
  for (const { id } of containers.filter(({ bundle }) => bundle.startsWith(`${data}/`)))
    ask('runc', ['delete', '--force', id])
}
