/** Git, started so that nothing of the repository under test makes it run a program or read another repository. */
import { lstat, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { getExecOutput } from '@actions/exec'
import { messageOf, ToolError } from '../errors.js'
import type { Environment, RunProcess } from './process.js'

export interface GitOptions {
  readonly run: RunProcess
  /** The work tree, or a folder in it. Absolute. */
  readonly workspace: string
  readonly env: Environment
}

export interface GitCall {
  /** True where a failure is an answer too. */
  readonly fails?: boolean
  /** Milliseconds. */
  readonly timeout?: number
  readonly env?: Environment
  /** Absolute; by default the workspace. */
  readonly cwd?: string
  /** Absolute: a bare repository of our own, in place of the one around the workspace. */
  readonly gitDir?: string
}

export interface GitOutput {
  readonly exitCode: number
  readonly output: string
  /** The lines of standard error. */
  readonly said: readonly string[]
}

/** Milliseconds. */
const defaultTimeout = 60_000

/** Bytes; no policy is as long, and no list of changes that anybody would review. */
const maxOutput = 16 * 1024 * 1024

/** Nothing in the repository may make git run a program; and the files may be another user's, as in a container job. */
const safety = [
  ...['-c', 'safe.directory=*'],
  // A folder of the pull request that looks like a repository must not become one.
  ...['-c', 'safe.bareRepository=explicit'],
  ...['-c', 'protocol.ext.allow=never'],
  ...['-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.fsmonitor=false'],
  ...['-c', 'gc.auto=0'],
  ...['-c', 'maintenance.auto=false'],
]

const quiet: Environment = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  // A commit is what its SHA says.
  GIT_NO_REPLACE_OBJECTS: '1',
  // Big files stay pointers, as they are in a checkout that does not ask for them.
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
}

/** The repository around a workspace, as git is told of it: found here, so that git never looks for one. */
interface Place {
  readonly env: { readonly GIT_DIR: string; readonly GIT_WORK_TREE: string }
}

export class GitCommand {
  readonly #options: GitOptions
  #place: Promise<Place> | undefined

  constructor(options: GitOptions) {
    this.#options = options
  }

  /**
   * Git's folder of the repository around the workspace. Absolute.
   * @throws ToolError where there is no repository, or no git
   */
  async gitDir(): Promise<string> {
    return (await this.#findPlace()).env.GIT_DIR
  }

  /** Whether there is a repository around the workspace. */
  async hasRepository(): Promise<boolean> {
    return (await findTop(this.#options.workspace)) !== undefined
  }

  /** Standard output without white space at its ends. */
  async ask(...args: string[]): Promise<string> {
    return (await this.call(args)).output.trim()
  }

  async read(...args: string[]): Promise<string> {
    return (await this.call(args)).output
  }

  /**
   * The records of standard output that end with NUL, of which only some matter: the list of all files may be long.
   * @throws ToolError
   */
  async records(args: readonly string[], matters: (record: string) => boolean, call: GitCall = {}): Promise<string[]> {
    const found: string[] = []
    await this.#run(args, call, async stream => {
      let [rest, size] = ['', 0]
      for await (const chunk of stream.setEncoding('utf8')) {
        const parts = `${rest}${String(chunk)}`.split('\0')
        rest = parts.pop() ?? ''
        for (const part of parts) {
          if (part === '' || !matters(part)) continue
          found.push(part)
          size += part.length
        }
        checkSize(size + rest.length)
      }
    })
    return found
  }

  /** @throws ToolError for a git that fails, unless that is an answer too */
  async call(args: readonly string[], call: GitCall = {}): Promise<GitOutput> {
    let output = ''
    const result = await this.#run(args, call, async stream => {
      output = await readAll(stream)
    })
    return { ...result, output }
  }

  async #run(
    args: readonly string[],
    call: GitCall,
    onOutput: (stream: Readable) => Promise<void>,
  ): Promise<Omit<GitOutput, 'output'>> {
    const { fails = false, timeout = defaultTimeout, env = {}, cwd, gitDir } = call
    const { run, workspace } = this.#options
    const place = await this.#findPlace()
    const said: string[] = []
    const result = await run({
      command: 'git',
      args: [...safety, ...args],
      env: { ...this.#options.env, ...quiet, ...(gitDir === undefined ? place.env : { GIT_DIR: gitDir }), ...env },
      cwd: cwd ?? workspace,
      timeout,
      onLine: line => said.push(line),
      onOutput,
    })
    const exitCode = result.status === 'exited' ? result.exitCode : 1
    if (result.status !== 'exited')
      said.push(result.status === 'timed-out' ? 'it took too long' : `killed by ${result.signal}`)
    if (exitCode !== 0 && !fails) {
      throw new ToolError(
        `git ${args[0] ?? ''} failed: ${said.at(-1) ?? `exit code ${String(exitCode)}`}`,
        'Check the checkout of the repository; in a container job, that git is installed.',
        said.slice(-10),
      )
    }
    return { exitCode, said }
  }

  #findPlace(): Promise<Place> {
    this.#place ??= this.#checkPlace()
    return this.#place
  }

  async #checkPlace(): Promise<Place> {
    const { workspace, env } = this.#options
    const top = await findTop(workspace)
    if (top === undefined) throw noRepository('it has no .git, and no folder above it has one')
    const place = { env: { GIT_DIR: join(top, '.git'), GIT_WORK_TREE: top } }
    const question = [...safety, 'rev-parse', '--is-inside-work-tree']
    const all = { ...env, ...quiet, ...place.env }
    const options = { cwd: workspace, env: all, silent: true, ignoreReturnCode: true }
    // Answered from the disk, at once: nothing here needs to be ended before it ends by itself.
    const { stdout, stderr } = await getExecOutput('git', question, options).catch((error: unknown) => {
      throw new ToolError(
        `git could not be started: ${messageOf(error)}`,
        'Install git where this step runs; in a container job, in the container’s image.',
      )
    })
    if (stdout.trim() === 'true') return place
    throw noRepository(stderr.trim().split('\n').at(-1) ?? '')
  }
}

/**
 * The folder that has `.git`: the workspace or one above it. A commit cannot hold a file of that name, while everything else
 * that git takes for a repository (`HEAD`, `objects`, `refs`) can come with a pull request.
 */
async function findTop(workspace: string): Promise<string | undefined> {
  let folder = await realpath(workspace).catch(() => workspace)
  for (;;) {
    if (await lstat(join(folder, '.git')).catch(() => undefined)) return folder
    const above = dirname(folder)
    if (above === folder) return undefined
    folder = above
  }
}

function noRepository(reason: string): ToolError {
  return new ToolError(
    `the workspace is not a git repository, so there is nothing to compare with: ${reason}`,
    'Check the repository out with actions/checkout before this step; in a container job, with git installed before it.',
  )
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes = checkSize(bytes + (chunk as Buffer).length)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function checkSize(bytes: number): number {
  if (bytes <= maxOutput) return bytes
  throw new ToolError('git has more to say than is sensible: more than 16 MiB', 'Look at what this change touches.')
}
