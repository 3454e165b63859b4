/** Pull requests, merge queues and pushes on real git repositories: what a change may decide, and what it brings. */
import { git, Origin } from '../git.js'
import { findingsOf, gateMerge, gatePullRequest, reportOf, type Gated } from '../pull-request.js'
import { clean, dockerfileOf, heartbleed, imagesIn, removeTemporaryFolders, runGate } from '../testbed.js'

afterAll(removeTemporaryFolders)

const policyFile = '.github/image-gate.yml'
const inThirtyDays = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString().slice(0, 10)

/** Excepts whatever the old OpenSSL has. */
const excuse = (...ids: string[]): string =>
  `exceptions:\n${ids.map(id => `  - {id: ${id}, reason: the service is internal, expires: ${inThirtyDays}}\n`).join('')}`

/** Installs an empty package of the name, source and version of an old one. */
const installs = (name: string, source: string, version: string): string => `RUN mkdir -p /${name}/DEBIAN \\
 && printf 'Package: ${name}\\nSource: ${source}\\nVersion: ${version}\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\n' > /${name}/DEBIAN/control \\
 && dpkg-deb --build /${name} /${name}.deb \\
 && dpkg --install /${name}.deb
`

describe('a policy of the base branch', () => {
  it('blocks a pull request that excuses its own vulnerability, and tells what the merge would do', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const gated = await gatePullRequest(origin, {
      [dockerfileOf('web')]: heartbleed,
      [policyFile]: `severity: [CRITICAL]\n${excuse('CVE-2014-0160')}`,
    })
    expect(gated.outputs['result']).toBe('blocked')
    expect(gated.exitCode).toBe(1)
    expect(gated.summary.split('\n').slice(0, 4).join('\n')).toContain('It is judged by the policy of the base branch')
    expect(gated.summary).toContain('**After the merge**')
    expect(gated.summary).toMatch(/no longer blocked: CVE-2014-0160 in libssl1\.0\.0/)
    expect(reportOf(gated).policyEffects).toMatchObject([{ image: 'web', before: 'vulnerable' }])
    expect(gated.log).toContain('.github/image-gate.yml')
  })

  it('lets pass what it excepts, with the reason in every report, and what it merged holds for the next change', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed })
    const ids = findingsOf(await gatePullRequest(origin, { 'README.md': 'x' }), 'gating').map(({ id }) => id)
    expect(ids).toContain('CVE-2014-0160')
    origin.commit({ [policyFile]: excuse(...new Set(ids), 'CVE-1999-1') })
    const gated = await gatePullRequest(origin, { 'README.md': 'y' })
    expect(gated.outputs['result']).toBe('passed')
    expect(findingsOf(gated, 'excepted')).toHaveLength(ids.length)
    expect(findingsOf(gated, 'excepted')[0]?.exception?.reason).toBe('the service is internal')
    expect(gated.summary).toContain(`${String(ids.length)} findings excepted`)
    expect(gated.summary).toContain('the service is internal')
    expect(gated.summary).toMatch(/Exceptions that nothing needs[^]*CVE-1999-1/)
    expect(gated.log).toContain('the service is internal')
    expect(reportOf(gated)).not.toHaveProperty('policyEffects')
  })

  it('is that of the tip of the base, not of the commit that the pull request was opened on', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed, [policyFile]: 'severity: [LOW]\n' })
    const head = origin.branch('feature', { 'README.md': 'x' })
    const base = origin.commit({ [policyFile]: 'severity: [HIGH]\n' })
    const gated = await gateMerge(origin, origin.pullRequest(7, head), head)
    expect(gated.outputs['result']).toBe('blocked')
    expect(reportOf(gated).change?.base).toBe(base)
  })

  it('also decides in a merge queue', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const base = git(origin.folder, 'rev-parse', 'main')
    const head = origin.branch('feature', { [dockerfileOf('web')]: heartbleed, [policyFile]: 'severity: [LOW]\n' })
    git(origin.folder, 'update-ref', `refs/heads/gh-readonly-queue/main/pr-7-${base}`, origin.pullRequest(7, head))
    const queued = git(origin.folder, 'rev-parse', `refs/heads/gh-readonly-queue/main/pr-7-${base}`)
    const event = {
      action: 'checks_requested',
      merge_group: { head_sha: queued, base_sha: base, base_ref: 'refs/heads/main' },
    }
    const gated = await runGate(
      origin.checkOut(queued),
      {},
      { GITHUB_SHA: queued },
      { eventName: 'merge_group', event },
    )
    expect(gated.outputs['result']).toBe('blocked')
    expect(reportOf(gated).change?.base).toBe(base)
  })

  it('also decides about a pull request from a fork', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean, [policyFile]: 'severity: [CRITICAL, HIGH]\n' })
    const head = origin.fork(7, { [dockerfileOf('web')]: heartbleed, [policyFile]: excuse('CVE-2014-0160') })
    const gated = await gateMerge(origin, origin.pullRequest(7, head), head)
    expect(gated.outputs['result']).toBe('blocked')
    expect(findingsOf(gated, 'gating').map(({ id }) => id)).toContain('CVE-2014-0160')
    expect(reportOf(gated).policyEffects).toHaveLength(1)
  })

  it('is that of the base which the merge commit was made with, though the base was force-pushed since', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed, [policyFile]: 'severity: [HIGH]\n' })
    const base = git(origin.folder, 'rev-parse', 'main')
    const head = origin.branch('feature', { 'README.md': 'x' })
    const merge = origin.pullRequest(7, head)
    origin.rewrite({ [policyFile]: 'severity: [LOW]\n' })
    const gated = await gateMerge(origin, merge, head)
    expect(gated.outputs['result']).toBe('blocked')
    expect(reportOf(gated).change?.base).toBe(base)
  })

  it('warns in the first lines of a change to the workflow that runs the gate', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const gated = await gatePullRequest(origin, { '.github/workflows/images.yml': 'on: push\n' })
    expect(gated.outputs['result']).toBe('passed')
    expect(gated.summary.split('\n')[3]).toContain('This change edits the workflow that runs this gate')
    expect(gated.log).toMatch(/::warning.*This change edits the workflow/)
  })

  it('must be readable: without it the gate decides nothing', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const head = origin.branch('feature', { 'README.md': 'x' })
    const merge = origin.pullRequest(7, head)
    const workspace = origin.checkOut(merge, 'file:///nowhere')
    const gated = await runGate(
      workspace,
      { 'warn-only': 'true' },
      { GITHUB_SHA: merge },
      { eventName: 'pull_request', event: {} },
    )
    expect(gated.outputs['result']).toBe('error')
    expect(gated.summary).toContain('git could not fetch')
  })

  it('that is broken can be mended: until then the defaults decide', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean, [policyFile]: 'severty: []\n' })
    const still = await gatePullRequest(origin, { 'README.md': 'x' })
    expect(still.outputs['result']).toBe('error')
    expect(still.log).toContain(`${policyFile}:1:1: 'severty' is not known here. Did you mean 'severity'?`)
    const mended = await gatePullRequest(origin, { [policyFile]: 'severity: [HIGH]\n' })
    expect(mended.outputs['result']).toBe('passed')
    expect(mended.summary).toContain('The policy of the base branch cannot be read, so the defaults decide')
  })

  it('is refused when the change breaks it, with every mistake and its place', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const gated = await gatePullRequest(
      origin,
      {
        [policyFile]: 'exceptions:\n  - id: CVE-1\n    expires: 2026-02-30\nimages:\n  wbe: {severity: [HIHG]}\n',
      },
      { 'warn-only': 'true' },
    )
    expect(gated.exitCode).toBe(1)
    expect(gated.outputs['result']).toBe('error')
    expect(gated.summary).toContain(`${policyFile}:2:5: 'reason' is missing`)
    expect(gated.summary).toContain(`${policyFile}:5:`)
    const idle = await gatePullRequest(origin, { [policyFile]: 'images:\n  wbe: {lock-files: true}\n' })
    expect(idle.outputs['result']).toBe('error')
    expect(idle.summary).toContain(`${policyFile}:2: 'wbe' matches no image`)
  })
})

