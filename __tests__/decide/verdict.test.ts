import { decide, decideProblem } from '../../src/decide/verdict.js'
import type { Comparison, Finding, Rules, Verdict, Vulnerability } from '../../src/model.js'
import {
  aFinding,
  anException,
  anImage,
  aScan,
  built,
  notBuilt,
  notScanned,
  scanned,
  someDigests,
  someGrounds,
} from '../builders.js'
import { api, decideChange, decideWeb, measuredOf, unfixed, web } from './verdicts.js'

const rulingsOf = ({ images }: Verdict): string[] =>
  images[0]?.findings.map(({ id, ruling }) => `${id} ${ruling}`) ?? []

describe('decide', () => {
  it('passes when every image is clean', () => {
    expect(decideWeb([])).toMatchObject({ result: 'passed', images: [{ state: 'clean' }] })
  })

  it('blocks on a fixed finding of a severity that counts', () => {
    const verdict = decideWeb([aFinding()])
    expect(verdict).toMatchObject({ result: 'blocked', counts: { HIGH: 1 } })
    expect(verdict.images[0]).toMatchObject({
      state: 'vulnerable',
      counts: { HIGH: 1 },
      imageId: 'sha256:1',
      packages: 90,
    })
  })

  it.each([
    ['below the threshold', aFinding({ severity: 'LOW' }), {}, 'below-threshold', 'passed'],
    ['UNKNOWN, unless it is asked for', aFinding({ severity: 'UNKNOWN' }), {}, 'below-threshold', 'passed'],
    [
      'UNKNOWN, where it is asked for',
      aFinding({ severity: 'UNKNOWN' }),
      { severity: ['UNKNOWN'] },
      'gating',
      'blocked',
    ],
    ['without a fix', unfixed(), {}, 'unfixed', 'passed'],
    ['without a fix that has a name', { ...unfixed(), status: 'fixed' }, {}, 'gating', 'blocked'],
    ['without a fix, where that counts', unfixed(), { ignoreUnfixed: false }, 'gating', 'blocked'],
  ] as const)('judges a finding %s', (_, finding, policy, ruling, result) => {
    const verdict = decideWeb([finding], policy)
    expect(verdict.images[0]?.findings[0]?.ruling).toBe(ruling)
    expect(verdict.result).toBe(result)
  })

  it('passes with warn-only, and still says which image is vulnerable', () => {
    expect(decideWeb([aFinding()], {}, { warnOnly: true })).toMatchObject({
      result: 'passed',
      images: [{ state: 'vulnerable' }],
    })
  })

  it.each([true, false])('lets an error outrank what is vulnerable (warn-only: %s)', warnOnly => {
    const measured = measuredOf({ builds: [built(web), notBuilt(api)], scans: [scanned(web, aFinding())] })
    const verdict = decide(measured, someGrounds({}, { warnOnly }))
    expect(verdict.result).toBe('error')
    expect(verdict.images.map(({ image, state }) => [image.name, state])).toEqual([
      ['api', 'build-failed'],
      ['web', 'vulnerable'],
    ])
  })

  it('takes a failed scan for an error, never for a pass', () => {
    const verdict = decide(measuredOf({ scans: [notScanned(web)] }), someGrounds({}, { warnOnly: true }))
    expect(verdict).toMatchObject({ result: 'error', images: [{ state: 'scan-failed', scanDuration: 300 }] })
  })

  it('takes an image that was built and never scanned for an error', () => {
    const verdict = decide(measuredOf({}), someGrounds())
    expect(verdict).toMatchObject({ result: 'error', images: [{ state: 'scan-failed' }] })
  })

  it('shows what was skipped', () => {
    const verdict = decide(
      measuredOf({ scans: [scanned(web)], skipped: [{ image: api, reason: 'images' }] }),
      someGrounds(),
    )
    expect(verdict.images.map(({ state }) => state)).toEqual(['skipped', 'clean'])
    expect(verdict.result).toBe('passed')
  })

  it('leaves out an operating system that was not recognised', () => {
    const { os: _, ...scan } = { findings: [], layers: [], packages: 0, os: undefined }
    const outcome = {
      status: 'scanned',
      image: web,
      imageId: 'sha256:1',
      digests: someDigests,
      scan,
      duration: 1,
    } as const
    const verdict = decide(measuredOf({ scans: [outcome] }), someGrounds())
    expect(verdict.images[0]).not.toHaveProperty('os')
    expect(verdict.images[0]?.packages).toBe(0)
  })

  it('puts the worst first: what counts, then by severity, package, vulnerability and path', () => {
    const named = (name: string, more: Partial<Vulnerability> = {}): Finding =>
      aFinding({ ...more, package: { ...aFinding().package, name } })
    const atPath = (path: string): Finding => aFinding({ package: { ...aFinding().package, path } })
    const verdict = decideWeb([
      aFinding({ severity: 'LOW', id: 'CVE-9' }),
      unfixed({ severity: 'CRITICAL', id: 'CVE-8' }),
      named('zlib'),
      atPath('b'),
      atPath('a'),
      named('apt', { id: 'CVE-3' }),
      named('apt', { id: 'CVE-2' }),
      aFinding({ severity: 'CRITICAL', id: 'CVE-1' }),
    ])
    const order = verdict.images[0]?.findings.map(finding => {
      if (finding.kind !== 'vulnerability') return finding.kind
      const { name, path } = finding.package
      return `${finding.id} ${name} ${path ?? ''}`.trim()
    })
    expect(order).toEqual([
      'CVE-1 libssl1.0.0',
      'CVE-2 apt',
      'CVE-3 apt',
      'CVE-2014-0160 libssl1.0.0 a',
      'CVE-2014-0160 libssl1.0.0 b',
      'CVE-2014-0160 zlib',
      'CVE-8 libssl1.0.0',
      'CVE-9 libssl1.0.0',
    ])
  })
})

