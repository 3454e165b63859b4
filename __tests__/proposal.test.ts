import type { RunContext } from '../src/model.js'
import type { FileChange, Ports } from '../src/ports.js'
import { MemoryFiles } from './builders.js'
import { dockerfile, noHistory, repository, run } from './gate.js'

describe('gate, of a pull request', () => {
  const files = (policy: string): MemoryFiles =>
    new MemoryFiles({ repo: { ...repository.repo, '.github': { 'image-gate.yml': policy } } })
  const propose =
    (changes: readonly FileChange[], base: Record<string, string>, head = '') =>
    (ports: Ports): void => {
      Object.assign(ports, {
        files: files(head),
        repository: {
          ...noHistory,
          resolveBase: async () => 'abc',
          checkedOut: async () => ({ commit: 'def', parents: [] }),
          changesSince: async () => changes,
          readText: async (_: string, path: string) => base[path],
        },
      })
    }
  const pull: Partial<RunContext> = {
    event: 'pull_request',
    baseline: { policy: 'base', base: { kind: 'merge-commit', commit: 'def' }, expected: ['def'] },
  }
  const policy = '.github/image-gate.yml'
  const changed: FileChange = { path: policy, status: 'modified' }

  it('lets the policy of the base decide, and tells what that of the change would', async () => {
    const { report } = await run(propose([changed], { [policy]: 'severity: [CRITICAL]' }, 'severity: [LOW]'), {}, pull)
    expect(report.verdict.images[1]?.rules?.sources.severity).toMatchObject({
      from: 'policy',
      place: { file: policy },
    })
    expect(report).toMatchObject({
      verdict: { result: 'blocked' },
      policy: { revision: 'base', file: policy },
      change: { base: 'abc', policyFiles: [policy] },
      policyEffects: [{ before: 'vulnerable', after: 'clean' }, {}],
      warnings: [expect.stringContaining('It is judged by the policy of the base branch')],
    })
  })

  it('gates only what it touches, where that is asked for', async () => {
    const { report, console } = await run(
      propose([{ path: 'images/web/x', status: 'added' }], {}),
      { 'only-changed': 'true' },
      pull,
    )
    expect(report.verdict.images.map(({ state, skipped }) => [state, skipped])).toEqual([
      ['skipped', 'only-changed'],
      ['vulnerable', undefined],
    ])
    expect(console.lines).toContain('Skipped, since this change does not touch them: My App')
    expect(report).not.toHaveProperty('policyEffects')
  })

  it('passes one that touches nothing, and asks neither engine nor scanner', async () => {
    const { report, engine } = await run(propose([], {}), { 'only-changed': 'true' }, pull)
    expect(report.verdict).toMatchObject({ result: 'passed' })
    expect(engine.cleaned).toBe(0)
  })

  it('builds what was before too, where only what it brings counts', async () => {
    const { report, engine } = await run(
      ports => {
        propose([{ path: 'images/web/x', status: 'modified' }], {})(ports)
        const before = { before: { images: { web: { Dockerfile: dockerfile } } } }
        Object.assign(ports, { files: new MemoryFiles({ ...repository, ...before }) })
        ports.repository.checkOut = async () => ({ directory: '/before', incomplete: [] })
      },
      { 'gate-on': 'introduced', images: 'web' },
      pull,
    )
    expect(engine.built.map(tag => tag.replace(/^.*\//, ''))).toEqual(['web:head', 'web:base'])
    expect(report.verdict).toMatchObject({ result: 'passed' })
    expect(report.verdict.images.find(({ image }) => image.name === 'web')).toMatchObject({
      state: 'clean',
      comparison: { status: 'compared' },
    })
  })

  it('is an error where the policy names images that there are not, or leads out of the repository', async () => {
    const idle = await run(propose([changed], {}, 'images: {wbe: {lock-files: true}}'), {}, pull)
    expect(idle.report.verdict.problem?.messages).toEqual([`${policy}:1: 'wbe' matches no image`])
    const link = await run(
      ports => {
        propose([changed], {})(ports)
        const leading = { linkTo: '/secret.yml' }
        const tree = { repo: { ...repository.repo, '.github': { 'image-gate.yml': leading } }, 'secret.yml': 'x: y' }
        Object.assign(ports, { files: new MemoryFiles(tree) })
      },
      {},
      pull,
    )
    expect(link.report.verdict.problem?.messages).toEqual([`${policy} is a link, not a file`])
    const folder = await run(
      ports => {
        propose([changed], {})(ports)
        const tree = { repo: { ...repository.repo, '.github': { 'image-gate.yml': { x: '' } } } }
        Object.assign(ports, { files: new MemoryFiles(tree) })
      },
      {},
      pull,
    )
    expect(folder.report.verdict.problem?.messages[0]).toMatch(/image-gate\.yml cannot be read: EISDIR/)
  })
})
