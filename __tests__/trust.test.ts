import { ConfigurationError } from '../src/errors.js'
import type { RunContext } from '../src/model.js'
import { admitHead, strangersCode } from '../src/trust.js'
import { run } from './gate.js'

const contextOf = (more: Partial<RunContext>): RunContext => ({
  workspace: '/repo',
  processors: 2,
  repository: 'o/r',
  ...more,
})

describe('strangersCode', () => {
  it.each<[string, string | undefined, boolean]>([
    ['pull_request', 'a/fork', false],
    ['pull_request', 'unknown', false],
    ['pull_request_target', 'a/fork', true],
    ['pull_request_target', 'o/r-of-others', true],
    ['pull_request_target', 'unknown', true],
    ['pull_request_target', 'o/r', false],
    ['pull_request_target', 'O/R', false],
    ['workflow_run', 'a/fork', true],
    ['workflow_run', 'unknown', true],
    ['workflow_run', 'o/r', false],
    ['issue_comment', 'unknown', true],
    ['issue_comment', undefined, false],
    ['push', undefined, false],
    ['merge_group', undefined, false],
    ['schedule', undefined, false],
  ])('on %s with a head of %s: %s', (event, headRepository, strangers) => {
    const context = contextOf({ event, ...(headRepository === undefined ? {} : { headRepository }) })
    expect(strangersCode(context) !== undefined).toBe(strangers)
  })

  it('is none on the command line', () => {
    expect(strangersCode({ workspace: '/repo', processors: 2 })).toBeUndefined()
  })

  it('is suspected where nobody knows whose repository this is', () => {
    const context = { workspace: '/repo', processors: 2, event: 'workflow_run', headRepository: 'o/r' }
    expect(strangersCode(context)).toBe(
      'the event workflow_run builds code of o/r with the rights, secrets and caches of this repository',
    )
  })
})

describe('admitHead', () => {
  const foreign = contextOf({ event: 'pull_request_target', headRepository: 'a/fork' })

  it('refuses strangers, with the reason and what to do', () => {
    const refused = (): unknown => admitHead(foreign, false)
    expect(refused).toThrow(ConfigurationError)
    expect(refused).toThrow('builds code of a/fork with the rights, secrets and caches of o/r')
    expect(() => admitHead(contextOf({ event: 'issue_comment', headRepository: 'unknown' }), false)).toThrow(
      'the event issue_comment builds code of a repository that it does not name',
    )
  })

  it('gives the reason to whoever allowed it', () => {
    expect(admitHead(foreign, true)).toContain('a/fork')
    expect(admitHead(contextOf({ event: 'pull_request', headRepository: 'a/fork' }), true)).toBeUndefined()
  })
})

describe('the gate', () => {
  const foreign = { event: 'workflow_run', repository: 'o/r', headRepository: 'a/fork' }

  it('reads and builds nothing of strangers', async () => {
    const { report, engine, console } = await run(
      ports => {
        Object.assign(ports, { files: undefined })
      },
      {},
      foreign,
    )
    expect(report.verdict).toMatchObject({
      result: 'error',
      problem: { kind: 'configuration', advice: expect.stringContaining('Use the event pull_request') as string },
    })
    expect(engine.built).toEqual([])
    expect(console.lines.filter(line => !line.startsWith('debug: '))).toEqual([
      'warning: The broken outlet could not be written: refused',
    ])
  })

  it('says in the report whose code it built, where that is allowed', async () => {
    const { report } = await run(undefined, { 'allow-untrusted-head': 'true' }, foreign)
    expect(report.verdict.result).toBe('blocked')
    expect(report.warnings[0]).toMatch(/^As allow-untrusted-head asks, the event workflow_run builds code of a\/fork/)
  })
})
