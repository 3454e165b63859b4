import fc from 'fast-check'
import { decide, decideProblem, type Grounds, type Measurements } from '../../src/decide/verdict.js'
import {
  severities,
  type Comparison,
  type Finding,
  type JudgedFinding,
  type Rules,
  type Verdict,
  type Vulnerability,
} from '../../src/model.js'
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

const web = anImage('web')
const api = anImage('api')
const unfixed = (more: Partial<Vulnerability> = {}): Vulnerability => {
  const { fixedVersion: _, ...rest } = aFinding(more)
  return { ...rest, status: 'affected' }
}

function measuredOf(more: Partial<Measurements>): Measurements {
  return { builds: [built(web)], scans: [], skipped: [], comparisons: new Map(), ...more }
}

function decideWeb(findings: Finding[], rules: Partial<Rules> = {}, grounds: Partial<Grounds> = {}): Verdict {
  return decide(measuredOf({ scans: [scanned(web, ...findings)] }), someGrounds(rules, grounds))
}

/** The verdict where the image was compared with what it was. */
function decideChange(findings: Finding[], before: Finding[], more: Partial<Grounds> = {}): Verdict {
  const old = anImage('web', { revision: 'base' })
  return decide(
    {
      builds: [built(web), built(old)],
      scans: [scanned(web, ...findings), scanned(old, ...before)],
      skipped: [],
      comparisons: new Map([['web', { status: 'compared' }]]),
    },
    someGrounds({ gateOn: 'introduced' }, more),
  )
}

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

const anyFinding = fc
  .record({
    severity: fc.constantFrom(...severities),
    fixed: fc.boolean(),
    id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-3'),
    version: fc.constantFrom('1', '2'),
  })
  .map(({ severity, fixed, id, version }) => {
    const more = { severity, id, package: { ...aFinding().package, version } }
    return fixed ? aFinding(more) : unfixed(more)
  })
const anyFindings = fc.array(anyFinding, { maxLength: 8 })
const anyRules = fc.record({
  severity: fc.subarray([...severities], { minLength: 1 }),
  ignoreUnfixed: fc.boolean(),
  gateOn: fc.constantFrom('all' as const, 'introduced' as const),
})
const anyException = fc
  .record({
    id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-9'),
    images: fc.constantFrom([], ['web'], ['w*'], ['api']),
    packages: fc.constantFrom([], ['libssl1.0.0'], ['zlib']),
    until: fc.constantFrom('2026-08-01T00:00:00Z', '2026-08-09T00:00:00Z', '2026-12-01T00:00:00Z'),
  })
  .map(anException)
const anyExceptions = fc.array(anyException, { maxLength: 4 })

/** The verdict of an image that was compared, by any rules. */
function decideAny(
  findings: Finding[],
  before: Finding[],
  rules: Partial<Rules>,
  more: Partial<Grounds> = {},
): Verdict {
  return decideChange(findings, before, { rulesOf: someGrounds(rules).rulesOf, ...more })
}

const gatingOf = ({ images }: Verdict): string[] =>
  (images[0]?.findings ?? []).filter(({ ruling }) => ruling === 'gating').map(textOf)

/** What a finding is, without what was decided about it. */
const textOf = ({
  ruling: _ruling,
  rule: _rule,
  change: _change,
  exception: _exception,
  ...finding
}: JudgedFinding): string => JSON.stringify(finding)

/** True when each of the one is among the others, as often. */
function isWithin(some: string[], all: string[]): boolean {
  const rest = [...all]
  return some.every(item => {
    const at = rest.indexOf(item)
    if (at >= 0) rest.splice(at, 1)
    return at >= 0
  })
}

describe('any verdict', () => {
  it('does not depend on the order of findings, nor on that of images', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (findings, before, rules, exceptions) => {
        const once = decideAny(findings, before, rules, { exceptions })
        expect(decideAny(findings.toReversed(), before.toReversed(), rules, { exceptions })).toEqual(once)
      }),
    )
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (ours, others, rules) => {
        const builds = [built(api), built(web)]
        const scans = [scanned(api, ...others), scanned(web, ...ours)]
        const other = { builds: builds.toReversed(), scans: scans.toReversed() }
        expect(decide(measuredOf(other), someGrounds(rules))).toEqual(
          decide(measuredOf({ builds, scans }), someGrounds(rules)),
        )
      }),
    )
  })

  it('never blocks more for fewer severities', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (findings, before, rules) => {
        const fewer = decideAny(findings, before, { ...rules, severity: rules.severity.slice(1) })
        expect(isWithin(gatingOf(fewer), gatingOf(decideAny(findings, before, rules)))).toBe(true)
      }),
    )
  })

  it('never blocks more for one more exception', () => {
    fc.assert(
      fc.property(
        anyFindings,
        anyFindings,
        anyRules,
        anyExceptions,
        anyException,
        (findings, before, rules, some, one) => {
          const more = decideAny(findings, before, rules, { exceptions: [...some, one] })
          const fewer = decideAny(findings, before, rules, { exceptions: some })
          expect(isWithin(gatingOf(more), gatingOf(fewer))).toBe(true)
        },
      ),
    )
  })

  it('blocks on nothing that is introduced and would not block at all', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (findings, before, rules) => {
        const introduced = decideAny(findings, before, { ...rules, gateOn: 'introduced' })
        const all = decideAny(findings, before, { ...rules, gateOn: 'all' })
        expect(isWithin(gatingOf(introduced), gatingOf(all))).toBe(true)
      }),
    )
  })

  it('blocks on as many of a kind as there are more of it now', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, (findings, before) => {
        const all = { severity: [...severities], ignoreUnfixed: false, gateOn: 'introduced' as const }
        const number = (list: readonly Finding[], id: string): number =>
          list.filter(finding => finding.id === id).length
        const gating = (decideAny(findings, before, all).images[0]?.findings ?? []).filter(
          ({ ruling }) => ruling === 'gating',
        )
        for (const id of ['CVE-1', 'CVE-2', 'CVE-3']) {
          expect(number(gating, id)).toBe(Math.max(0, number(findings, id) - number(before, id)))
        }
      }),
    )
  })

  it('of an image depends on that image alone', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (ours, others, rules, exceptions) => {
        const builds = [built(api), built(web)]
        const scans = [scanned(api, ...others), scanned(web, ...ours)]
        const together = decide(measuredOf({ builds, scans }), someGrounds(rules, { exceptions }))
        const alone = decideWeb(ours, rules, { exceptions })
        expect(together.images.find(({ image }) => image === web)).toEqual(alone.images[0])
      }),
    )
  })

  it('loses no finding', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (findings, before, rules, exceptions) => {
        const shown = decideAny(findings, before, rules, { exceptions }).images[0]?.findings ?? []
        expect(shown.map(textOf).sort()).toEqual(findings.map(finding => JSON.stringify(finding)).sort())
      }),
    )
  })
})

describe('decideProblem', () => {
  it('is an error, whatever the policy', () => {
    const problem = { kind: 'tool', messages: ['no engine'], advice: 'Start it.' } as const
    expect(decideProblem(problem, true)).toMatchObject({ result: 'error', problem, images: [] })
  })
})