describe('gate-on: introduced', () => {
  const inputs = { 'gate-on': 'introduced' }

  it('blocks on exactly the package that a pull request adds to an image that was vulnerable before', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed, [dockerfileOf('old')]: heartbleed })
    const gated = await gatePullRequest(
      origin,
      { [dockerfileOf('web')]: heartbleed + installs('bash', 'bash', '4.3-9') },
      inputs,
    )
    const gating = findingsOf(gated, 'gating')
    expect(gated.outputs['result']).toBe('blocked')
    expect(gating.length).toBeGreaterThan(0)
    expect(new Set(gating.map(finding => finding.package?.name))).toEqual(new Set(['bash']))
    expect(gated.outputs['introduced-count']).toBe(String(gating.length))
    expect(findingsOf(gated, 'existing').map(({ id }) => id)).toContain('CVE-2014-0160')
    expect(imagesIn(gated.outputs)).toEqual(['old: clean', 'web: vulnerable'])
    expect(reportOf(gated).images.map(({ comparison }) => comparison)).toEqual([
      { status: 'unchanged' },
      { status: 'compared' },
    ])
  })

  it('passes a pull request that mends something, and names images that are new, gone or moved', async () => {
    const origin = new Origin({
      [dockerfileOf('web')]: heartbleed,
      [dockerfileOf('gone')]: clean,
      [dockerfileOf('site')]: 'FROM debian:bookworm\nRUN echo site > /site\n',
    })
    const gated = await gatePullRequest(
      origin,
      {
        [dockerfileOf('web')]: clean,
        [dockerfileOf('gone')]: null,
        [dockerfileOf('site')]: null,
        [dockerfileOf('page')]: 'FROM debian:bookworm\nRUN echo site > /site\n',
        [dockerfileOf('new')]: heartbleed,
      },
      inputs,
    )
    expect(imagesIn(gated.outputs)).toEqual(['new: vulnerable', 'page: clean', 'web: clean'])
    expect(reportOf(gated).change).toMatchObject({ deleted: ['gone'], renamed: [{ from: 'site', to: 'page' }] })
    expect(gated.summary).toContain('- `site` is now `page`')
  })

  it('counts everything when what was before does not build, and says why', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: 'FROM debian:bookworm\nRUN exit 3\n' })
    const gated = await gatePullRequest(origin, { [dockerfileOf('web')]: heartbleed }, inputs)
    expect(gated.outputs['result']).toBe('blocked')
    expect(gated.summary).toMatch(/all counts: no comparison: the build failed/)
  })

  it('compares a push with the commit before it, and means all where there is none', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed })
    const before = git(origin.folder, 'rev-parse', 'main')
    const after = origin.commit({ 'README.md': 'x' })
    const push = (commit: string): Promise<Gated> =>
      runGate(origin.checkOut(after), inputs, { GITHUB_SHA: after }, { eventName: 'push', event: { before: commit } })
    expect((await push(before)).outputs['result']).toBe('passed')
    const first = await push('0'.repeat(40))
    expect(first.outputs['result']).toBe('blocked')
    expect(first.summary).toContain(
      'Gate-on: introduced means all: on the event push there is nothing to compare with.',
    )
    const lost = await push('a'.repeat(40))
    expect(lost.outputs['result']).toBe('blocked')
    expect(lost.summary).toContain('Everything counts as introduced: git could not fetch')
  })
})

