import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { Clock, Console, Ports, TrivySettings } from '../ports.js'
import { ActionsShelf } from './actions-shelf.js'
import { DockerEngine } from './docker-engine.js'
import { dockerEnvironment, gitEnvironment } from './environment.js'
import { GitRepository } from './git.js'
import { LocalFiles } from './local-files.js'
import { createRunProcess, type RunProcess } from './process.js'
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
  readonly console: Console
  /** Where this run's temporary folder is made. Absolute. */
  readonly tempRoot: string
  /** Where what was downloaded is kept from run to run: a folder, or the Actions cache through its client. */
  readonly keep?: { readonly folder: string } | { readonly client: string }
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
  const shelf = shelfOf(options, run, tempDir)
  process.on('SIGINT', cancel).on('SIGTERM', cancel)
  try {
    return await use({
      engine: new DockerEngine({
        run,
        env: dockerEnvironment(process.env),
        tempDir,
        ...(options.builder === undefined ? {} : { builder: options.builder }),
      }),
      scanner: new TrivyScanner({
        settings: options.trivy,
        run,
        tempDir,
        shelf,
        credentials: [],
        platform: thisPlatform,
        signal: cancelled.signal,
        console: options.console,
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
    if (shelf instanceof ActionsShelf) await shelf.settle()
    process.off('SIGINT', cancel).off('SIGTERM', cancel)
    await rm(tempDir, { recursive: true, force: true })
  }
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
