/**
 * Every part of the pinned Trivy that decides what is found: a new one in a new version must get a row in
 * docs/trivy-looks-away.md before that version becomes the default.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bed, run } from './testbed.js'

/** The sources of the Trivy that the test bed has, from the module that it is built of. */
async function sources(): Promise<string> {
  const module = `github.com/aquasecurity/trivy@v${bed.trivy.version}`
  const { exitCode, stdout, stderr } = await run('go', ['mod', 'download', '-json', module], {
    cwd: 'testbed/tools/trivy',
    env: process.env,
  })
  if (exitCode !== 0) throw new Error(`go mod download ${module}: ${stderr}${stdout}`)
  return (JSON.parse(stdout) as { Dir: string }).Dir
}

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1] ?? '')

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? entry.name : []))

const filesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap(name => (/^(?!.*_test\.go$).*\.go$/.test(name) ? name.slice(0, -3) : []))

function partsOf(trivy: string): Record<string, string[]> {
  const at = (...path: string[]): string => join(trivy, 'pkg', ...path)
  const read = (...path: string[]): string => readFileSync(at(...path), 'utf8')
  // Groups of types that are switched together begin after the types themselves.
  const types = read('fanal', 'analyzer', 'const.go')
  const drivers = matches(read('detector', 'library', 'driver.go'), /^\tcase (ftypes\.[^:]+):/gm)
  return {
    analyzer: matches(types, /^\tType\w+\s+Type = "([^"]+)"/gm),
    handler: matches(read('fanal', 'types', 'handler.go'), /HandlerType = "([^"]+)"/g),
    'os detector': foldersIn(at('detector', 'ospkg')).filter(name => name !== 'testdata'),
    'library driver': drivers.flatMap(names => matches(names, /ftypes\.(\w+)/g)),
    applier: filesIn(at('fanal', 'applier')),
    walker: filesIn(at('fanal', 'walker')),
    'secret rule': matches(read('fanal', 'secret', 'builtin-allow-rules.go'), /\bID:\s+"([^"]+)"/g),
  }
}

const rows = matches(readFileSync('docs/trivy-looks-away.md', 'utf8'), /^(\| [a-z ]+ \| `[^`]+` \|.*)$/gm).map(row =>
  row.split('|').map(cell => cell.trim()),
)

describe('the parts of Trivy', () => {
  it('are those of the table, each with what the gate does about it', async () => {
    const parts = partsOf(await sources())
    for (const [kind, names] of Object.entries(parts)) {
      expect(names.length).toBeGreaterThan(0)
      const documented = rows.filter(row => row[1] === kind).map(row => (row[2] ?? '').replaceAll('`', ''))
      // A part that is new here: read what it can suppress, decide what the gate does, and write its row.
      expect({ kind, names: [...new Set(documented)].sort() }).toEqual({ kind, names: [...new Set(names)].sort() })
    }
    expect(new Set(rows.map(row => row[1]))).toEqual(new Set(Object.keys(parts)))
    expect(rows.filter(row => row[3] === '' || row[4] === '')).toEqual([])
  })

  it('skip these folders when they walk', async () => {
    const text = readFileSync(join(await sources(), 'pkg/fanal/walker/walk.go'), 'utf8')
    const list = /defaultSkipDirs = \[\]string\{([^}]*)\}/.exec(text)?.[1] ?? ''
    expect(matches(list, /"([^"]+)"/g)).toEqual(['**/.git', 'proc', 'sys', 'dev'])
  })
})
