import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Console, Ports, RegistryCredentials, TrivySettings } from '../ports.js'
import { ActionsShelf } from './actions-shelf.js'
import { proxySecrets, withGivenLogins, withOwnLogins } from './docker-config.js'
import { DockerEngine } from './docker-engine.js'
import { dockerEnvironment, gitEnvironment } from './environment.js'
import { GitRepository } from './git.js'
import { LocalFiles } from './local-files.js'
import { createRunProcess, type RunProcess } from './process.js'
import type { RunEnding } from './run-ending.js'
import { FolderShelf, noShelf, type Shelf } from './shelf.js'
import { TrivyScanner } from './trivy-scanner.js'

export interface WorkbenchOptions {
  readonly trivy: TrivySettings
  /** The checked-out repository. Absolute. */
  readonly workspace: string
  /** Fetches what the checkout left out, where it left no credentials either. */
  readonly githubToken?: string
  /** The builder of buildx; absent: the client's own choice. */
  readonly builder?: string
  /** The logins that builds and downloads have. */
  readonly registryCredentials: readonly RegistryCredentials[]
  /** True where the docker client's own logins count instead: on a person's machine, who knows what is built. */
  readonly ownLogins: boolean
  readonly console: Console
  /** Where this run's temporary folder is made. Absolute. */
  readonly tempRoot: string
  /** Where what was downloaded is kept from run to run: a folder, or the Actions cache through its client. */
  readonly keep?: { readonly folder: string } | { readonly client: string }
  readonly ending: RunEnding
}

export const systemClock: Clock = { now: () => new Date() }

/** This machine as Node names it, for instance `linux-x64`. */
export const thisPlatform = `${process.platform}-${process.arch}`

/**
 * The real ports, on a temporary folder that exists while `use` runs. When the run must end, all children end first; what
 * cleans up is given a little longer.
 */
export async function withWorkbench<T>(options: WorkbenchOptions, use: (ports: Ports) => Promise<T>): Promise<T> {
  await mkdir(options.tempRoot, { recursive: true })
  // Docker and Trivy get real paths: a link in between is one more thing that could be swapped.
  const tempDir = await mkdtemp(join(await realpath(options.tempRoot), 'image-gate-'))
  // Also where the process ends without coming back here.
  const onExit = (): void => {
    rmSync(tempDir, { recursive: true, force: true })
  }
  process.once('exit', onExit)
  const { console, ending } = options
  const run = createRunProcess(ending.cancelled)
  const tools = { ...options, run, tempDir, shelf: shelfOf(options, run, tempDir) }
  try {
    return await use({
      engine: await engineOf(tools),
      scanner: scannerOf(tools),
      repository: repositoryOf(tools),
      files: new LocalFiles(),
      console,
      clock: systemClock,
      ending,
    })
  } finally {
    if (tools.shelf instanceof ActionsShelf) await tools.shelf.settle()
    // Again where something is still being written: a process that was killed, or nobody waited for.
    await rm(tempDir, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 })
    process.off('exit', onExit)
  }
}

/** What the ports are made of. */
interface Tools extends WorkbenchOptions {
  readonly run: RunProcess
  /** Exists while the run lasts. Absolute. */
  readonly tempDir: string
  readonly shelf: Shelf
}

async function engineOf({ run, tempDir, builder, ending, ...options }: Tools): Promise<DockerEngine> {
  const own = dockerEnvironment(process.env)
  const { ownLogins, registryCredentials } = options
  const folder = join(tempDir, 'docker')
  const env = await (ownLogins ? withOwnLogins(own, folder) : withGivenLogins(own, registryCredentials, folder))
  return new DockerEngine({
    run: startedIn(tempDir, run),
    runCleaning: startedIn(tempDir, createRunProcess(ending.cleaning)),
    env,
    secrets: await proxySecrets(env),
    tempDir,
    ...(builder === undefined ? {} : { builder }),
  })
}

/** Not where this process was started: that is the repository, and what lies there is anybody's. */
function startedIn(cwd: string, run: RunProcess): RunProcess {
  return request => run({ cwd, ...request })
}

function scannerOf({ run, tempDir, shelf, console, ...options }: Tools): TrivyScanner {
  return new TrivyScanner({
    settings: options.trivy,
    run,
    tempDir,
    shelf,
    credentials: options.registryCredentials,
    platform: thisPlatform,
    signal: options.ending.cancelled,
    console,
  })
}

function repositoryOf({ run, tempDir, workspace, githubToken }: Tools): GitRepository {
  const repository = process.env['GITHUB_REPOSITORY']
  return new GitRepository({
    run,
    workspace,
    tempDir,
    env: gitEnvironment(process.env),
    serverUrl: process.env['GITHUB_SERVER_URL'] ?? 'https://github.com',
    ...(repository === undefined ? {} : { repository }),
    ...(githubToken === undefined ? {} : { token: githubToken }),
  })
}

function shelfOf({ keep, console }: WorkbenchOptions, run: RunProcess, tempDir: string): Shelf {
  if (keep === undefined) return noShelf
  if ('folder' in keep) return new FolderShelf(keep.folder)
  return new ActionsShelf({
    run,
    program: keep.client,
    env: process.env,
    tempDir,
    now: systemClock.now(),
    onLine: line => {
      console.debug(line)
    },
  })
}
