import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { getExecOutput } from '@actions/exec'
import { ConfigurationError, messageOf, ToolError } from '../errors.js'
import type { BaseHint } from '../model.js'
import type { FileChange, Repository } from '../ports.js'
import { explainFullDisk } from './full-disk.js'
import type { Environment, RunProcess } from './process.js'

export interface GitOptions {
  readonly run: RunProcess
  /** The work tree, or a folder in it. Absolute. */
  readonly workspace: string
  /** Where other revisions are written to. Absolute. */
  readonly tempDir: string
  readonly env: Environment
  /** The address of GitHub, which `token` is for. */
  readonly serverUrl: string
  /** Used when what the checkout left does not suffice. */
  readonly token?: string
}

/** Milliseconds. */
const limits = { fetch: 5 * 60_000, other: 60_000 }

/** Bytes; no policy is as long, and no list of changes that anybody would review. */
const maxOutput = 16 * 1024 * 1024

/** The repository around the workspace, as actions/checkout leaves it: often with one commit only. */
export class GitRepository implements Repository {
  readonly #options: GitOptions
  #isRepository: Promise<void> | undefined

  constructor(options: GitOptions) {
    this.#options = options
  }

  async resolveBase(hint: BaseHint): Promise<string> {
    await this.#ensureRepository()
    if (hint.kind === 'branch') {
      await this.#fetch(`refs/heads/${hint.name}`)
      return this.#ask('rev-parse', '--verify', 'FETCH_HEAD^{commit}')
    }
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hint.commit) || /^0+$/.test(hint.commit)) {
      throw new ToolError(
        `'${hint.commit}' is not a commit`,
        'Run it on an event of GitHub’s, with the payload that GitHub gives.',
      )
    }
    await this.#provide(hint.commit)
    if (hint.kind === 'commit') return hint.commit
    const base = await this.#firstParent(hint.commit)
    await this.#provide(base)
    return base
  }

  async isCheckedOut(commit: string): Promise<boolean> {
    await this.#ensureRepository()
    const head = await this.#ask('rev-parse', '--verify', 'HEAD^{commit}')
    return head === commit || (await this.#parentsOf(head)).includes(commit)
  }

  async readText(commit: string, path: string): Promise<string | undefined> {
    // Relative to the workspace, which need not be the top of the repository.
    const entry = await this.#ask('ls-tree', commit, '--', `./${path}`)
    if (entry === '') return undefined
    const [mode, type, blob] = entry.split(/\s+/)
    if (type !== 'blob' || mode === '120000' || blob === undefined) {
      const what = mode === '120000' ? 'a link' : type === 'tree' ? 'a folder' : 'a submodule'
      throw new ConfigurationError(
        `${path} is ${what} in ${commit.slice(0, 7)}, not a file`,
        'Put the file itself there.',
      )
    }
    return this.#read('cat-file', 'blob', blob)
  }

  async changesSince(commit: string): Promise<readonly FileChange[]> {
    const flags = ['-z', '--name-status', '--find-renames', '-l5000', '--no-ext-diff', '--ignore-submodules=none']
    const tracked = await this.#read('diff', ...flags, '--relative', commit, '--')
    const untracked = await this.#read('ls-files', '-z', '--others', '--exclude-standard')
    return [
      ...parseChanges(tracked),
      ...untracked
        .split('\0')
        .filter(path => path !== '')
        .map((path): FileChange => ({ path, status: 'added' })),
    ]
  }

  async checkOut(commit: string, folder: string): Promise<string> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'base-')).catch(explainFullDisk)
    const tree = join(directory, 'tree')
    await mkdir(tree)
    // An index of its own, so that nothing of the checkout is touched; and not `git archive`, which leaves out what
    // `export-ignore` names.
    const env = { GIT_INDEX_FILE: join(directory, 'index') }
    const prefix = await this.#ask('rev-parse', '--show-prefix')
    const path = `${prefix}${folder}`.replace(/\/$/, '')
    if (path === '') {
      await this.#git(['read-tree', commit], { env })
    } else {
      const [, type, object] = (await this.#ask('ls-tree', '--full-tree', commit, '--', path)).split(/\s+/)
      if (type !== 'tree' || object === undefined) return tree
      await this.#git(['read-tree', `--prefix=${path}/`, object], { env })
    }
    await this.#git(['checkout-index', '--all', `--prefix=${tree}/`], { env })
    return join(tree, prefix)
  }

  #ensureRepository(): Promise<void> {
    this.#isRepository ??= this.#checkRepository()
    return this.#isRepository
  }

  async #checkRepository(): Promise<void> {
    const { workspace: cwd, env } = this.#options
    const question = [...safety, 'rev-parse', '--is-inside-work-tree']
    const options = { cwd, env: { ...env, ...quiet }, silent: true, ignoreReturnCode: true }
    // Answered from the disk, at once: nothing here needs to be ended before it ends by itself.
    const { stdout, stderr } = await getExecOutput('git', question, options).catch((error: unknown) => {
      throw new ToolError(
        `git could not be started: ${messageOf(error)}`,
        'Install git where this step runs; in a container job, in the container’s image.',
      )
    })
    if (stdout.trim() === 'true') return
    throw new ToolError(
      `the workspace is not a git repository, so there is nothing to compare with: ${stderr.trim().split('\n').at(-1) ?? ''}`,
      'Check the repository out with actions/checkout before this step.',
    )
  }

  /** The merge commit's first parent is the tip of the base that it was made with. */
  async #firstParent(commit: string): Promise<string> {
    const parents = await this.#parentsOf(commit)
    if (parents[0] === undefined || parents.length < 2) {
      throw new ToolError(
        `${commit.slice(0, 7)} is not the merge commit of a pull request: it has ${String(parents.length)} parent(s), not 2`,
        'Run it on the event pull_request, for which GitHub makes such a commit.',
      )
    }
    return parents[0]
  }

  /** At depth 1 git hides the parents from all but this command. */
  async #parentsOf(commit: string): Promise<string[]> {
    const text = await this.#read('cat-file', 'commit', commit)
    const header = text.split('\n\n')[0] ?? ''
    return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(match => match[1] ?? '')
  }

  /** Makes sure that a commit is there, with its files. */
  async #provide(commit: string): Promise<void> {
    const { exitCode } = await this.#git(['cat-file', '-e', `${commit}^{tree}`], { fails: true })
    if (exitCode !== 0) await this.#fetch(commit)
  }

  /** First with what the checkout left: the header that a token needs must not be sent twice. */
  async #fetch(what: string): Promise<void> {
    const { token } = this.#options
    const args = [
      'fetch',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-write-commit-graph',
      '--depth=1',
      'origin',
      what,
    ]
    const first = await this.#git(args, { fails: true, timeout: limits.fetch })
    if (first.exitCode === 0) return
    const second =
      token === undefined
        ? first
        : await this.#git(args, { fails: true, timeout: limits.fetch, env: this.#credentials(token) })
    if (second.exitCode === 0) return
    throw new ToolError(
      `git could not fetch ${what}, which this change is compared with: ${second.said.at(-1) ?? 'no reason given'}`,
      'Let actions/checkout persist its credentials, give this step a github-token with contents: read, or check out with fetch-depth: 0.',
      second.said.slice(-10),
    )
  }

  /** In the environment, where no list of processes shows them. The empty value takes back what others have set. */
  #credentials(token: string): Environment {
    const key = `http.${this.#options.serverUrl.replace(/\/+$/, '')}/.extraheader`
    const value = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
    return {
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: key,
      GIT_CONFIG_VALUE_0: '',
      GIT_CONFIG_KEY_1: key,
      GIT_CONFIG_VALUE_1: value,
    }
  }

  async #ask(...args: string[]): Promise<string> {
    return (await this.#git(args)).output.trim()
  }

  async #read(...args: string[]): Promise<string> {
    return (await this.#git(args)).output
  }

  /** @throws ToolError for a git that fails, unless that is an answer too */
  async #git(
    args: readonly string[],
    { fails = false, timeout = limits.other, env = {} }: { fails?: boolean; timeout?: number; env?: Environment } = {},
  ): Promise<{ exitCode: number; output: string; said: readonly string[] }> {
    const { run, workspace } = this.#options
    const said: string[] = []
    let output = ''
    const result = await run({
      command: 'git',
      args: [...safety, ...args],
      env: { ...this.#options.env, ...quiet, ...env },
      cwd: workspace,
      timeout,
      onLine: line => said.push(line),
      onOutput: async stream => {
        output = await readAll(stream)
      },
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
    return { exitCode, output, said }
  }
}

/** Nothing in the repository may make git run a program; and the files may be another user's, as in a container job. */
const safety = [
  ...['-c', 'safe.directory=*'],
  ...['-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.fsmonitor=false'],
  ...['-c', 'gc.auto=0'],
  ...['-c', 'maintenance.auto=false'],
]

const quiet: Environment = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  // Big files stay pointers, as they are in a checkout that does not ask for them.
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length
    if (bytes > maxOutput) {
      throw new ToolError('git has more to say than is sensible: more than 16 MiB', 'Look at what this change touches.')
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `STATUS NUL PATH NUL`, and for what was moved `R100 NUL BEFORE NUL AFTER NUL`; see "RAW OUTPUT FORMAT" in git-diff(1). */
function parseChanges(text: string): FileChange[] {
  const words = text.split('\0')
  const changes: FileChange[] = []
  for (let at = 0; at + 1 < words.length;) {
    const status = words[at] ?? ''
    const [first = '', second = ''] = words.slice(at + 1, at + 3)
    const moved = status.startsWith('R') || status.startsWith('C')
    if (status.startsWith('R')) changes.push({ path: second, status: 'modified', from: first })
    else if (moved) changes.push({ path: second, status: 'added' })
    else changes.push({ path: first, status: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'modified' })
    at += moved ? 3 : 2
  }
  return changes
}
