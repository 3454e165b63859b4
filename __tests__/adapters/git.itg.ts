import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { GitRepository } from '../../src/adapters/git.js'
import { git, headerOf, Origin, withGitServer, writeTree } from '../git.js'
import { removeTemporaryFolders, temporaryFolder } from '../testbed.js'
import { files, repositoryAt } from './git-repository.js'

afterAll(removeTemporaryFolders)

/** A pull request whose base has moved on since it was opened. */
function pullRequest(): { origin: Origin; stale: string; base: string; head: string; merge: string } {
  const origin = new Origin(files)
  const stale = git(origin.folder, 'rev-parse', 'main')
  const head = origin.branch('feature', { 'images/web/Dockerfile': 'FROM debian:12\n' })
  const base = origin.commit({ '.github/image-gate.yml': 'severity: HIGH\n' })
  return { origin, stale, base, head, merge: origin.pullRequest(7, head) }
}

describe('GitRepository.resolveBase', () => {
  it('is the first parent of a pull request’s merge commit, not where the base was once', async () => {
    const { origin, stale, base, merge } = pullRequest()
    const workspace = origin.checkOut(merge)
    const repository = repositoryAt(workspace)
    expect(await repository.resolveBase({ kind: 'merge-commit', commit: merge })).toBe(base)
    expect(base).not.toBe(stale)
    expect(await repository.readText(base, '.github/image-gate.yml')).toBe('severity: HIGH\n')
    // Still a checkout of one commit, with nothing changed in it.
    expect(git(workspace, 'rev-list', '--count', 'HEAD')).toBe('1')
    expect(git(workspace, 'status', '--porcelain')).toBe('')
  })

  it('is found too where the head of the pull request is checked out', async () => {
    const { origin, base, head, merge } = pullRequest()
    const repository = repositoryAt(origin.checkOut(head))
    expect(await repository.resolveBase({ kind: 'merge-commit', commit: merge })).toBe(base)
  })

  it('is the merge commit’s own when the base was force-pushed since', async () => {
    const { origin, base, merge } = pullRequest()
    const workspace = origin.checkOut(merge)
    origin.rewrite({ 'README.md': 'rewritten' })
    expect(await repositoryAt(workspace).resolveBase({ kind: 'merge-commit', commit: merge })).toBe(base)
  })

  it('is the commit that the event names for a merge queue and a push, and the tip of a branch where that is asked', async () => {
    const { origin, base, stale, merge } = pullRequest()
    const repository = repositoryAt(origin.checkOut(merge))
    expect(await repository.resolveBase({ kind: 'commit', commit: stale })).toBe(stale)
    expect(await repository.readText(stale, 'README.md')).toBe('x\n')
    expect(await repository.resolveBase({ kind: 'branch', name: 'main' })).toBe(base)
  })

  it.each<[string, (merge: string, head: string) => Parameters<GitRepository['resolveBase']>[0], RegExp]>([
    [
      'has one parent',
      (_, head) => ({ kind: 'merge-commit', commit: head }),
      /is not the merge commit of a pull request: it has \d parent/,
    ],
    ['is all zeros', () => ({ kind: 'commit', commit: '0'.repeat(40) }), /is not a commit/],
    ['is an option', () => ({ kind: 'commit', commit: '--upload-pack=x' }), /is not a commit/],
    ['is nowhere', () => ({ kind: 'commit', commit: 'a'.repeat(40) }), /git could not fetch a{40}.*: /],
    ['is a branch that is gone', () => ({ kind: 'branch', name: 'gone' }), /git could not fetch refs\/heads\/gone/],
  ])('refuses a commit that %s', async (_, hint, message) => {
    const { origin, head, merge } = pullRequest()
    await expect(repositoryAt(origin.checkOut(merge)).resolveBase(hint(merge, head))).rejects.toThrow(message)
  })

  it('knows what is checked out, and what that merged, at a depth of one', async () => {
    const { origin, base, head, merge } = pullRequest()
    const merged = repositoryAt(origin.checkOut(merge))
    expect(await merged.checkedOut()).toEqual({ commit: merge, parents: [base, head] })
    const { parents } = await repositoryAt(origin.checkOut(base)).checkedOut()
    expect(parents).toHaveLength(1)
  })

  it('says that there is no repository, or no git', async () => {
    const nowhere = repositoryAt(temporaryFolder())
    await expect(nowhere.resolveBase({ kind: 'branch', name: 'main' })).rejects.toThrow(/is not a git repository/)
    const origin = new Origin(files)
    const { PATH } = process.env
    process.env['PATH'] = '/nowhere'
    try {
      const without = repositoryAt(origin.folder)
      await expect(without.resolveBase({ kind: 'branch', name: 'main' })).rejects.toThrow(/git could not be started/)
    } finally {
      process.env['PATH'] = PATH
    }
  })

  it('reads a checkout that belongs to somebody else, as in a container job', async () => {
    const { origin, base, merge } = pullRequest()
    const workspace = origin.checkOut(merge)
    chownSync(workspace, 12345, 12345)
    chownSync(join(workspace, '.git'), 12345, 12345)
    expect(await repositoryAt(workspace).resolveBase({ kind: 'merge-commit', commit: merge })).toBe(base)
  })

  describe('from a server that wants credentials', () => {
    const token = 'ghs_secret'
    const { origin, base, merge } = pullRequest()
    const hint = { kind: 'merge-commit', commit: merge } as const
    const checkOut = (url: string): string => origin.checkOut(merge, `${url}/repo`)

    it('uses those that the checkout left in its configuration, and does not send them twice', async () => {
      await withGitServer(origin, token, async url => {
        const workspace = checkOut(url)
        git(workspace, 'config', `http.${url}/.extraheader`, headerOf(token))
        expect(await repositoryAt(workspace, { token, serverUrl: url }).resolveBase(hint)).toBe(base)
      })
    })

    it('uses those that the checkout left in a file of its own', async () => {
      await withGitServer(origin, token, async url => {
        const workspace = checkOut(url)
        const included = join(temporaryFolder(), 'credentials.config')
        writeFileSync(included, `[http "${url}/"]\n\textraheader = ${headerOf(token)}\n`)
        git(workspace, 'config', `includeIf.gitdir:${join(workspace, '.git')}.path`, included)
        expect(await repositoryAt(workspace).resolveBase(hint)).toBe(base)
      })
    })

    it('uses the token where the checkout left none, or one that is no good any more', async () => {
      await withGitServer(origin, token, async url => {
        expect(await repositoryAt(checkOut(url), { token, serverUrl: url }).resolveBase(hint)).toBe(base)
        const stale = checkOut(url)
        git(stale, 'config', `http.${url}/.extraheader`, headerOf('expired'))
        expect(await repositoryAt(stale, { token, serverUrl: url }).resolveBase(hint)).toBe(base)
      })
    })

    it.each([undefined, 'ghs_wrong'])('says what to do with the token %s, and does not tell the token', async wrong => {
      await withGitServer(origin, token, async url => {
        const more = wrong === undefined ? {} : { token: wrong, serverUrl: url }
        const error = await repositoryAt(checkOut(url), more)
          .resolveBase(hint)
          .catch((reason: unknown) => reason)
        expect(error).toMatchObject({
          message: expect.stringContaining('git could not fetch') as string,
          advice: expect.stringContaining('contents: read') as string,
        })
        expect(JSON.stringify(error)).not.toContain('ghs_')
      })
    })
  })
})

