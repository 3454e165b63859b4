import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigurationError, GateError, ToolError } from '../errors.js'
import type { BaseHint } from '../model.js'
import type { CheckedOut, FileChange, Repository } from '../ports.js'
import { gitConfiguration, type GitSetting } from './environment.js'
import { explainFullDisk } from './full-disk.js'
import { checkOutFolder, pathOf, submoduleMode } from './git-checkout.js'
import { GitCommand, type GitCall, type GitOptions, type GitOutput } from './git-command.js'
import { remoteOf, settingsForTheWay } from './git-remote.js'

export interface RepositoryOptions extends GitOptions {
  /** Where other revisions are written to. Absolute. */
  readonly tempDir: string
  /** The address of GitHub, which `token` is for. */
  readonly serverUrl: string
  /** `OWNER/NAME` of the repository that the workflow runs in; absent on a person's own machine. */
  readonly repository?: string
  /** Used when what the checkout left does not suffice. */
  readonly token?: string
}

/** Whole folders are enough. */
const ignoredFiles = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory']

/** Milliseconds. */
const fetchTimeout = 5 * 60_000

/** The repository around the workspace, as actions/checkout leaves it: often with one commit only. */
export class GitRepository implements Repository {
  readonly #options: RepositoryOptions
  readonly #git: GitCommand
  /** Of branches, so that one run sees one tip. */
  readonly #tips = new Map<string, Promise<string>>()

  constructor(options: RepositoryOptions) {
    this.#options = options
    this.#git = new GitCommand(options)
  }