describe('only-changed', () => {
  const inputs = { 'only-changed': 'true' }

  it('passes a pull request that touches no image, without an engine and a scanner', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: heartbleed })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' }, { ...inputs, 'trivy-path': '/nowhere' })
    expect(gated.outputs['result']).toBe('passed')
    expect(imagesIn(gated.outputs)).toEqual(['web: skipped'])
  })

  it('gates the image that is touched, and all of them when the policy is', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean, [dockerfileOf('api')]: clean })
    const one = await gatePullRequest(origin, { [dockerfileOf('web')]: `${clean}RUN true\n` }, inputs)
    expect(imagesIn(one.outputs)).toEqual(['api: skipped', 'web: clean'])
    const all = await gatePullRequest(origin, { [policyFile]: 'lock-files: true\n' }, inputs)
    expect(imagesIn(all.outputs)).toEqual(['api: clean', 'web: clean'])
  })
})

describe('what a change may not decide about itself', () => {
  const dockerfile = `FROM debian:bookworm
COPY channel /channel
RUN if [ "$(cat /channel)" != stable ]; then ${installs('libssl1.0.0', 'openssl', '1.0.1e-2').replace('RUN ', '').trim()}; fi
`

  it('is how the files before it look', async () => {
    const context = (file: string): string => dockerfileOf('web').replace('Dockerfile', file)
    const origin = new Origin({ [dockerfileOf('web')]: dockerfile, [context('channel')]: 'stable\n' })
    const gated = await gatePullRequest(
      origin,
      { [context('channel')]: 'edge\n', [context('.gitattributes')]: 'channel text eol=crlf\n' },
      { 'gate-on': 'introduced' },
    )
    expect(gated.outputs['result']).toBe('blocked')
    expect(findingsOf(gated, 'gating').map(({ id }) => id)).toContain('CVE-2014-0160')
    expect(findingsOf(gated, 'existing').map(({ id }) => id)).not.toContain('CVE-2014-0160')
  })

  it('is its policy, when somebody reviews it', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const head = origin.branch('feature', { [dockerfileOf('web')]: heartbleed, [policyFile]: 'severity: [UNKNOWN]\n' })
    const merge = origin.pullRequest(7, head)
    const event = { pull_request: { number: 7, head: { sha: head }, base: { ref: 'main' } } }
    const options = { eventName: 'pull_request_review', event }
    const gated = await runGate(origin.checkOut(merge), {}, { GITHUB_SHA: merge }, options)
    expect(gated.outputs['result']).toBe('blocked')
  })

  it('does not pass on a second push to its branch, nor by the policy of that branch', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const before = origin.branch('feature', { [dockerfileOf('web')]: heartbleed })
    const sha = origin.branch('feature', { 'README.md': 'x', [policyFile]: 'severity: [UNKNOWN]\n' }, 'feature')
    const options = { eventName: 'push', event: { before, repository: { default_branch: 'main' } } }
    const env = { GITHUB_SHA: sha, GITHUB_REF: 'refs/heads/feature' }
    const gated = await runGate(origin.checkOut(sha), { 'gate-on': 'introduced', 'only-changed': 'true' }, env, options)
    expect(gated.outputs['result']).toBe('blocked')
    expect(imagesIn(gated.outputs)).toEqual(['web: vulnerable'])
    expect(gated.summary).toContain('It is judged by the policy of the default branch')
  })

  it('is which commit is gated: a checkout of the base is an error', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const base = origin.commit({})
    const head = origin.branch('feature', { [dockerfileOf('web')]: heartbleed })
    const merge = origin.pullRequest(7, head)
    const event = { pull_request: { number: 7, head: { sha: head }, base: { ref: 'main' } } }
    const gated = await runGate(origin.checkOut(base), {}, { GITHUB_SHA: merge }, { eventName: 'pull_request', event })
    expect(gated.outputs['result']).toBe('error')
    expect(gated.log).toContain('is not the change that the event pull_request is about')
  })

  it('is whether its own files count as touched: attributes at the top change them too', async () => {
    const channel = dockerfileOf('web').replace('Dockerfile', 'channel')
    const origin = new Origin({ [dockerfileOf('web')]: dockerfile, [channel]: 'stable\n' })
    const gated = await gatePullRequest(
      origin,
      { '.gitattributes': '**/channel text eol=crlf\n' },
      { 'gate-on': 'introduced', 'only-changed': 'true' },
    )
    expect(gated.outputs['result']).toBe('blocked')
    expect(reportOf(gated).images.map(({ comparison }) => comparison)).toEqual([{ status: 'compared' }])
  })

  it('is its policy, where an event about the default branch checks it out', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const main = git(origin.folder, 'rev-parse', 'main')
    const head = origin.branch('feature', { [dockerfileOf('web')]: heartbleed, [policyFile]: 'severity: [UNKNOWN]\n' })
    const event = { repository: { default_branch: 'main' }, client_payload: { ref: head } }
    const env = { GITHUB_SHA: main, GITHUB_REF: 'refs/heads/main' }
    const gated = await runGate(origin.checkOut(head), {}, env, { eventName: 'repository_dispatch', event })
    expect(gated.outputs['result']).toBe('blocked')
    expect(gated.summary).toContain('It is judged by the policy of the default branch')
  })
})
