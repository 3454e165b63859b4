/** What others say of our SARIF: Microsoft's validator, with its rules for GitHub's code scanning. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Log } from 'sarif'
import { renderSarif } from '../../src/report/sarif.js'
import { removeTemporaryFolders, run, temporaryFolder } from '../testbed.js'
import type { Report } from '../../src/model.js'
import { situations } from './situations.js'

afterAll(removeTemporaryFolders)

const names: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' }
const multitool = `@microsoft/sarif-multitool-${names[process.platform] ?? process.platform}`
const program = join(dirname(createRequire(import.meta.url).resolve(`${multitool}/package.json`)), 'Sarif.Multitool')

/** What the validator has against a file, as `RULE: what`. */
async function complaintsOf(text: string): Promise<string[]> {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'report.sarif'), join(folder, 'result.sarif')]
  writeFileSync(input, text)
  const kinds = ['--rule-kind', 'Sarif;Ghas', '--level', 'Error;Warning']
  await run(program, ['validate', input, '--output', output, ...kinds])
  const { runs } = JSON.parse(readFileSync(output, 'utf8')) as Log
  return runs
    .flatMap(({ results }) => results ?? [])
    .map(({ ruleId, message }) => `${ruleId ?? ''}: ${message.arguments?.join(' | ') ?? ''}`)
}

// npm does not run the script of the package that would do this.
beforeAll(() => chmodSync(program, 0o755))

describe('the SARIF report', () => {
  it.each(Object.entries(situations))('is what the specification and GitHub want: %s', async (_, report) => {
    expect(await complaintsOf([...renderSarif(report, '1.0.0')].join(''))).toEqual([])
  })

  it('would be refused without what GitHub wants', async () => {
    const log = JSON.parse([...renderSarif(situations['blocked'] as Report, '1.0.0')].join('')) as Log
    for (const result of log.runs.flatMap(({ results }) => results ?? [])) delete result.locations
    expect((await complaintsOf(JSON.stringify(log))).join()).toContain('GH1015')
  })
})