describe('GitRepository.readText', () => {
  const origin = new Origin({
    'a b.yml': 'é\r\n',
    link: '-> a b.yml',
    'folder/x': 'x',
    '-x': 'dash',
    big: 'x'.repeat(17 * 1024 * 1024),
  })
  const commit = git(origin.folder, 'rev-parse', 'HEAD')
  const repository = repositoryAt(origin.folder)

  it('gives the bytes of a file, and nothing where there is none', async () => {
    expect(await repository.readText(commit, 'a b.yml')).toBe('é\r\n')
    expect(await repository.readText(commit, '-x')).toBe('dash')
    expect(await repository.readText(commit, 'folder/y')).toBeUndefined()
  })

  it.each([
    ['link', /link is a link in [0-9a-f]{7}, not a file/],
    ['folder', /folder is a folder/],
    ['big', /more than 16 MiB/],
  ])('refuses what is no file of a sensible size: %s', async (path, message) => {
    await expect(repository.readText(commit, path)).rejects.toThrow(message)
  })
})

describe('GitRepository.changesSince', () => {
  it('tells what was added, changed, moved and deleted, in the commits and beside them', async () => {
    const origin = new Origin({
      ...files,
      'old name': 'one\ntwo\nthree\n',
      gone: 'was here',
      'with\nnewline': '1',
      '.gitignore': 'ignored\n',
      type: 'x',
    })
    const before = git(origin.folder, 'rev-parse', 'HEAD')
    origin.commit({ 'new "name"': 'one\ntwo\nthree\n', 'old name': null, gone: null, added: 'x', type: '-> added' })
    writeTree(origin.folder, { 'README.md': 'changed\n', untracked: 'x', ignored: 'x', 'with\nnewline': '2' })
    const changes = await repositoryAt(origin.folder).changesSince(before, 'images')
    expect([...changes].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'README.md', status: 'modified' },
      { path: 'added', status: 'added' },
      { path: 'gone', status: 'deleted' },
      { path: 'new "name"', status: 'modified', from: 'old name' },
      { path: 'type', status: 'modified' },
      { path: 'untracked', status: 'added' },
      { path: 'with\nnewline', status: 'modified' },
    ])
  })

  it('does not let the repository start a program', async () => {
    const origin = new Origin({ x: 'x\n', '.gitattributes': '* diff=evil filter=evil\n' })
    const before = git(origin.folder, 'rev-parse', 'HEAD')
    origin.commit({ x: 'y\n' })
    const mark = join(temporaryFolder(), 'ran')
    const hooks = join(origin.folder, '.git', 'hooks')
    mkdirSync(hooks, { recursive: true })
    writeFileSync(join(hooks, 'post-index-change'), `#!/bin/sh\ntouch ${mark}\n`)
    chmodSync(join(hooks, 'post-index-change'), 0o755)
    const repository = repositoryAt(origin.folder)
    expect(await repository.changesSince(before, 'images')).toEqual([{ path: 'x', status: 'modified' }])
    await repository.checkOut(before, '')
    expect(existsSync(mark)).toBe(false)
  })
})

