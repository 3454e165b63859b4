/** The steps of the workflow that proposes releases of Trivy, run for real on repositories of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FileTree, git, Origin, writeTree } from '../git.js'
import { removeTemporaryFolders } from '../testbed.js'
import { readWorkflow, Runner } from './workflow.js'

afterAll(removeTemporaryFolders)

const table = 'src/adapters/trivy-releases.json'

describe('trivy-releases.yml', () => {
  const workflow = readWorkflow('.github/workflows/trivy-releases.yml')
  const before = { [table]: '{"old":1}', 'dist/index.js': 'old\n', 'src/index.ts': 'x\n', 'action.yml': 'name: x\n' }
  const after = '{"old":1,"new":2}'
  const branch = 'automation/trivy-releases'

  describe('the table', () => {
    const script = (body: string): FileTree => ({ ...before, 'scripts/trivy-releases.mjs': body })
    const report = `import { writeFileSync } from 'node:fs'\nwriteFileSync(process.argv[3], 'report')\n`

    function ask(body: string): { runner: Runner; status: number | null } {
      const origin = new Origin(script(body))
      const runner = new Runner()
      const { status } = runner.run(workflow, 'table', 'Ask the sources', origin.checkOut('main'))
      return { runner, status }
    }

    it('is handed over where it has grown', () => {
      const { runner, status } = ask(`${report}writeFileSync('${table}', '${after}')\n`)
      expect([status, runner.outputs, runner.summary]).toEqual([0, 'changed=true\n', 'report'])
      expect(readFileSync(join(runner.temp, 'table/trivy-releases.json'), 'utf8')).toBe(after)
    })

    it('is not where nothing is new', () => {
      const { runner, status } = ask('')
      expect([status, runner.outputs, runner.summary]).toEqual([0, 'changed=false\n', ''])
    })

    it('fails the run on an alarm, and still says why', () => {
      const { runner, status } = ask(`${report}process.exitCode = 1\n`)
      expect([status, runner.outputs, runner.summary]).toEqual([1, '', 'report'])
    })
  })

  /** A patch as the job without rights makes it. */
  function patchOf(origin: Origin, files: FileTree): string {
    const folder = origin.checkOut('main')
    writeTree(folder, files)
    git(folder, 'add', '--all', '--force')
    return `${git(folder, 'diff', '--cached', '--binary')}\n`
  }

  function take(files: FileTree): {
    runner: Runner
    origin: Origin
    folder: string
    status: number | null
    printed: string
  } {
    const origin = new Origin(before)
    const folder = origin.checkOut('main')
    const runner = new Runner()
    runner.file('table/trivy-releases.json', after)
    runner.file('table/report.md', '### New in the table\n')
    runner.file('dist/dist.patch', patchOf(origin, files))
    const taken = runner.run(workflow, 'propose', 'Take the table and dist, and nothing else', folder)
    return { runner, origin, folder, ...taken }
  }

  it('takes the table and dist, new files too', () => {
    const { status, folder } = take({ 'dist/index.js': 'new\n', 'dist/7.index.js': 'chunk\n' })
    expect(status).toBe(0)
    expect(git(folder, 'diff', '--cached', '--name-only').split('\n')).toEqual([
      'dist/7.index.js',
      'dist/index.js',
      table,
    ])
    expect(readFileSync(join(folder, table), 'utf8')).toBe(after)
  })

  it('takes nothing else of the patch', () => {
    const { status, folder } = take({
      'dist/index.js': 'new\n',
      'action.yml': 'name: owned\n',
      '.github/workflows/x.yml': 'on: push\n',
      [table]: '{"owned":1}',
    })
    expect(status).toBe(0)
    expect(git(folder, 'status', '--porcelain')).toBe(`M  dist/index.js\nM  ${table}`)
    expect(readFileSync(join(folder, table), 'utf8')).toBe(after)
  })

  it.each<[string, FileTree]>([
    ['a link', { 'dist/index.js': '-> /etc/passwd' }],
    ['attributes for git', { 'dist/index.js': 'new\n', 'dist/.gitattributes': '* -diff\n' }],
    ['a folder', { 'dist/index.js': 'new\n', 'dist/more/x.js': 'x\n' }],
  ])('refuses a patch that makes %s in dist', (_, files) => {
    const { status, printed } = take(files)
    expect(status).toBe(1)
    expect(printed).toContain('::error::The patch holds something else than plain files of dist/')
  })

  it.each([
    ['moves a file away', 'rename', 'SECURITY.md', 'dist/security.txt'],
    ['moves a hidden file away', 'rename', '.npmrc', 'dist/npmrc.txt'],
    ['copies a file', 'copy', 'SECURITY.md', 'dist/security.txt'],
  ])('leaves the rest of the repository as it is when a patch %s', (_, kind, from, to) => {
    const origin = new Origin({ ...before, 'SECURITY.md': 'policy\n', '.npmrc': 'ignore-scripts=true\n' })
    const folder = origin.checkOut('main')
    const runner = new Runner()
    runner.file('table/trivy-releases.json', after)
    runner.file(
      'dist/dist.patch',
      `diff --git a/${from} b/${to}\nsimilarity index 100%\n${kind} from ${from}\n${kind} to ${to}\n`,
    )
    const { status, printed } = runner.run(workflow, 'propose', 'Take the table and dist, and nothing else', folder)
    const changed = git(folder, 'diff', '--cached', '--no-renames', '--name-only').split('\n')
    // A copy changes nothing but dist/.
    expect([status, changed.includes(from)]).toEqual(kind === 'copy' ? [0, false] : [1, true])
    if (kind === 'rename')
      expect(printed).toContain('::error::The patch holds something else than plain files of dist/')
  })

  it('takes what the job without rights has built, with files that came and went', () => {
    const build = "const fs = require('fs'); fs.rmSync('dist/old.js'); fs.copyFileSync(process.argv[2], 'dist/new.js')"
    const scripts = { build: `node build.cjs ${table}` }
    const more = { 'package.json': JSON.stringify({ scripts }), 'build.cjs': build, 'dist/old.js': 'old\n' }
    const origin = new Origin({ ...before, ...more })
    const runner = new Runner()
    runner.file('table/trivy-releases.json', after)
    expect(runner.run(workflow, 'dist', 'Build dist with the new table', origin.checkOut('main'))).toMatchObject({
      status: 0,
    })
    runner.file('dist/dist.patch', readFileSync(join(runner.temp, 'dist.patch'), 'utf8'))
    const folder = origin.checkOut('main')
    runner.run(workflow, 'propose', 'Take the table and dist, and nothing else', folder)
    expect(git(folder, 'diff', '--cached', '--no-renames', '--name-status').split('\n')).toEqual([
      'A\tdist/new.js',
      'D\tdist/old.js',
      `M\t${table}`,
    ])
  })

  describe('the pull request', () => {
    const step = 'Open the pull request, or update it'
    const tip = (origin: Origin): string => git(origin.folder, 'rev-parse', branch)

    it('is opened, from a branch with one commit of the table and dist', () => {
      const { runner, origin, folder } = take({ 'dist/index.js': 'new\n' })
      expect(runner.run(workflow, 'propose', step, folder)).toMatchObject({ status: 0 })
      expect(git(origin.folder, 'diff', '--name-only', 'main', branch).split('\n')).toEqual(['dist/index.js', table])
      expect(git(origin.folder, 'log', '--format=%an: %s', `main..${branch}`)).toBe(
        "github-actions[bot]: deps: refresh the table of Trivy's releases",
      )
      expect(runner.calls).toEqual([
        'auth setup-git',
        expect.stringMatching(/^pr list --head automation\/trivy-releases --state open/),
        expect.stringMatching(
          /^pr create --base main --head automation\/trivy-releases --title deps: .* --body-file .*body\.md$/,
        ),
      ])
      expect(readFileSync(join(runner.temp, 'body.md'), 'utf8')).toMatch(
        /^### New in the table\n\nEach value comes from/,
      )
    })

    it('is updated where it is open, and its branch is written anew', () => {
      const { runner, origin, folder } = take({ 'dist/index.js': 'new\n' })
      const stale = origin.branch(branch, { [table]: '{"stale":1}' })
      runner.open('12')
      expect(runner.run(workflow, 'propose', step, folder)).toMatchObject({ status: 0 })
      expect(tip(origin)).not.toBe(stale)
      expect(runner.calls.at(-1)).toMatch(/^api --silent --method PATCH repos\/image-gate\/image-gate\/pulls\/12 /)
      expect(runner.calls.join('\n')).not.toContain('pr create')
    })

    it('keeps its reviews where the branch has it all already', () => {
      const { runner, origin, folder } = take({ 'dist/index.js': 'new\n' })
      const same = origin.branch(branch, { [table]: after, 'dist/index.js': 'new\n' })
      runner.open('12')
      expect(runner.run(workflow, 'propose', step, folder).printed).toContain('The branch has this already.')
      expect(tip(origin)).toBe(same)
    })
  })
})
