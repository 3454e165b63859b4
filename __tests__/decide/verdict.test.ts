import fc from 'fast-check'
import { decide, decideProblem } from '../../src/decide/verdict.js'
import { severities, type Finding, type Policy, type Verdict } from '../../src/model.js'
import { aFinding, anImage, aPolicy, built, notBuilt, notScanned, scanned, someDigests } from '../builders.js'

const web = anImage('web')
const api = anImage('api')
const unfixed = (more: Partial<Finding> = {}): Finding => {
  const { fixedVersion: _, ...rest } = aFinding(more)
  return { ...rest, status: 'affected' }
}

function decideWeb(findings: Finding[], policy: Partial<Policy> = {}): Verdict {
  return decide({ builds: [built(web)], scans: [scanned(web, ...findings)], skipped: [] }, { ...aPolicy, ...policy })
}

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
    expect(decideWeb([aFinding()], { warnOnly: true })).toMatchObject({
      result: 'passed',
      images: [{ state: 'vulnerable' }],
    })
  })

  it.each([true, false])('lets an error outrank what is vulnerable (warn-only: %s)', warnOnly => {
    const measured = { builds: [built(web), notBuilt(api)], scans: [scanned(web, aFinding())], skipped: [] }
    const verdict = decide(measured, { ...aPolicy, warnOnly })
    expect(verdict.result).toBe('error')
    expect(verdict.images.map(({ image, state }) => [image.name, state])).toEqual([
      ['api', 'build-failed'],
      ['web', 'vulnerable'],
    ])
  })

  it('takes a failed scan for an error, never for a pass', () => {
    const verdict = decide(
      { builds: [built(web)], scans: [notScanned(web)], skipped: [] },
      { ...aPolicy, warnOnly: true },
    )
    expect(verdict).toMatchObject({ result: 'error', images: [{ state: 'scan-failed', scanDuration: 300 }] })
  })

  it('takes an image that was built and never scanned for an error', () => {
    const verdict = decide({ builds: [built(web)], scans: [], skipped: [] }, aPolicy)
    expect(verdict).toMatchObject({ result: 'error', images: [{ state: 'scan-failed' }] })
  })

  it('shows what was skipped', () => {
    const verdict = decide({ builds: [built(web)], scans: [scanned(web)], skipped: [api] }, aPolicy)
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
    const verdict = decide({ builds: [built(web)], scans: [outcome], skipped: [] }, aPolicy)
    expect(verdict.images[0]).not.toHaveProperty('os')
    expect(verdict.images[0]?.packages).toBe(0)
  })

  it('puts the worst first: what counts, then by severity, package, vulnerability and path', () => {
    const named = (name: string, more: Partial<Finding> = {}): Finding =>
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
    const order = verdict.images[0]?.findings.map(({ id, package: { name, path } }) =>
      `${id} ${name} ${path ?? ''}`.trim(),
    )
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

const anyFinding = fc
  .record({
    severity: fc.constantFrom(...severities),
    fixed: fc.boolean(),
    id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-3'),
  })
  .map(({ severity, fixed, id }) => (fixed ? aFinding({ severity, id }) : unfixed({ severity, id })))
const anyFindings = fc.array(anyFinding, { maxLength: 8 })
const anyPolicy = fc.record({
  severity: fc.subarray([...severities], { minLength: 1 }),
  ignoreUnfixed: fc.boolean(),
  warnOnly: fc.boolean(),
})

describe('any verdict', () => {
  it('does not depend on the order of findings', () => {
    fc.assert(
      fc.property(anyFindings, anyPolicy, (findings, policy) => {
        const ids = (verdict: Verdict): unknown =>
          verdict.images[0]?.findings.map(({ id, severity, ruling }) => [id, severity, ruling])
        expect(ids(decideWeb(findings.toReversed(), policy))).toEqual(ids(decideWeb(findings, policy)))
      }),
    )
  })

  it('never blocks more for fewer severities', () => {
    fc.assert(
      fc.property(anyFindings, anyPolicy, (findings, policy) => {
        const fewer = decideWeb(findings, { ...policy, severity: policy.severity.slice(1) })
        if (decideWeb(findings, policy).result === 'passed') expect(fewer.result).toBe('passed')
      }),
    )
  })

  it('of an image depends on that image alone', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyPolicy, (ours, others, policy) => {
        const builds = [built(api), built(web)]
        const together = decide(
          { builds, scans: [scanned(api, ...others), scanned(web, ...ours)], skipped: [] },
          policy,
        )
        expect(together.images.find(({ image }) => image === web)).toEqual(decideWeb(ours, policy).images[0])
      }),
    )
  })

  it('loses no finding', () => {
    fc.assert(
      fc.property(anyFindings, anyPolicy, (findings, policy) => {
        expect(decideWeb(findings, policy).images[0]?.findings).toHaveLength(findings.length)
      }),
    )
  })
})

describe('decideProblem', () => {
  it('is an error, whatever the policy', () => {
    const problem = { kind: 'tool', messages: ['no engine'], advice: 'Start it.' } as const
    expect(decideProblem(problem, { ...aPolicy, warnOnly: true })).toMatchObject({
      result: 'error',
      problem,
      images: [],
    })
  })
})
