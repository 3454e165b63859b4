/** The steps of the workflow that compares dist/, run for real on repositories of their own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FileTree, Origin } from '../git.js'
import { removeTemporaryFolders } from '../testbed.js'
import { readWorkflow, Runner } from './workflow.js'

afterAll(removeTemporaryFolders)

describe('check-dist.yml', () => {
  const workflow = readWorkflow('.github/workflows/check-dist.yml')
  // Builds as this project does: from what is installed beside it, with no trace of where it lies.
  const files = {
    'package.json': JSON.stringify({
      name: 'x',
      version: '1.0.0',
      scripts: { build: 'node build.cjs' },
    }),
    'package-lock.json': JSON.stringify({
      name: 'x',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'x', version: '1.0.0' } },
    }),
    'src.txt': 'hello\n',
    'build.cjs':
      "const fs = require('fs'); fs.mkdirSync('dist', { recursive: true }); fs.copyFileSync('src.txt', 'dist/index.js')",
    'dist/index.js': 'hello\n',
  }

  function check(tree: FileTree): { status: number | null; printed: string; folder: string } {
    const folder = new Origin(tree).checkOut('main')
    const runner = new Runner()
    const built = runner.run(workflow, 'check-dist', 'Build dist anew, elsewhere', folder)
    expect(built).toMatchObject({ status: 0 })
    expect(existsSync(join(runner.temp, 'elsewhere/dist/index.js'))).toBe(true)
    return { ...runner.run(workflow, 'check-dist', 'Compare every file with the committed one', folder), folder }
  }

  it('is content with what is built elsewhere to the same', () => {
    expect(check(files)).toMatchObject({ status: 0 })
  })

  it.each<[string, FileTree]>([
    ['is not what is built', { 'dist/index.js': 'goodbye\n' }],
    ['holds a file more', { 'dist/7.index.js': 'x\n' }],
    ['lacks a file', { 'dist/index.js': null, 'dist/other.js': 'hello\n' }],
    [
      'depends on where it is built',
      { 'build.cjs': "require('fs').mkdirSync('dist'); require('fs').writeFileSync('dist/index.js', __dirname)" },
    ],
  ])('refuses a dist that %s', (_, more) => {
    const { status, printed } = check({ ...files, ...more })
    expect(status).toBe(1)
    expect(printed).toContain('::error::dist/ is not what src/ builds to')
  })
})
