/** Rules that every workflow of this repository keeps, and every one that it shows to others. */
import { type Job, folders, type Step, type Workflow, workflowsIn } from './workflow.js'

const own = workflowsIn(folders.own)
const all = [...own, ...workflowsIn(folders.examples)]
const jobsOf = (workflow: Workflow): [string, Job][] => Object.entries(workflow.jobs)
const stepsOf = (workflow: Workflow): Step[] => jobsOf(workflow).flatMap(([, { steps = [] }]) => steps)
const usesOf = (workflow: Workflow): string[] => [
  ...stepsOf(workflow).flatMap(({ uses }) => uses ?? []),
  ...jobsOf(workflow).flatMap(([, { uses }]) => uses ?? []),
]

describe.each(all.map(workflow => [workflow.path, workflow] as const))('%s', (_, workflow) => {
  it('says at its top what its token may do', () => {
    expect(workflow.permissions).toBeDefined()
    expect(Object.values(workflow.permissions ?? {})).not.toContain('write-all')
  })

  it('uses actions by their commit, and says the version', () => {
    // The parser drops comments, so the lines themselves are read; they must be all that the parser sees.
    const lines = [...workflow.text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, use = '']) => use)
    expect(lines.map(line => line.replace(/ #.*$/, '')).sort()).toEqual([...usesOf(workflow)].sort())
    const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/
    // In an example the major version is shown; README.md says how to pin.
    const shown = workflow.path.startsWith(folders.examples)
      ? /^image-gate\/image-gate@v1$/
      : /^\.\/(\.github\/workflows\/[\w-]+\.yml)?$/
    expect(lines.filter(line => !pinned.test(line) && !shown.test(line))).toEqual([])
  })

  it('gives each job a limit of time', () => {
    // A job that calls another workflow cannot have one; the jobs of that workflow have.
    const endless = jobsOf(workflow).filter(
      ([, job]) => job.uses === undefined && typeof job['timeout-minutes'] !== 'number',
    )
    expect(endless.map(([name]) => name)).toEqual([])
  })

  it('leaves no token in what it checks out', () => {
    const checkouts = stepsOf(workflow).filter(({ uses = '' }) => uses.startsWith('actions/checkout@'))
    expect(checkouts.filter(step => step.with?.['persist-credentials'] !== false)).toEqual([])
  })

  it('never runs with the rights of this repository on somebody else’s code', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
  })
})

describe.each(own.map(workflow => [workflow.path, workflow] as const))('%s', (_, workflow) => {
  it('gives its token nothing, and each job only what it needs', () => {
    expect(workflow.permissions).toEqual({})
    expect(jobsOf(workflow).filter(([, { permissions }]) => permissions === undefined)).toEqual([])
  })

  it('runs no code of packages where something may be written', () => {
    for (const [, { permissions = {}, steps = [] }] of jobsOf(workflow)) {
      if (!Object.values(permissions).includes('write')) continue
      const runs = steps.map(({ run = '' }) => run).join('\n')
      expect(runs).not.toMatch(/\b(npm|npx|node_modules)\b/)
    }
  })
})

it('uses one version of each action everywhere', () => {
  const versions = new Map<string, Set<string>>()
  for (const [, action = '', version = ''] of all.flatMap(({ text }) => [
    ...text.matchAll(/uses: ([\w./-]+)@(\w.*)$/gm),
  ])) {
    versions.set(action, (versions.get(action) ?? new Set()).add(version))
  }
  expect(versions.size).toBeGreaterThan(4)
  expect([...versions].filter(([, used]) => used.size > 1)).toEqual([])
})

describe('all-checks', () => {
  const [ci] = own.filter(({ path }) => path.endsWith('/ci.yml'))
  const { 'all-checks': gate, ...others } = ci?.jobs ?? {}

  it('needs every other job, and runs whatever became of them', () => {
    expect([gate?.needs].flat().sort()).toEqual(Object.keys(others).sort())
    expect(gate?.if).toBe('always()')
  })

  it('covers the check of dist/ and the signatures of packages', () => {
    expect(others['check-dist']?.uses).toBe('./.github/workflows/check-dist.yml')
    expect(others['packages']?.steps?.map(({ run }) => run)).toContain('npm audit signatures')
  })
})
