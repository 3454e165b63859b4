/** What the change cannot decide about the commits that it is compared with. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { git, Origin, writeTree } from '../git.js'
import { removeTemporaryFolders, temporaryFolder } from '../testbed.js'
import { files, repositoryAt } from './git-repository.js'

afterAll(removeTemporaryFolders)

/** What git takes for a bare repository, with a program that it starts when it looks for a commit that is not there. */
const payload = (canary: string): Record<string, string> => ({
  HEAD: `${'1'.repeat(40)}\n`,
  'objects/x': '',
  'refs/x': '',
  'payload.sh': `touch ${canary}\n`,
  config: `[core]
  repositoryformatversion = 1
  bare = false
  worktree = .
[extensions]
  partialClone = origin
[remote "origin"]
  url = "ext::sh payload.sh"
  promisor = true
[protocol "ext"]
  allow = always
`,
})

describe('a folder of the pull request that looks like a repository', () => {
  it('runs nothing where git itself would take it for one', () => {
    const [folder, canary] = [temporaryFolder(), join(temporaryFolder(), 'ran')]
    writeTree(folder, payload(canary))
    spawnSync('git', ['show', 'HEAD', '--'], { cwd: folder })
    // The control: without this the test below says nothing.
    expect(existsSync(canary)).toBe(true)
  })

  it('is no repository at the top of a workspace without .git', async () => {
    const [workspace, canary] = [temporaryFolder(), join(temporaryFolder(), 'ran')]
    writeTree(workspace, payload(canary))
    const repository = repositoryAt(workspace)
    const commit = '1'.repeat(40)
    for (const asked of [
      repository.resolveBase({ kind: 'commit', commit }),
      repository.resolveBase({ kind: 'merge-base', branch: 'main' }),
      repository.checkedOut(),
      repository.readText(commit, 'x'),
      repository.changesSince(commit, ''),
      repository.checkOut(commit, ''),
    ])
      await expect(asked).rejects.toThrow(/is not a git repository.*: it has no \.git/)
    expect(existsSync(canary)).toBe(false)
  })

  it('is not taken for the repository that it lies in', async () => {
    const canary = join(temporaryFolder(), 'ran')
    const below = Object.fromEntries(Object.entries(payload(canary)).map(([path, text]) => [`sub/${path}`, text]))
    const origin = new Origin({ ...files, ...below, 'sub/images/web/Dockerfile': 'FROM a\n' })
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    origin.commit({ 'sub/images/web/Dockerfile': 'FROM b\n' })
    const repository = repositoryAt(join(origin.folder, 'sub'))
    expect(await repository.changesSince(commit, 'images')).toEqual([
      { path: 'images/web/Dockerfile', status: 'modified' },
    ])
    const { directory } = await repository.checkOut(commit, 'images')
    expect(readFileSync(join(directory, 'images/web/Dockerfile'), 'utf8')).toBe('FROM a\n')
    expect(existsSync(canary)).toBe(false)
  })
})