describe('GitRepository.checkOut', () => {
  const origin = new Origin({
    'images/web/Dockerfile': 'FROM debian\n',
    'images/web/run.sh': '#!/bin/sh\n',
    'images/link': '-> web',
    '.gitattributes': 'images/web/run.sh export-ignore\n*.txt eol=crlf\n',
    'images/web/a.txt': 'a\n',
    other: 'x',
  })
  chmodSync(join(origin.folder, 'images/web/run.sh'), 0o755)
  const before = origin.commit({})
  origin.commit({ 'images/web/Dockerfile': 'FROM debian:12\n', 'images/web/run.sh': null })

  it('writes a folder as it was, and touches nothing of the checkout', async () => {
    const { directory: folder, incomplete } = await repositoryAt(origin.folder).checkOut(before, 'images')
    expect(incomplete).toEqual([])
    expect(readdirSync(folder)).toEqual(['images'])
    expect(readFileSync(join(folder, 'images/web/Dockerfile'), 'utf8')).toBe('FROM debian\n')
    expect(readFileSync(join(folder, 'images/web/a.txt'), 'utf8')).toBe('a\r\n')
    expect(lstatSync(join(folder, 'images/web/run.sh')).mode & 0o111).toBe(0o111)
    expect(readlinkSync(join(folder, 'images/link'))).toBe('web')
    expect(git(origin.folder, 'status', '--porcelain')).toBe('')
    expect(readFileSync(join(origin.folder, 'images/web/Dockerfile'), 'utf8')).toBe('FROM debian:12\n')
  })

  it('writes all of it for the top folder, and nothing for one that was not there', async () => {
    const repository = repositoryAt(origin.folder)
    const all = await repository.checkOut(before, '')
    expect(readdirSync(all.directory).sort()).toEqual(['.gitattributes', 'images', 'other'])
    expect(readdirSync((await repository.checkOut(before, 'nowhere')).directory)).toEqual([])
  })

  it('works in a workspace that is a folder of the repository', async () => {
    const nested = new Origin({
      'sub/images/web/Dockerfile': 'FROM a\n',
      'sub/policy.yml': 'x\n',
      'images/web/Dockerfile': 'FROM no\n',
    })
    const commit = git(nested.folder, 'rev-parse', 'HEAD')
    nested.commit({ 'sub/images/web/Dockerfile': 'FROM b\n', 'images/web/Dockerfile': 'FROM c\n' })
    const repository = repositoryAt(join(nested.folder, 'sub'))
    expect(await repository.changesSince(commit, 'images')).toEqual([
      { path: 'images/web/Dockerfile', status: 'modified' },
    ])
    expect(await repository.readText(commit, 'policy.yml')).toBe('x\n')
    const { directory: folder } = await repository.checkOut(commit, 'images')
    expect(readFileSync(join(folder, 'images/web/Dockerfile'), 'utf8')).toBe('FROM a\n')
  })
})