describe('what is not a vulnerability of a package', () => {
  const misconfiguration: Finding = {
    kind: 'misconfiguration',
    id: 'DS-0002',
    severity: 'HIGH',
    message: 'no USER',
    place: { file: 'images/web/Dockerfile' },
  }
  const secret: Finding = { kind: 'secret', id: 'aws-access-key-id', severity: 'CRITICAL', path: '/app/key' }
  const locked = aFinding({ place: { file: 'images/web/Pipfile.lock', lines: { start: 3, end: 4 } } })

  it.each<[string, Finding, Partial<Rules>, string, string | undefined]>([
    ['a misconfiguration', misconfiguration, { scanners: ['vuln', 'misconfig'] }, 'gating', 'severity'],
    ['a misconfiguration that nobody asked for', misconfiguration, {}, 'reported', undefined],
    [
      'a misconfiguration of another severity',
      misconfiguration,
      { scanners: ['misconfig'], severity: ['CRITICAL'] },
      'below-threshold',
      undefined,
    ],
    ['a secret', secret, { scanners: ['secret'] }, 'gating', 'severity'],
    ['a secret that nobody asked for', secret, {}, 'reported', undefined],
    ['a vulnerability where only secrets are asked for', aFinding(), { scanners: ['secret'] }, 'reported', undefined],
    ['a vulnerability in a lock file', locked, { scanners: ['secret'] }, 'gating', 'severity'],
    ['a vulnerability in a lock file that nobody asked for', locked, { lockFiles: false }, 'reported', undefined],
  ])('judges %s', (_, finding, rules, ruling, rule) => {
    expect(decideWeb([finding], rules).images[0]?.findings[0]).toMatchObject({ ruling, ...(rule && { rule }) })
  })

  it.each([
    [false, 'reported', 'clean'],
    [true, 'gating', 'vulnerable'],
  ])('makes the end of a distribution’s life a finding of its own (gate: %s)', (gateEndOfLife, ruling, state) => {
    const scan = aScan({
      os: { family: 'debian', name: '8.11', endOfLife: true },
      layers: [{ diffId: 'sha256:base', byBuildKit: false }],
    })
    const outcome = { ...scanned(web), scan } as ReturnType<typeof scanned>
    const [image] = decide(measuredOf({ scans: [outcome] }), someGrounds({ gateEndOfLife })).images
    expect(image).toMatchObject({ state, findings: [{ id: 'end-of-life', ruling, layer: 'sha256:base' }] })
  })

  it.each([
    [false, 'reported', 'clean'],
    [true, 'gating', 'vulnerable'],
  ])('makes an image in which nothing is recognised a finding (gate: %s)', (gateUnrecognised, ruling, state) => {
    const outcome = { ...scanned(web), scan: { findings: [], layers: [], packages: 0 } } as ReturnType<typeof scanned>
    const [image] = decide(measuredOf({ scans: [outcome] }), someGrounds({ gateUnrecognised })).images
    expect(image).toMatchObject({ state, findings: [{ id: 'unrecognised', ruling }] })
  })

  it('makes it a finding that nobody looked at the packages of the distribution, whatever else there is', () => {
    const unexamined = 'Trivy does not know the vulnerabilities of fedora 42'
    const outcome = { ...scanned(web), scan: aScan({ unexamined }) } as ReturnType<typeof scanned>
    const [image] = decide(measuredOf({ scans: [outcome] }), someGrounds({ gateUnrecognised: true })).images
    expect(image).toMatchObject({ state: 'vulnerable', findings: [{ id: 'unrecognised', title: unexamined }] })
  })
})