  async resolveBase(hint: BaseHint): Promise<string> {
    await this.#git.gitDir()
    if (hint.kind === 'branch') return this.#tipOf(hint.name)
    if (hint.kind === 'merge-base') return this.#mergeBase(hint.branch)
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hint.commit) || /^0+$/.test(hint.commit)) {
      throw new ToolError(
        `'${hint.commit}' is not a commit`,
        'Run it on an event of GitHub’s, with the payload that GitHub gives.',
      )
    }
    await this.#provide(hint.commit)
    if (hint.kind === 'commit') return hint.commit
    const base = await this.#firstParent(hint.commit, hint.head)
    await this.#provide(base)
    return base
  }

  async checkedOut(): Promise<{ commit: string; parents: readonly string[] }> {
    const commit = await this.#git.ask('rev-parse', '--verify', 'HEAD^{commit}')
    return { commit, parents: await this.#parentsOf(commit) }
  }

  async isMerged(commit: string, branch: string): Promise<boolean> {
    if (!(await this.#git.hasRepository())) return true
    const head = await this.#git.ask('rev-parse', '--verify', 'HEAD^{commit}')
    if (head === commit) return true
    const base = await this.#mergeBase(branch).catch((error: unknown) => {
      if (error instanceof GateError) return undefined
      throw error
    })
    return base === head
  }

  async readText(commit: string, path: string): Promise<string | undefined> {
    // Relative to the workspace, which need not be the top of the repository.
    const entry = await this.#git.ask('ls-tree', commit, '--', `./${path}`)
    if (entry === '') return undefined
    const [mode, type, blob] = entry.split(/\s+/)
    if (type !== 'blob' || mode === '120000' || blob === undefined) {
      const what = mode === '120000' ? 'a link' : type === 'tree' ? 'a folder' : 'a submodule'
      throw new ConfigurationError(
        `${path} is ${what} in ${commit.slice(0, 7)}, not a file`,
        'Put the file itself there.',
      )
    }
    return this.#git.read('cat-file', 'blob', blob)
  }

  async changesSince(commit: string, folder: string): Promise<readonly FileChange[]> {
    const flags = ['-z', '--name-status', '--find-renames', '-l5000', '--no-ext-diff', '--ignore-submodules=none']
    const tracked = await this.#git.read('diff', ...flags, '--relative', commit, '--')
    const untracked = await this.#git.read('ls-files', '-z', '--others', '--exclude-standard')
    // A build takes files that git ignores as well: an earlier step may have made them.
    const below = `:(literal)${folder === '' ? '.' : folder}`
    const ignored = await this.#git.read(...ignoredFiles, '--', below)
    // A repository in the repository is named with a slash at its end, as a folder is.
    const paths = [...untracked.split('\0'), ...ignored.split('\0')].map(path => path.replace(/\/$/, ''))
    const submodules = await this.#dirtySubmodules(below)
    return [
      ...parseChanges(tracked),
      ...paths.filter(path => path !== '').map((path): FileChange => ({ path, status: 'added' })),
      ...submodules.map((path): FileChange => ({ path, status: 'modified' })),
    ]
  }

  /** Submodules with files that they ignore; all else in them, git counts as a change. */
  async #dirtySubmodules(below: string): Promise<string[]> {
    const { workspace } = this.#options
    const isSubmodule = (entry: string): boolean => entry.startsWith(submoduleMode)
    const entries = await this.#git.records(['ls-files', '-z', '--stage', '--', below], isSubmodule)
    const found: string[] = []
    for (const path of entries.map(pathOf)) {
      const cwd = join(workspace, path)
      const gitDir = join(cwd, '.git')
      if (!existsSync(gitDir)) continue
      const call = { cwd, gitDir, env: { GIT_WORK_TREE: cwd } }
      const { exitCode, output } = await this.#git.call([...ignoredFiles, '--', '.'], { ...call, fails: true })
      if (exitCode !== 0 || output !== '') found.push(path)
    }
    return found
  }

  async checkOut(commit: string, folder: string): Promise<CheckedOut> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'base-')).catch(explainFullDisk)
    return checkOutFolder(this.#git, { commit, folder, directory, workspace: this.#options.workspace })
  }

  #tipOf(branch: string): Promise<string> {
    const known = this.#tips.get(branch) ?? this.#fetchTip(branch)
    this.#tips.set(branch, known)
    return known
  }

  async #fetchTip(branch: string): Promise<string> {
    await this.#fetch(`refs/heads/${branch}`)
    return this.#git.ask('rev-parse', '--verify', 'FETCH_HEAD^{commit}')
  }

  /** Where the branch that is checked out left another one. At depth 1 the checkout cannot tell. */
  async #mergeBase(branch: string): Promise<string> {
    const tip = await this.#tipOf(branch)
    const head = await this.#git.ask('rev-parse', '--verify', 'HEAD^{commit}')
    const place = (await this.#isShallow()) ? { gitDir: await this.#fetchHistory(head, tip) } : {}
    const { exitCode, output } = await this.#git.call(['merge-base', head, tip], { fails: true, ...place })
    const base = output.trim()
    if (exitCode !== 0 || base === '') {
      throw new ToolError(
        `${head.slice(0, 7)} and the branch ${branch} have no commit in common`,
        'Compare a branch that began at the default branch.',
      )
    }
    await this.#provide(base)
    return base
  }

  /**
   * The commits behind two others, without any file, in a repository of our own: a checkout that has one commit stays so.
   * @returns its folder. Absolute
   */
  async #fetchHistory(...commits: readonly string[]): Promise<string> {
    const gitDir = await mkdtemp(join(this.#options.tempDir, 'history-')).catch(explainFullDisk)
    await this.#git.call(['init', '--quiet', '--bare', gitDir], { gitDir })
    const settings = settingsForTheWay(await this.#git.read('config', '--local', '--includes', '--list', '-z'))
    const remote = await this.#remote()
    const url = remote === 'origin' ? await this.#git.ask('remote', 'get-url', 'origin') : remote
    const args = ['fetch', '--quiet', '--no-tags', '--no-auto-gc', '--filter=tree:0', url, ...commits]
    // It has neither the credentials of the checkout nor what else leads to the server.
    await this.#fetchWith(args, 'the history of this branch', { gitDir }, settings)
    return gitDir
  }

  /** A name or an address. As written: what `insteadOf` makes of it need not tell whose it is. */
  async #remote(): Promise<string> {
    const { serverUrl, repository } = this.#options
    if (repository === undefined) return 'origin'
    const { output } = await this.#git.call(['config', '--get-all', 'remote.origin.url'], { fails: true })
    return remoteOf(output.split('\n')[0] ?? '', { serverUrl, repository })
  }

  async #isShallow(): Promise<boolean> {
    return (await this.#git.ask('rev-parse', '--is-shallow-repository')) === 'true'
  }

  /** The merge commit's first parent is the tip of the base that it was made with. GitHub made it, and for this head. */
  async #firstParent(commit: string, head: string | undefined): Promise<string> {
    const [base, ...merged] = await this.#parentsOf(commit)
    const short = commit.slice(0, 7)
    if (base === undefined || merged.length === 0) {
      const parents = base === undefined ? 0 : 1
      throw new ToolError(
        `${short} is not the merge commit of a pull request: it has ${String(parents)} parent(s), not 2`,
        'Run it on the event pull_request, for which GitHub makes such a commit.',
      )
    }
    if (head !== undefined && !merged.includes(head)) {
      throw new ToolError(
        `${short} does not merge ${head.slice(0, 7)}, the head of the pull request: GitHub made it for another commit`,
        'Push to the pull request, or close and open it, so that GitHub makes the merge commit anew.',
      )
    }
    return base
  }

  /** At depth 1 git hides the parents from all but this command. */
  async #parentsOf(commit: string): Promise<string[]> {
    const text = await this.#git.read('cat-file', 'commit', commit)
    const header = text.split('\n\n')[0] ?? ''
    return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(match => match[1] ?? '')
  }

  /** Makes sure that a commit is there, with its files. */
  async #provide(commit: string): Promise<void> {
    const { exitCode } = await this.#git.call(['cat-file', '-e', `${commit}^{tree}`], { fails: true })
    if (exitCode !== 0) await this.#fetch(commit)
  }

  async #fetch(what: string): Promise<void> {
    // In a whole clone a depth would cut off what is there.
    const depth = (await this.#isShallow()) ? ['--depth=1'] : []
    const flags = ['--no-tags', '--no-recurse-submodules', '--no-write-commit-graph', ...depth]
    await this.#fetchWith(['fetch', ...flags, await this.#remote(), what], what)
  }

  /**
   * First with what the checkout left: the header that a token needs must not be sent twice.
   * @param settings of git, for a repository of our own
   */
  async #fetchWith(
    args: readonly string[],
    what: string,
    more: GitCall = {},
    settings: readonly GitSetting[] = [],
  ): Promise<void> {
    const { token } = this.#options
    const fetch = (...added: readonly GitSetting[]): Promise<GitOutput> =>
      this.#git.call(args, {
        ...more,
        fails: true,
        timeout: fetchTimeout,
        env: gitConfiguration([...settings, ...added]),
      })
    const first = await fetch()
    if (first.exitCode === 0) return
    const second = token === undefined ? first : await fetch(...this.#credentials(token))
    if (second.exitCode === 0) return
    throw new ToolError(
      `git could not fetch ${what}, which this change is compared with: ${second.said.at(-1) ?? 'no reason given'}`,
      'Let actions/checkout persist its credentials, give this step a github-token with contents: read, or check out with fetch-depth: 0.',
      second.said.slice(-10),
    )
  }

  /** The empty value takes back what others have set. */
  #credentials(token: string): readonly GitSetting[] {
    const key = `http.${this.#options.serverUrl.replace(/\/+$/, '')}/.extraheader`
    const value = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
    return [
      [key, ''],
      [key, value],
    ]
  }
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
