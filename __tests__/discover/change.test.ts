import {
  compareWithBase,
  describeChange,
  isProposal,
  readHistory,
  selectChanged,
  type History,
} from '../../src/discover/change.js'
import { findBaseImages } from '../../src/discover/base.js'
import { ToolError } from '../../src/errors.js'
import type { Baseline, Discovery, RunContext } from '../../src/model.js'
import type { CheckedOut, FileChange, Repository } from '../../src/ports.js'
import { anImage, MemoryFiles } from '../builders.js'

const web = anImage('web')
const api = anImage('api')
const known = (...files: FileChange[]): History => ({ status: 'known', base: 'abc', files })
const modified = (path: string): FileChange => ({ path, status: 'modified' })

const unexpected = (): never => {
  throw new Error('unexpected call')
}
const repositoryWith = (more: Partial<Repository>): Repository => ({
  resolveBase: unexpected,
  checkedOut: unexpected,
  isMerged: unexpected,
  readText: unexpected,
  changesSince: unexpected,
  checkOut: unexpected,
  ...more,
})
const contextOf = (more: Partial<RunContext>): RunContext => ({ workspace: '/repo', processors: 2, ...more })
const lost = repositoryWith({
  resolveBase: async () => Promise.reject(new ToolError('git could not fetch it', 'Fetch it.')),
})
const base = { kind: 'commit', commit: 'abc' } as const
const before: Baseline = { policy: 'checkout', base }
const proposal: Baseline = { policy: 'base', base }
const read = (context: Partial<RunContext>, repository: Repository): Promise<History> =>
  readHistory(contextOf(context), repository, 'images')

describe('readHistory', () => {
  it('asks for what is different from the commit before', async () => {
    const asked: unknown[] = []
    const changesSince = async (...args: unknown[]): Promise<FileChange[]> => {
      asked.push(args)
      return [modified('x')]
    }
    const repository = repositoryWith({ resolveBase: async () => 'abc', changesSince })
    expect(await read({ event: 'push', baseline: before }, repository)).toEqual(known(modified('x')))
    expect(asked).toEqual([['abc', 'images']])
  })

  it.each([
    [undefined, 'on the command line there is nothing to compare with'],
    ['schedule', 'on the event schedule there is nothing to compare with'],
  ])('has nothing to compare with: event %s', async (event, reason) => {
    expect(await read(event === undefined ? {} : { event }, repositoryWith({}))).toEqual({ status: 'none', reason })
  })

  it('can do without the commit before a push, but never without that before a proposal', async () => {
    expect(await read({ event: 'push', baseline: before }, lost)).toEqual({
      status: 'unreadable',
      reason: 'git could not fetch it',
    })
    await expect(read({ event: 'merge_group', baseline: proposal }, lost)).rejects.toThrow('git could not fetch it')
    await expect(read({ event: 'pull_request', baseline: { policy: 'base' } }, lost)).rejects.toThrow('names no base')
  })

  it('lets a defect through', async () => {
    const broken = repositoryWith({ resolveBase: async () => Promise.reject(new TypeError('defect')) })
    await expect(read({ event: 'push', baseline: before }, broken)).rejects.toThrow(TypeError)
  })

  const checkedOut = (commit: string, ...parents: string[]): Repository =>
    repositoryWith({
      resolveBase: async () => 'abc',
      // Also where a step before it wrote a file, so that something is different.
      changesSince: async () => [modified('x')],
      checkedOut: async () => ({ commit, parents }),
    })

  it.each(['pull_request', 'pull_request_review', 'pull_request_target', 'workflow_run', 'merge_group'])(
    'notices that %s checked out something else, for instance the base',
    async event => {
      const context = { event, baseline: { ...proposal, expected: ['merge', 'head'] } }
      for (const repository of [checkedOut('merge', 'abc', 'head'), checkedOut('head'), checkedOut('more', 'head')])
        expect(await read(context, repository)).toEqual(known(modified('x')))
      for (const repository of [checkedOut('abc', 'older'), checkedOut('other')])
        await expect(read(context, repository)).rejects.toThrow('is not the change that the event')
      const unnamed = { event, baseline: { ...proposal, expected: [''] } }
      await expect(read(unnamed, checkedOut('head'))).rejects.toThrow('is not the change that the event')
    },
  )

  it('says how to check out the change', async () => {
    const advice = (event: string): Promise<unknown> =>
      read({ event, baseline: { ...proposal, expected: ['head'] } }, checkedOut('abc')).catch((error: unknown) => error)
    expect(await advice('pull_request')).toMatchObject({ advice: expect.stringContaining('without `ref`') as string })
    expect(await advice('workflow_run')).toMatchObject({ advice: expect.stringContaining('a `ref`') as string })
  })

  it('notices that a comment on a pull request gates the default branch', async () => {
    const baseline: Baseline = {
      policy: { branch: 'main' },
      base: { kind: 'merge-base', branch: 'main' },
      differs: true,
    }
    const context = { event: 'issue_comment', baseline }
    expect(await read(context, checkedOut('head', 'abc'))).toEqual(known(modified('x')))
    await expect(read(context, checkedOut('abc'))).rejects.toThrow('is not the change that the event')
  })
})