describe('gate-on: introduced', () => {
  const old = aFinding({ id: 'CVE-1' })
  const added = aFinding({ id: 'CVE-2' })

  it('blocks on exactly what the change brings', () => {
    const verdict = decideChange([old, added], [old])
    expect(verdict.result).toBe('blocked')
    expect(rulingsOf(verdict)).toEqual(['CVE-2 gating', 'CVE-1 existing'])
    expect(verdict.images[0]?.findings.map(({ change }) => change)).toEqual(['introduced', 'existing'])
    expect(verdict.images).toHaveLength(1)
  })

  it('counts copies: two of what was one is one more, and it is the one in another version', () => {
    const other = aFinding({ id: 'CVE-1', package: { ...old.package, version: '0.9' } })
    const verdict = decideChange([other, old], [old])
    expect(verdict.images[0]?.findings).toMatchObject([
      { ruling: 'gating', package: { version: '0.9' } },
      { ruling: 'existing', package: { version: '1.0.1e-2' } },
    ])
  })

  it('takes an upgrade that does not help for what was there before', () => {
    const upgraded = aFinding({ id: 'CVE-1', package: { ...old.package, version: '1.0.1f-1' } })
    expect(rulingsOf(decideChange([upgraded], [old]))).toEqual(['CVE-1 existing'])
  })

  it('does not look at the distribution’s release in a package URL', () => {
    const at = (purl: string): Vulnerability => aFinding({ id: 'CVE-1', package: { ...old.package, purl } })
    const before = at('pkg:deb/debian/libssl1.0.0@1.0.1e-2?arch=amd64&distro=debian-12.4')
    const now = at('pkg:deb/debian/libssl1.0.0@1.0.1e-2?arch=amd64&distro=debian-12.5')
    expect(rulingsOf(decideChange([now], [before]))).toEqual(['CVE-1 existing'])
  })

  it('takes the same package in another place for a new one', () => {
    const at = (path: string): Vulnerability => aFinding({ id: 'CVE-1', package: { ...old.package, path } })
    expect(rulingsOf(decideChange([at('b/x.jar')], [at('a/x.jar')]))).toEqual(['CVE-1 gating'])
  })

  it.each<[string, Finding, Finding]>([
    [
      'a secret in another file',
      { kind: 'secret', id: 'x', severity: 'HIGH', path: '/a' },
      { kind: 'secret', id: 'x', severity: 'HIGH', path: '/b' },
    ],
    [
      'another secret in the same file',
      { kind: 'secret', id: 'x', severity: 'HIGH', path: '/a', match: 'key = "****"' },
      { kind: 'secret', id: 'x', severity: 'HIGH', path: '/a', match: 'key = "********"' },
    ],
    [
      'a secret in the configuration',
      { kind: 'secret', id: 'x', severity: 'HIGH' },
      { kind: 'secret', id: 'x', severity: 'HIGH', path: '/b' },
    ],
    [
      'a misconfiguration of another kind',
      { kind: 'misconfiguration', id: 'x', severity: 'HIGH', message: 'a', place: { file: 'Dockerfile' } },
      { kind: 'misconfiguration', id: 'x', severity: 'HIGH', message: 'b' },
    ],
  ])('takes %s for a new one, and the same for the same', (_, finding, other) => {
    const grounds = someGrounds({ gateOn: 'introduced', scanners: ['secret', 'misconfig'] })
    expect(rulingsOf(decideChange([finding], [other], grounds))).toEqual(['x gating'])
    expect(rulingsOf(decideChange([finding], [finding], grounds))).toEqual(['x existing'])
  })

  it.each<[string, Comparison, string, string]>([
    ['unchanged', { status: 'unchanged' }, 'CVE-1 existing', 'passed'],
    ['new', { status: 'new' }, 'CVE-1 gating', 'blocked'],
    ['not to be compared', { status: 'failed', reason: 'no network' }, 'CVE-1 gating', 'blocked'],
  ])('judges an image that is %s', (_, comparison, ruling, result) => {
    const measured = measuredOf({ scans: [scanned(web, old)], comparisons: new Map([['web', comparison]]) })
    const verdict = decide(measured, someGrounds({ gateOn: 'introduced' }))
    expect(rulingsOf(verdict)).toEqual([ruling])
    expect(verdict).toMatchObject({ result, images: [{ comparison }] })
  })

  it('means all where there is nothing to compare with', () => {
    const verdict = decideWeb([old], { gateOn: 'introduced' })
    expect(rulingsOf(verdict)).toEqual(['CVE-1 gating'])
    expect(verdict.images[0]).not.toHaveProperty('comparison')
  })

  it.each([
    [
      'build',
      [notBuilt(anImage('web', { revision: 'base' }), 'the build failed: no network')],
      [],
      'the build failed: no network',
    ],
    [
      'scan',
      [built(anImage('web', { revision: 'base' }))],
      [notScanned(anImage('web', { revision: 'base' }))],
      'the scan failed: killed',
    ],
    ['exist', [], [], 'it was never scanned'],
  ])('counts everything when what was before does not %s, and says why', (_, builds, scans, reason) => {
    const verdict = decide(
      {
        builds: [built(web), ...builds],
        scans: [scanned(web, old), ...scans],
        skipped: [],
        comparisons: new Map([['web', { status: 'compared' }]]),
      },
      someGrounds({ gateOn: 'introduced' }),
    )
    expect(rulingsOf(verdict)).toEqual(['CVE-1 gating'])
    expect(verdict).toMatchObject({ result: 'blocked', images: [{ comparison: { status: 'failed', reason } }] })
  })
})

describe('exceptions in a verdict', () => {
  it('let a finding pass, and stay with it', () => {
    const exception = anException()
    const verdict = decideWeb([aFinding()], {}, { exceptions: [exception] })
    expect(verdict.result).toBe('passed')
    expect(verdict.images[0]).toMatchObject({ state: 'clean', findings: [{ ruling: 'excepted', exception }] })
  })

  it('count for nothing when they have expired', () => {
    const exception = anException({ until: '2026-08-01T00:00:00.000Z' })
    const verdict = decideWeb([aFinding()], {}, { exceptions: [exception] })
    expect(verdict).toMatchObject({ result: 'blocked', exceptions: { expired: [exception], unused: [] } })
  })
})

describe('decideProblem', () => {
  it('is an error, whatever the policy', () => {
    const problem = { kind: 'tool', messages: ['no engine'], advice: 'Start it.' } as const
    expect(decideProblem(problem, true)).toMatchObject({ result: 'error', problem, images: [] })
  })
})
