/** Which commits a change is judged by, and that its author does not choose them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { git, headerOf, Origin, withGitServer } from '../git.js'
import { removeTemporaryFolders, temporaryFolder } from '../testbed.js'
import { files, repositoryAt } from './git-repository.js'

afterAll(removeTemporaryFolders)

describe('the commit where a branch began', () => {
  function branched(): { origin: Origin; start: string; tip: string } {
    const origin = new Origin(files)
    const start = origin.commit({ x: '1' })
    origin.branch('feature', { 'images/web/Dockerfile': 'FROM bad\n' })
    const tip = origin.branch('feature', { y: '2' }, 'feature')
    origin.commit({ z: '3' })
    origin.commit({ z: '4' })
    return { origin, start, tip }
  }
  const hint = { kind: 'merge-base', branch: 'main' } as const

  it('is found in a checkout of one commit, which stays one', async () => {
    const { origin, start, tip } = branched()
    const workspace = origin.checkOut(tip)
    const repository = repositoryAt(workspace)
    expect(await repository.resolveBase(hint)).toBe(start)
    expect(await repository.changesSince(start, 'images')).toEqual([
      { path: 'images/web/Dockerfile', status: 'modified' },
      { path: 'y', status: 'added' },
    ])
    expect(git(workspace, 'rev-list', '--count', 'HEAD')).toBe('1')
  })

  it('is found in a whole clone, which stays whole', async () => {
    const { origin, start } = branched()
    const workspace = temporaryFolder()
    git(workspace, 'clone', '--quiet', '--branch', 'feature', `file://${origin.folder}`, '.')
    origin.commit({ later: 'x' })
    expect(await repositoryAt(workspace).resolveBase(hint)).toBe(start)
    expect(git(workspace, 'rev-parse', '--is-shallow-repository')).toBe('false')
  })

  it('is found with the token where the checkout left no credentials', async () => {
    const { origin, start, tip } = branched()
    await withGitServer(origin, 'ghs_secret', async url => {
      const workspace = origin.checkOut(tip, `${url}/repo`)
      expect(await repositoryAt(workspace, { token: 'ghs_secret', serverUrl: url }).resolveBase(hint)).toBe(start)
      git(workspace, 'config', `http.${url}/.extraheader`, headerOf('ghs_secret'))
      expect(await repositoryAt(workspace).resolveBase(hint)).toBe(start)
    })
  })

  it('is found with credentials that the checkout left in a file of its own', async () => {
    const { origin, start, tip } = branched()
    await withGitServer(origin, 'ghs_secret', async url => {
      const workspace = origin.checkOut(tip, `${url}/repo`)
      const included = join(temporaryFolder(), 'credentials.config')
      writeFileSync(included, `[http "${url}/"]\n\textraheader = ${headerOf('ghs_secret')}\n`)
      git(workspace, 'config', `includeIf.gitdir:${join(workspace, '.git')}.path`, included)
      expect(await repositoryAt(workspace).resolveBase(hint)).toBe(start)
    })
  })

  it('is an error where there is none', async () => {
    const { origin } = branched()
    git(origin.folder, 'checkout', '--quiet', '--orphan', 'alone')
    const tip = origin.commit({ x: 'alone' })
    git(origin.folder, 'checkout', '--quiet', 'main')
    await expect(repositoryAt(origin.checkOut(tip)).resolveBase(hint)).rejects.toThrow(/have no commit in common/)
  })

  it('is that of the branch, also beside a tag or a branch with a misleading name', async () => {
    const { origin, start, tip } = branched()
    git(origin.folder, 'tag', 'main', tip)
    git(origin.folder, 'branch', 'refs/heads/main', tip)
    git(origin.folder, 'branch', 'origin/main', tip)
    const repository = repositoryAt(origin.checkOut(tip))
    expect(await repository.resolveBase(hint)).toBe(start)
    expect(await repository.resolveBase({ kind: 'branch', name: 'main' })).toBe(
      git(origin.folder, 'rev-parse', 'refs/heads/main'),
    )
  })
})

describe('a fork as the origin of the checkout', () => {
  it.each(['branch', 'merge-base'] as const)('has no say: %s', async kind => {
    const origin = new Origin({ ...files, policy: 'strict' })
    const main = git(origin.folder, 'rev-parse', 'main')
    // The author's own main, which the pull request comes from.
    const head = origin.fork(7, { policy: 'lenient', 'images/web/Dockerfile': 'FROM bad\n' })
    const fork = temporaryFolder()
    git(fork, 'clone', '--quiet', origin.folder, '.')
    git(fork, 'fetch', '--quiet', 'origin', 'refs/pull/7/head')
    git(fork, 'reset', '--quiet', '--hard', head)
    const hint = kind === 'branch' ? ({ kind, name: 'main' } as const) : ({ kind, branch: 'main' } as const)
    await withGitServer(origin, 'ghs_secret', async serverUrl => {
      const workspace = temporaryFolder()
      git(workspace, 'clone', '--quiet', '--depth=1', `file://${fork}`, '.')
      const own = { token: 'ghs_secret', serverUrl, repository: 'repo' }
      const judge = async (): Promise<unknown> => {
        const repository = repositoryAt(workspace, own)
        const base = await repository.resolveBase(hint)
        return [base, await repository.readText(base, 'policy')]
      }
      // The control: on another server it can be a mirror of the repository.
      expect(await judge()).toEqual([head, 'lenient'])
      git(workspace, 'config', 'remote.origin.url', `${serverUrl}/fork`)
      expect(await judge()).toEqual([main, 'strict'])
    })
  })
})

describe('GitRepository.isMerged', () => {
  const origin = new Origin(files)
  const start = git(origin.folder, 'rev-parse', 'HEAD')
  const tip = origin.commit({ x: '1' })
  const other = origin.branch('feature', { x: '2' })
  const later = origin.commit({ x: '3' })

  it.each([
    ['the commit that is named', tip, true],
    ['an earlier one', start, true],
    ['a later one', later, true],
    ['one of another branch', other, false],
  ])('tells whether the branch has what is checked out: %s', async (_, commit, expected) => {
    expect(await repositoryAt(origin.checkOut(commit)).isMerged(tip, 'main')).toBe(expected)
  })

  it('asks the server only where it must, and takes no answer for no', async () => {
    expect(await repositoryAt(origin.checkOut(tip, 'file:///nowhere')).isMerged(tip, 'main')).toBe(true)
    expect(await repositoryAt(origin.checkOut(start, 'file:///nowhere')).isMerged(tip, 'main')).toBe(false)
    expect(await repositoryAt(temporaryFolder()).isMerged(tip, 'main')).toBe(true)
  })
})

describe('the tip of a pull request that is a merge commit itself', () => {
  it('does not choose the base: GitHub’s merge commit does', async () => {
    const origin = new Origin({ ...files, policy: 'strict' })
    const base = git(origin.folder, 'rev-parse', 'main')
    const lenient = origin.branch('lenient', { policy: 'lenient' })
    origin.branch('feature', { 'images/web/Dockerfile': 'FROM bad\n' }, 'lenient')
    // First parent: a commit of the author's with the policy that the author would like.
    git(origin.folder, 'checkout', '--quiet', 'feature')
    git(origin.folder, 'merge', '--quiet', '--no-ff', '--strategy=ours', '--message', 'x', 'main')
    const head = git(origin.folder, 'commit-tree', 'HEAD^{tree}', '-p', lenient, '-p', base, '-m', 'x')
    git(origin.folder, 'update-ref', 'refs/heads/feature', head)
    git(origin.folder, 'checkout', '--quiet', 'main')
    const merge = origin.pullRequest(7, head)
    const repository = repositoryAt(origin.checkOut(head))
    const found = await repository.resolveBase({ kind: 'merge-commit', commit: merge, head })
    expect([found, await repository.readText(found, 'policy')]).toEqual([base, 'strict'])
    // A server that names the head itself, or GitHub where it has not made the merge commit anew.
    const later = origin.branch('feature', { x: 'x' }, 'feature')
    for (const [commit, tip] of [
      [head, head],
      [merge, later],
    ] as const)
      await expect(repository.resolveBase({ kind: 'merge-commit', commit, head: tip })).rejects.toThrow(
        `${commit.slice(0, 7)} does not merge ${tip.slice(0, 7)}, the head of the pull request`,
      )
  })
})
