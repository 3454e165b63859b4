/** The steps of the workflow that releases, run for real on repositories of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FileTree, git, Origin } from '../git.js'
import { removeTemporaryFolders } from '../testbed.js'
import { readWorkflow, Runner } from './workflow.js'

afterAll(removeTemporaryFolders)

describe('release.yml', () => {
  const workflow = readWorkflow('.github/workflows/release.yml')
  const changelog =
    '# Changelog\n\n## [1.2.3] - 2026-09-01\n\n### Added\n\n- This.\n\n## [1.2.2] - 2026-08-01\n\n- That.\n'
  const files = {
    'package.json': '{"version":"1.2.3","type":"module"}',
    'CHANGELOG.md': changelog,
    'scripts/release-notes.mjs': readFileSync('scripts/release-notes.mjs', 'utf8'),
  }

  function prepare(tree: FileTree = files): { origin: Origin; folder: string; runner: Runner; commit: string } {
    const origin = new Origin(tree)
    const folder = origin.checkOut('main')
    git(folder, 'fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*')
    return { origin, folder, runner: new Runner(), commit: git(folder, 'rev-parse', 'HEAD') }
  }

  describe('the guard', () => {
    const guard = (runner: Runner, folder: string, created = 'true', tag = 'v1.2.3') =>
      runner.run(workflow, 'test', 'The tag is new, on main, and names the version', folder, {
        GITHUB_REF_NAME: tag,
        CREATED: created,
      })

    it('lets a new tag on main pass', () => {
      const { runner, folder } = prepare()
      expect(guard(runner, folder)).toMatchObject({ status: 0 })
    })

    it('lets a release pass that broke off after it was made', () => {
      const { runner, folder, commit } = prepare()
      runner.released(`Notes of ${commit}`)
      expect(guard(runner, folder)).toMatchObject({ status: 0 })
    })

    it('refuses a tag that was moved', () => {
      const { runner, folder } = prepare()
      expect(guard(runner, folder, 'false')).toMatchObject({
        status: 1,
        printed: expect.stringContaining('was moved') as string,
      })
    })

    it('refuses a tag that was deleted and made again elsewhere', () => {
      const { runner, folder } = prepare()
      runner.released(`Notes of ${'0'.repeat(40)}`)
      expect(guard(runner, folder).printed).toContain('was released from another commit')
      expect(guard(runner, folder).status).toBe(1)
    })

    it('does not take silence for a release that was never made', () => {
      const { runner, folder } = prepare()
      runner.refuse('HTTP 502: Bad Gateway')
      expect(guard(runner, folder)).toMatchObject({
        status: 1,
        printed: expect.stringContaining('does not say whether v1.2.3 was released before: HTTP 502') as string,
      })
    })

    it('refuses a commit that is not on main', () => {
      const { origin, folder, runner } = prepare()
      const astray = origin.branch('astray', { 'x.txt': 'x' })
      git(folder, 'fetch', '--quiet', 'origin', astray)
      git(folder, 'checkout', '--quiet', astray)
      expect(guard(runner, folder)).toMatchObject({
        status: 1,
        printed: expect.stringContaining('is not on main') as string,
      })
    })

    it('refuses a tag that is not the version of package.json', () => {
      const { runner, folder } = prepare()
      expect(guard(runner, folder, 'true', 'v1.2.2').printed).toContain('is not the version of package.json')
    })

    it('refuses a version of which the changelog says nothing', () => {
      const { runner, folder } = prepare({ ...files, 'CHANGELOG.md': '# Changelog\n' })
      const { status, printed } = guard(runner, folder)
      expect(printed).toContain('CHANGELOG.md has no section')
      expect(status).not.toBe(0)
    })
  })

  it('hands the rights to write only to an environment, which the repository protects', () => {
    const writers = Object.entries(workflow.jobs).filter(([, { permissions = {} }]) =>
      Object.values(permissions).includes('write'),
    )
    expect(writers.map(([name, { environment }]) => [name, environment])).toEqual([['release', 'release']])
  })

  it('has a ruleset to import that lets only maintainers create, update or delete any tag of a version', () => {
    const ruleset = JSON.parse(readFileSync('.github/release-tags.json', 'utf8')) as {
      readonly rules: readonly { readonly type: string }[]
      readonly [key: string]: unknown
    }
    expect(ruleset).toMatchObject({
      target: 'tag',
      enforcement: 'active',
      conditions: { ref_name: { include: ['refs/tags/v*'], exclude: [] } },
      // GitHub's numbers for the roles "maintain" and "admin"; no app, so no workflow's token.
      bypass_actors: [
        { actor_id: 2, actor_type: 'RepositoryRole' },
        { actor_id: 5, actor_type: 'RepositoryRole' },
      ],
    })
    expect(ruleset.rules.map(({ type }) => type)).toEqual(['creation', 'update', 'deletion'])
  })

  it('has a ruleset to import that keeps the tag of a version where it is, for maintainers too', () => {
    expect(JSON.parse(readFileSync('.github/version-tags.json', 'utf8'))).toMatchObject({
      target: 'tag',
      enforcement: 'active',
      conditions: { ref_name: { include: ['refs/tags/v*.*.*'] } },
      rules: [{ type: 'update' }, { type: 'deletion' }],
      bypass_actors: [],
    })
  })

  describe('the tag', () => {
    const check = (folder: string, commit: string) =>
      new Runner().run(workflow, 'release', 'The tag still names the commit that was tested', folder, {
        GITHUB_REF_NAME: 'v1.2.3',
        GITHUB_SHA: commit,
      })

    it.each([
      ['plain', []],
      ['annotated', ['--annotate', '--message', 'x']],
    ])('passes where it is a %s one of the tested commit', (_, flags) => {
      const { origin, folder, commit } = prepare()
      git(origin.folder, 'tag', ...flags, 'v1.2.3')
      expect(check(folder, commit)).toMatchObject({ status: 0 })
    })

    it('ends the release where it was moved while the tests ran', () => {
      const { origin, folder, commit } = prepare()
      git(origin.folder, 'tag', 'v1.2.3', origin.branch('other', { 'x.txt': 'x' }))
      const { status, printed } = check(folder, commit)
      expect([status, printed]).toEqual([1, expect.stringContaining('Find out who moved the tag')])
    })

    it('ends the release where it is gone', () => {
      const { folder, commit } = prepare()
      expect(check(folder, commit)).toMatchObject({
        status: 1,
        printed: expect.stringContaining('names nothing now') as string,
      })
    })
  })

  describe('the release', () => {
    const create = (runner: Runner, folder: string, tag: string) =>
      runner.run(workflow, 'release', 'Create the release', folder, {
        GITHUB_REF_NAME: tag,
        GITHUB_SHA: git(folder, 'rev-parse', 'HEAD'),
      })

    it('has the changelog and the commit to pin in its notes', () => {
      const { runner, folder, commit } = prepare()
      expect(create(runner, folder, 'v1.2.3')).toMatchObject({ status: 0 })
      const notes = readFileSync(join(runner.temp, 'notes.md'), 'utf8')
      expect(notes).toMatch(/^### Added\n\n- This\.\n\n### To use exactly this/)
      expect(notes).toContain(`uses: image-gate/image-gate@${commit} # v1.2.3`)
      expect(runner.calls.at(-1)).toMatch(
        /^release create v1\.2\.3 --verify-tag --title v1\.2\.3 --notes-file .*notes\.md$/,
      )
    })

    it('is marked where it is a pre-release', () => {
      const { runner, folder } = prepare({ ...files, 'CHANGELOG.md': changelog.replace('1.2.3', '2.0.0-rc.1') })
      create(runner, folder, 'v2.0.0-rc.1')
      expect(runner.calls.at(-1)).toMatch(/--prerelease$/)
    })

    it('is not made twice', () => {
      const { runner, folder } = prepare()
      runner.released('there')
      expect(create(runner, folder, 'v1.2.3')).toMatchObject({ status: 0 })
      expect(runner.calls).toEqual(['release view v1.2.3'])
    })
  })

  describe('the tag of the major version', () => {
    function move(tag: string, ...tags: string[]): { calls: string[]; commit: string } {
      const { runner, folder, commit } = prepare()
      for (const name of tags) git(folder, 'tag', name)
      const { status } = runner.run(workflow, 'release', 'Move the tag of the major version', folder, {
        GITHUB_REF_NAME: tag,
        GITHUB_SHA: commit,
      })
      expect(status).toBe(0)
      return { calls: runner.calls, commit }
    }

    it('is made with the first release', () => {
      const { calls, commit } = move('v1.0.0', 'v1.0.0')
      expect(calls).toEqual([
        `api --silent --method POST repos/image-gate/image-gate/git/refs -f ref=refs/tags/v1 -f sha=${commit}`,
      ])
    })

    it('follows the newest release', () => {
      const { calls, commit } = move('v1.10.0', 'v1', 'v1.9.0', 'v1.10.0', 'v1.11.0-rc.1', 'v2.0.0')
      expect(calls).toEqual([
        `api --silent --method PATCH repos/image-gate/image-gate/git/refs/tags/v1 -f sha=${commit} -F force=true`,
      ])
    })

    it.each([
      ['an older line is mended', 'v1.9.1', ['v1', 'v1.9.1', 'v1.10.0']],
      ['it is a pre-release', 'v1.11.0-rc.1', ['v1', 'v1.10.0', 'v1.11.0-rc.1']],
    ])('stays where %s', (_, tag, tags) => {
      expect(move(tag, ...tags).calls).toEqual([])
    })
  })
})
