import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { Clock, Console, Ports, RegistryCredentials, TrivySettings } from '../ports.js'
import { withGivenLogins } from './docker-config.js'
import { DockerEngine } from './docker-engine.js'
import { dockerEnvironment, gitEnvironment } from './environment.js'
import { GitRepository } from './git.js'
import { LocalFiles } from './local-files.js'
import { createRunProcess, type Environment } from './process.js'
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
}

export const systemClock: Clock = { now: () => new Date() }

/** This machine as Node names it, for instance `linux-x64`. */
export const thisPlatform = `${process.platform}-${process.arch}`

/**
 * The real ports, on a temporary folder that exists while `use` runs. SIGINT and SIGTERM, which is how a runner
 * cancels, end all children first; then the run ends in `error`, with everything cleaned up.
 */
export async function withWorkbench<T>(options: WorkbenchOptions, use: (ports: Ports) => Promise<T>): Promise<T> {
  await mkdir(options.tempRoot, { recursive: true })
  // Docker and Trivy get real paths: a link in between is one more thing that could be swapped.
  const tempDir = await mkdtemp(join(await realpath(options.tempRoot), 'image-gate-'))
  const cancelled = new AbortController()
  const cancel = (): void => {
    cancelled.abort(new ToolError('the run was cancelled', 'Run it again.'))
  }
  const run = createRunProcess(cancelled.signal)
  const databaseDir = options.databaseDir ?? join(tempDir, 'databases')
  process.on('SIGINT', cancel).on('SIGTERM', cancel)
  try {
    const dockerEnv = await dockerEnvironmentOf(options, tempDir)
    return await use({
      engine: new DockerEngine({
        run,
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
    })
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel)
    await rm(tempDir, { recursive: true, force: true })
  }
}

async function dockerEnvironmentOf(options: WorkbenchOptions, tempDir: string): Promise<Environment> {
  const env = dockerEnvironment(process.env)
  return options.ownLogins ? env : withGivenLogins(env, options.registryCredentials, join(tempDir, 'docker'))
}