describe('the base', () => {
  const base = {
    'images/web/Dockerfile': 'FROM debian\n',
    'images/web/channel': 'stable $Id$\n',
    'images/web/data.txt': 'caf\u00e9\n',
  }

  it.each([
    ['in the image folder', 'images/web/.gitattributes', ''],
    ['at the top', '.gitattributes', 'images/web/'],
  ])('is written as it was, whatever attributes the change has %s', async (_, file, prefix) => {
    const origin = new Origin(base)
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    const attributes = [
      `${prefix}channel text eol=crlf ident`,
      `${prefix}data.txt text working-tree-encoding=UTF-16`,
      `${prefix}Dockerfile filter=evil`,
    ]
    origin.commit({ 'images/web/channel': 'edge\n' })
    writeTree(origin.folder, { [file]: `${attributes.join('\n')}\n` })
    git(origin.folder, 'config', 'filter.evil.smudge', 'sed s/debian/evil/')
    const { directory } = await repositoryAt(origin.folder).checkOut(commit, 'images')
    for (const [path, text] of Object.entries(base)) expect(readFileSync(join(directory, path), 'utf8')).toBe(text)
  })

  it('is written whole in a sparse checkout, and where the index hides files', async () => {
    const origin = new Origin({ ...base, 'images/api/Dockerfile': 'FROM api\n' })
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    git(origin.folder, 'sparse-checkout', 'set', 'images/web')
    const { directory } = await repositoryAt(origin.folder).checkOut(commit, 'images')
    expect(readFileSync(join(directory, 'images/api/Dockerfile'), 'utf8')).toBe('FROM api\n')
  })

  it('is what its commit says, and nothing that replaces it', async () => {
    const origin = new Origin(base)
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    const other = origin.commit({ 'images/web/Dockerfile': 'FROM evil\n', policy: 'evil' })
    git(origin.folder, 'replace', commit, other)
    const repository = repositoryAt(origin.folder)
    expect(await repository.readText(commit, 'policy')).toBeUndefined()
    const { directory } = await repository.checkOut(commit, 'images')
    expect(readFileSync(join(directory, 'images/web/Dockerfile'), 'utf8')).toBe('FROM debian\n')
  })

  it('tells what its commit does not hold and the work tree may have: submodules, and files of Git LFS', async () => {
    const pointer = (of: string): string =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${of.repeat(64)}\nsize 1\n`
    const origin = new Origin({
      ...base,
      '.gitattributes': '*.bin filter=lfs\n',
      'images/web/same.bin': pointer('a'),
      // No pointer: the filter had the content, or never got it.
      'images/web/whole.bin': 'x'.repeat(2000),
      'images/web/other.bin': pointer('b'),
      'elsewhere/x.bin': pointer('c'),
    })
    const library = git(new Origin({ x: 'x' }).folder, 'rev-parse', 'HEAD')
    git(origin.folder, 'update-index', '--add', '--cacheinfo', `160000,${library},images/web/lib`)
    git(origin.folder, 'commit', '--quiet', '--message', 'submodule')
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    // As actions/checkout writes it with `lfs: true`.
    writeTree(origin.folder, {
      'images/web/whole.bin': 'other',
      'images/web/other.bin': 'the content',
      'elsewhere/x.bin': 'the content',
    })
    expect((await repositoryAt(origin.folder).checkOut(commit, 'images')).incomplete).toEqual([
      { path: 'images/web/lib', what: 'a submodule' },
      { path: 'images/web/other.bin', what: 'a file of Git LFS' },
    ])
  })
})

describe('GitRepository.changesSince, beside the commits', () => {
  it('counts what git ignores below the images folder, and nowhere else', async () => {
    const origin = new Origin({ ...files, '.gitignore': '*.generated\nnode_modules\n' })
    const commit = git(origin.folder, 'rev-parse', 'HEAD')
    writeTree(origin.folder, {
      'images/web/Dockerfile.generated': 'x',
      'images/web/node_modules/a/index.js': 'x',
      'images/web/node_modules/b/index.js': 'x',
      'node_modules/c/index.js': 'x',
      'docs.generated': 'x',
    })
    const repository = repositoryAt(origin.folder)
    const paths = async (folder: string): Promise<string[]> =>
      (await repository.changesSince(commit, folder)).map(({ path }) => path).sort()
    expect(await paths('images')).toEqual(['images/web/Dockerfile.generated', 'images/web/node_modules'])
    expect(await paths('')).toEqual([
      'docs.generated',
      'images/web/Dockerfile.generated',
      'images/web/node_modules',
      'node_modules',
    ])
  })

  it('counts a repository in the repository, and what a submodule ignores', async () => {
    const origin = new Origin({ x: 'x' })
    const library = new Origin({ '.gitignore': 'generated\n' })
    git(
      origin.folder,
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      library.folder,
      'images/web/lib',
    )
    const commit = origin.commit({ 'images/web/Dockerfile': 'FROM debian\n' })
    const repository = repositoryAt(origin.folder)
    expect(await repository.changesSince(commit, 'images')).toEqual([])
    writeTree(origin.folder, { 'images/web/lib/generated': 'x' })
    expect(await repository.changesSince(commit, 'images')).toEqual([{ path: 'images/web/lib', status: 'modified' }])
    git(origin.folder, 'clone', '--quiet', library.folder, 'images/api')
    git(origin.folder, 'clone', '--quiet', library.folder, 'other')
    expect((await repository.changesSince(commit, 'images')).map(({ path }) => path)).toEqual([
      'images/api',
      'other',
      'images/web/lib',
    ])
  })

  it.each([
    ['.gitmodules', '[submodule "images/web/lib"]\n\tpath = images/web/lib\n\turl = x\n\tignore = all\n'],
    ['.gitattributes', '* -diff merge=ours filter=evil\n'],
  ])('does not let %s hide a change', async (file, text) => {
    const origin = new Origin(files)
    const commits = [1, 2].map(n => git(new Origin({ x: String(n) }).folder, 'rev-parse', 'HEAD'))
    const put = (commit: string | undefined): void => {
      git(origin.folder, 'update-index', '--add', '--cacheinfo', `160000,${commit ?? ''},images/web/lib`)
      git(origin.folder, 'commit', '--quiet', '--message', 'submodule')
    }
    put(commits[0])
    const before = git(origin.folder, 'rev-parse', 'HEAD')
    mkdirSync(join(origin.folder, 'images/web/lib'))
    writeTree(origin.folder, { [file]: text, 'images/web/Dockerfile': 'FROM other\n' })
    git(origin.folder, 'add', '.')
    put(commits[1])
    const changes = await repositoryAt(origin.folder).changesSince(before, 'images')
    expect(changes.map(({ path }) => path).sort()).toEqual([file, 'images/web/Dockerfile', 'images/web/lib'])
  })
})