describe('isProposal', () => {
  it.each<[Baseline['policy'] | undefined, boolean]>([
    ['base', true],
    ['checkout', false],
    [{ branch: 'main' }, false],
    [undefined, false],
  ])('%j: %s', (policy, expected) => {
    expect(isProposal(contextOf(policy === undefined ? {} : { baseline: { policy } }))).toBe(expected)
  })
})

describe('describeChange', () => {
  const describeFiles = (...files: FileChange[]): ReturnType<typeof describeChange> =>
    describeChange({
      history: known(...files),
      imagesRoot: 'images',
      images: [web, api],
      policyFiles: ['policy.yml', '.trivyignore'],
    })

  it('tells which images are gone or moved, and what of the gate is touched', () => {
    expect(
      describeFiles(
        { path: 'images/old/Dockerfile', status: 'deleted' },
        { path: 'images/old/run.sh', status: 'deleted' },
        { path: 'images/api/Dockerfile', status: 'deleted' },
        { path: 'images/web/Dockerfile', status: 'modified', from: 'images/site/Dockerfile' },
        { path: 'images/web/b', status: 'modified', from: 'images/web/a' },
        { path: 'images/deep/er/Dockerfile', status: 'deleted' },
        { path: 'elsewhere/x/Dockerfile', status: 'deleted' },
        modified('.github/workflows/images.yml'),
        modified('.github/actions/x/action.yml'),
        modified('.github/CODEOWNERS'),
        { path: 'other.yml', status: 'modified', from: 'policy.yml' },
      ),
    ).toEqual({
      base: 'abc',
      deleted: ['old'],
      renamed: [{ from: 'site', to: 'web' }],
      workflows: ['.github/actions/x/action.yml', '.github/workflows/images.yml'],
      policyFiles: ['policy.yml'],
    })
  })

  it('knows nothing without a history', () => {
    const history = { status: 'none', reason: 'x' } as const
    expect(describeChange({ history, imagesRoot: 'images', images: [web], policyFiles: [] })).toBeUndefined()
  })
})

describe('selectChanged', () => {
  const discovery: Discovery = {
    images: [web, api],
    skipped: [{ image: anImage('left'), reason: 'images' }],
    ignored: [],
  }
  const select = (history: History): string[] => {
    const change = describeChange({ history, imagesRoot: 'images', images: [web, api], policyFiles: ['policy.yml'] })
    return selectChanged(discovery, history, change, 'images').images.map(({ name }) => name)
  }

  it.each<[string, History, string[]]>([
    ['the one whose context is touched', known(modified('images/web/x')), ['web']],
    ['the one whose file moved away', known({ path: 'y', status: 'modified', from: 'images/api/x' }), ['api']],
    ['none, where another folder is touched', known(modified('images-of-cats/web/x'), modified('README.md')), []],
    ['none, where only an image that is left out is touched', known(modified('images/left/x')), []],
    ['none, where an image is gone', known({ path: 'images/old/Dockerfile', status: 'deleted' }), []],
    ['all, where the policy is touched', known(modified('policy.yml')), ['web', 'api']],
    ['all, where a workflow is touched', known(modified('.github/workflows/x.yml')), ['web', 'api']],
    ['all, where something is touched that belongs to no image', known(modified('images/common/x')), ['web', 'api']],
    ['all, where the images folder is a submodule', known(modified('images')), ['web', 'api']],
    ['all, where files above say how git writes them', known(modified('.gitattributes')), ['web', 'api']],
    ['all, where submodules may be other ones', known(modified('.gitmodules')), ['web', 'api']],
    ['all, where big files may be left out', known(modified('.lfsconfig')), ['web', 'api']],
    ['all, where files in their folder say so', known(modified('images/.gitattributes')), ['web', 'api']],
    ['one, where its own files say so', known(modified('images/web/a/.gitattributes')), ['web']],
    ['none, where those of another folder say so', known(modified('docs/.gitattributes')), []],
    ['none, for another name', known(modified('.gitattributes.md'), modified('.gitignore')), []],
    ['the one whose folder is a link now', known({ path: 'images/web', status: 'added' }), ['web']],
    ['all, where nothing is known', { status: 'unreadable', reason: 'x' }, ['web', 'api']],
  ])('gates %s', (_, history, expected) => {
    expect(select(history)).toEqual(expected)
  })

  it('never skips what is refused: what is gone may be the reason', () => {
    const images = [anImage('alias', { refusal: 'it is a link that leads nowhere' })]
    const history = known({ path: 'images/lib/Dockerfile', status: 'deleted' })
    const change = describeChange({ history, imagesRoot: 'images', images, policyFiles: [] })
    expect(selectChanged({ images, skipped: [], ignored: [] }, history, change, 'images').images).toEqual(images)
  })

  it('says why the others are skipped', () => {
    const history = known(modified('images/web/x'))
    const change = describeChange({ history, imagesRoot: 'images', images: [web, api], policyFiles: [] })
    expect(selectChanged(discovery, history, change, 'images').skipped).toEqual([
      ...discovery.skipped,
      { image: api, reason: 'only-changed' },
    ])
  })
})

