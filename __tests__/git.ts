/** Real git repositories, with what GitHub makes of a pull request, and a real server that asks for credentials. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { temporaryFolder } from './testbed.js'

export type FileTree = Readonly<Record<string, string | null>>

const identity = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
}

/** Runs git, and fails loudly. */
export function git(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd,
    env: { ...process.env, ...identity },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** Writes files; a value `-> TARGET` makes a symbolic link, null removes. */
export function writeTree(folder: string, files: FileTree): void {
  for (const [path, text] of Object.entries(files)) {
    const full = join(folder, path)
    rmSync(full, { force: true, recursive: true })
    if (text === null) continue
    mkdirSync(dirname(full), { recursive: true })
    const target = /^-> (.*)$/.exec(text)?.[1]
    if (target === undefined) writeFileSync(full, text)
    else symlinkSync(target, full)
  }
}

/** A repository as GitHub keeps it. */
export class Origin {
  readonly folder = temporaryFolder()

  constructor(files: FileTree) {
    git(this.folder, 'init', '--quiet', '--initial-branch=main')
    // As GitHub does.
    git(this.folder, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
    this.commit(files)
  }

  /** Commits to the branch that is checked out. */
  commit(files: FileTree): string {
    writeTree(this.folder, files)
    git(this.folder, 'add', '--all', '--force')
    git(this.folder, 'commit', '--quiet', '--allow-empty', '--message', 'change')
    return git(this.folder, 'rev-parse', 'HEAD')
  }

  /** A commit on a branch of its own, from where `from` is. */
  branch(name: string, files: FileTree, from = 'main'): string {
    git(this.folder, 'checkout', '--quiet', '-B', name, from)
    const commit = this.commit(files)
    git(this.folder, 'checkout', '--quiet', 'main')
    return commit
  }

  /** A commit in somebody else's copy, which GitHub shows here as the head of a pull request. */
  fork(number: number, files: FileTree): string {
    const copy = temporaryFolder()
    git(copy, 'clone', '--quiet', this.folder, '.')
    git(copy, 'checkout', '--quiet', '-b', 'patch-1')
    writeTree(copy, files)
    git(copy, 'add', '--all', '--force')
    git(copy, 'commit', '--quiet', '--message', 'patch')
    git(this.folder, 'fetch', '--quiet', copy, `+patch-1:refs/pull/${String(number)}/head`)
    return git(this.folder, 'rev-parse', `refs/pull/${String(number)}/head`)
  }

  /** Rewrites the base branch, as a force-push does: the commits of before stay, but no branch has them. */
  rewrite(files: FileTree): string {
    git(this.folder, 'checkout', '--quiet', '--orphan', 'rewritten')
    const commit = this.commit(files)
    git(this.folder, 'branch', '--force', 'main', commit)
    git(this.folder, 'checkout', '--quiet', 'main')
    git(this.folder, 'branch', '--quiet', '-D', 'rewritten')
    return commit
  }

  /** The merge commit that GitHub makes for a pull request: its first parent is the tip of the base. */
  pullRequest(number: number, head: string): string {
    git(this.folder, 'checkout', '--quiet', '--detach', 'main')
    git(this.folder, 'merge', '--quiet', '--no-ff', '--message', `Merge ${head}`, head)
    const merge = git(this.folder, 'rev-parse', 'HEAD')
    git(this.folder, 'update-ref', `refs/pull/${String(number)}/merge`, merge)
    git(this.folder, 'checkout', '--quiet', 'main')
    return merge
  }

  /**
   * Fetches and checks out one commit, as actions/checkout does.
   * @param url what the checkout remembers as its origin
   */
  checkOut(commit: string, url = `file://${this.folder}`): string {
    const folder = temporaryFolder()
    git(folder, 'init', '--quiet')
    git(folder, 'remote', 'add', 'origin', `file://${this.folder}`)
    git(folder, 'fetch', '--quiet', '--no-tags', '--depth=1', 'origin', `+${commit}:refs/remotes/pull/merge`)
    git(folder, 'checkout', '--quiet', '--force', 'refs/remotes/pull/merge')
    git(folder, 'remote', 'set-url', 'origin', url)
    return folder
  }
}

/** The header that a token of GitHub's makes. */
export const headerOf = (token: string): string =>
  `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`

/** Serves a repository by git's own HTTP backend; like GitHub, only with the token, and only when it is sent once. */
export async function withGitServer<T>(origin: Origin, token: string, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const sent = request.headersDistinct.authorization ?? []
    if (sent.length > 1) response.writeHead(400).end('duplicate header')
    else if (sent[0] !== headerOf(token).replace('AUTHORIZATION: ', '')) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
    } else serve(request, response, origin.folder)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** The Common Gateway Interface, as far as git needs it (RFC 3875). */
function serve(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const url = new URL(request.url ?? '', 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      ...identity,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname.replace('/repo', '/.git'),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'x',
    },
  })
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.on('close', () => {
    const all = Buffer.concat(chunks)
    const end = all.indexOf('\r\n\r\n')
    const headers = all
      .subarray(0, end)
      .toString('utf8')
      .split('\r\n')
      .map(line => line.split(': ') as [string, string])
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
    response
      .writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status')))
      .end(all.subarray(end + 4))
  })
}
