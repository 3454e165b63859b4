/**
 * The Actions cache. Its client (@actions/cache) runs in a process of its own: it cannot be cancelled, prints what it
 * likes, needs the runner's token, and unpacks with `tar -P`, which writes wherever an entry says. Whoever can write to
 * the cache of a pull request could so replace any file of the runner's user; here `-P` is taken away.
 */
import { existsSync } from 'node:fs'
import { cp, lstat, mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { cacheEnvironment } from './environment.js'
import type { RunProcess } from './process.js'
import type { Shelf, ShelfEntry } from './shelf.js'

export interface ActionsShelfOptions {
  readonly run: RunProcess
  /** The client: `dist/cache.js`. Absolute. */
  readonly program: string
  /** The runner's environment. */
  readonly env: NodeJS.ProcessEnv
  /** Absolute; exists while the run lasts. */
  readonly tempDir: string
  readonly now: Date
  /** Gets what the client prints. */
  readonly onLine: (line: string) => void
}

/** Milliseconds: a database is there within seconds, or is faster had from its registry. */
const patience = 5 * 60_000

/** Where the cache is offered: only to actions, and not on every runner. */
export function hasActionsCache(env: NodeJS.ProcessEnv): boolean {
  const address = env['ACTIONS_RESULTS_URL'] ?? env['ACTIONS_CACHE_URL'] ?? ''
  return address !== '' && (env['ACTIONS_RUNTIME_TOKEN'] ?? '') !== ''
}

export class ActionsShelf implements Shelf {
  readonly own = false
  readonly #options: ActionsShelfOptions
  readonly #saving: Promise<unknown>[] = []
  #tools: Promise<string> | undefined

  constructor(options: ActionsShelfOptions) {
    this.#options = options
  }

  async take(entry: ShelfEntry, directory: string): Promise<boolean> {
    const work = await this.#makeFolder()
    if (!(await this.#runClient('restore', entry, work))) return false
    const content = join(work, contentFolder)
    const found = await lstat(content).catch(() => undefined)
    if (found?.isDirectory() !== true) return false
    await rename(content, directory)
    return true
  }

  /** Begins to save, at once: what the gate decides later changes nothing about it. */
  async keep(entry: ShelfEntry, directory: string): Promise<void> {
    const work = await this.#makeFolder()
    await cp(directory, join(work, contentFolder), { recursive: true })
    this.#saving.push(this.#runClient('save', entry, work))
  }

  /** Waits for what is being saved. Never throws. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#saving)
  }

  #makeFolder(): Promise<string> {
    return mkdtemp(join(this.#options.tempDir, 'actions-cache-'))
  }

  /** @returns false where the cache has nothing, or does not answer: it is there to save time, and nothing depends on it */
  async #runClient(what: 'restore' | 'save', entry: ShelfEntry, cwd: string): Promise<boolean> {
    const { run, program, env, tempDir, onLine } = this.#options
    try {
      this.#tools ??= makeTools(join(tempDir, 'tar'), env['PATH'] ?? '')
      const path = [await this.#tools, env['PATH'] ?? ''].join(delimiter)
      const result = await run({
        command: process.execPath,
        args: [program, what, this.#keyOf(entry)],
        env: { ...cacheEnvironment(env), PATH: path, GITHUB_WORKSPACE: cwd, RUNNER_TEMP: cwd },
        cwd,
        timeout: patience,
        onLine: line => {
          // In that process nobody reads commands.
          onLine(line.replace(/^::debug::/, ''))
        },
      })
      return result.status === 'exited' && result.exitCode === 0
    } catch (error) {
      onLine(String(error))
      return false
    }
  }

  #keyOf({ name, daily }: ShelfEntry): string {
    return `image-gate-${name}${daily ? `-${this.#options.now.toISOString().slice(0, 10)}` : ''}`
  }
}

/** What is kept lies under this name, beside which the client finds nothing. */
export const contentFolder = 'content'

/** Takes its own folder off PATH, and `-P` off the arguments. */
const harmlessTar = `#!/bin/sh
PATH=\${PATH#*:}
for argument do
  shift
  [ "$argument" = -P ] || set -- "$@" "$argument"
done
exec "\${0##*/}" "$@"
`

/** @returns the folder, to be put first on PATH */
async function makeTools(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  // The client prefers gtar where there is one, and then counts on it being GNU's.
  const names = ['tar', 'gtar'].filter(name => path.split(delimiter).some(folder => existsSync(join(folder, name))))
  for (const name of names) await writeFile(join(directory, name), harmlessTar, { mode: 0o755 })
  return directory
}
