import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Console, Ports, RegistryCredentials, TrivySettings } from '../ports.js'
import { withGivenLogins } from './docker-config.js'
import { DockerEngine } from './docker-engine.js'
import { dockerEnvironment, gitEnvironment } from './environment.js'
import { GitRepository } from './git.js'
import { LocalFiles } from './local-files.js'
import { createRunProcess, type Environment } from './process.js'
import type { RunEnding } from './run-ending.js'
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
  /** Where databases are kept from run to run; absent: in the temporary folder. */
  readonly databaseDir?: string
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
  const { ending } = options
  const run = createRunProcess(ending.cancelled)
  const databaseDir = options.databaseDir ?? join(tempDir, 'databases')
  try {
    const dockerEnv = await dockerEnvironmentOf(options, tempDir)
    return await use({
      engine: new DockerEngine({
        run,
        runCleaning: createRunProcess(ending.cleaning),
        env: dockerEnv,
        tempDir,
        ...(options.builder === undefined ? {} : { builder: options.builder }),
      }),
      scanner: new TrivyScanner({
        settings: options.trivy,
        run,
        tempDir,
        databaseDir,
        platform: thisPlatform,
      }),
      repository: new GitRepository({
        run,
        workspace: options.workspace,
        tempDir,
        env: gitEnvironment(process.env),
        serverUrl: process.env['GITHUB_SERVER_URL'] ?? 'https://github.com',
        ...(options.githubToken === undefined ? {} : { token: options.githubToken }),
      }),
      files: new LocalFiles(),
      console: options.console,
      clock: systemClock,
      ending,
    })
  } finally {
    // Again where something is still being written: a process that was killed, or nobody waited for.
    await rm(tempDir, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 })
  }
}

async function dockerEnvironmentOf(options: WorkbenchOptions, tempDir: string): Promise<Environment> {
  const env = dockerEnvironment(process.env)
  return options.ownLogins ? env : withGivenLogins(env, options.registryCredentials, join(tempDir, 'docker'))
}