describe('compareWithBase', () => {
  it('compares an image that is touched where a link of it leads', () => {
    const linked = anImage('alias', { sources: ['images/alias', 'images'] })
    expect(compareWithBase([linked], known(modified('images/shared/web/x'))).get('alias')).toEqual({
      status: 'compared',
    })
    expect(compareWithBase([linked], known(modified('README.md'))).get('alias')).toEqual({ status: 'unchanged' })
  })

  it.each(['.gitattributes', 'images/.gitattributes', 'images/api/.gitattributes', '.gitmodules', '.lfsconfig'])(
    'compares an image whose files %s makes git write in another way',
    path => {
      expect(compareWithBase([api], known(modified(path))).get('api')).toEqual({ status: 'compared' })
      const control = known(modified(`${path}.md`.replace('images/api/', 'images/web/')))
      expect(compareWithBase([api], control).get('api')).toEqual({ status: 'unchanged' })
    },
  )

  it('tells what each image is compared with', () => {
    const history = known(
      modified('images/web/x'),
      { path: 'images/new/Dockerfile', status: 'added' },
      { path: 'images/moved/Dockerfile', status: 'modified', from: 'images/old/Dockerfile' },
    )
    const images = [web, api, anImage('new'), anImage('moved')]
    expect([...compareWithBase(images, history)].map(([name, { status }]) => `${name}: ${status}`)).toEqual([
      'web: compared',
      'api: unchanged',
      'new: new',
      'moved: new',
    ])
    expect(compareWithBase([web], { status: 'none', reason: 'x' }).size).toBe(0)
    expect(compareWithBase([web], { status: 'unreadable', reason: 'x' }).get('web')).toEqual({
      status: 'failed',
      reason: 'x',
    })
  })
})

describe('findBaseImages', () => {
  const files = new MemoryFiles({
    before: { images: { web: { Dockerfile: 'FROM a\nCOPY . .\n', 'go.mod': '' }, api: { Dockerfile: 'FROM a\n' } } },
  })
  const comparisons = new Map([
    ['web', { status: 'compared' as const }],
    ['api', { status: 'unchanged' as const }],
  ])
  const request = { history: known(), comparisons, imagesRoot: 'images' }

  it('finds those that are compared, where they were written to', async () => {
    const asked: unknown[] = []
    const repository = repositoryWith({
      checkOut: async (...args) => {
        asked.push(args)
        return { directory: '/before', incomplete: [] }
      },
    })
    const found = await findBaseImages([web, api], request, { repository, files })
    expect(asked).toEqual([['abc', 'images']])
    expect(found).toMatchObject({ workspace: '/before', comparisons })
    expect(found.images.map(({ name, revision, lockFiles }) => [name, revision, lockFiles.length])).toEqual([
      ['web', 'base', 1],
    ])
  })

  it.each([
    ['images/web/vendor', 'a submodule', ['failed', 0]],
    ['images', 'a submodule', ['failed', 0]],
    ['images/api/model.bin', 'a file of Git LFS', ['compared', 1]],
  ])('does not compare an image with one that lacks %s, %s', async (path, what, expected) => {
    const checkOut = async (): Promise<CheckedOut> => ({ directory: '/before', incomplete: [{ path, what }] })
    const found = await findBaseImages([web], request, { repository: repositoryWith({ checkOut }), files })
    expect([found.comparisons.get('web')?.status, found.images.length]).toEqual(expected)
    if (expected[0] === 'failed')
      expect(found.comparisons.get('web')).toEqual({
        status: 'failed',
        reason: `before the change ${path} is ${what}, whose content is not in the commit`,
      })
  })

  it('asks nobody where nothing is compared', async () => {
    const ports = { repository: repositoryWith({}), files }
    expect(await findBaseImages([api], request, ports)).toEqual({ images: [], comparisons })
    expect(await findBaseImages([web], { ...request, history: { status: 'none', reason: 'x' } }, ports)).toEqual({
      images: [],
      comparisons,
    })
  })

  it('says why what was before cannot be had', async () => {
    const repository = repositoryWith({
      checkOut: async () => Promise.reject(new ToolError('the disk is full', 'Free it.')),
    })
    const found = await findBaseImages([web], request, { repository, files })
    expect(found.images).toEqual([])
    expect(found.comparisons.get('web')).toEqual({ status: 'failed', reason: 'the disk is full' })
    const broken = repositoryWith({ checkOut: async () => Promise.reject(new TypeError('defect')) })
    await expect(findBaseImages([web], request, { repository: broken, files })).rejects.toThrow(TypeError)
  })
})
