import type { Log, Result, Run } from 'sarif'
import type { ImageVerdict, JudgedFinding, Report } from '../../src/model.js'
import { renderSarif } from '../../src/report/sarif.js'
import { aJudged, anException, anImage, anImageVerdict, aReport, aVerdict } from '../builders.js'
import { situations } from './situations.js'

const runsOf = (report: Report): Run[] => (JSON.parse([...renderSarif(report, '1.2.3')].join('')) as Log).runs

const reportOn = (...findings: JudgedFinding[]): Report =>
  aReport(aVerdict([anImageVerdict({ image: anImage('web'), state: 'vulnerable', findings })]))

const resultsOf = (...findings: JudgedFinding[]): Result[] => runsOf(reportOn(...findings))[0]?.results ?? []

const fingerprintOf = (finding: JudgedFinding): string =>
  resultsOf(finding)[0]?.partialFingerprints?.['primaryLocationLineHash'] ?? ''

const lockFile = { file: 'images/web/sub dir/package-lock.json', lines: { start: 5, end: 9 } }
const run = { file: 'images/web/Dockerfile', lines: { start: 3, end: 4 }, instruction: 'RUN x', fromBase: false }

describe('renderSarif', () => {
  it('has one run for each image that was measured, under a category of its own', () => {
    const runs = runsOf(situations['mixed'] as Report)
    expect(runs.map(({ automationDetails }) => automationDetails?.id)).toEqual(['image-gate/api/', 'image-gate/web/'])
    expect(runs[0]?.tool.driver).toMatchObject({ name: 'Image Gate', semanticVersion: '1.2.3' })
  })

  it('points to the lock file, else to the instruction, else to the Dockerfile', () => {
    const places = resultsOf(
      aJudged({ id: 'CVE-1', severity: 'CRITICAL', place: lockFile, origin: run }),
      aJudged({ id: 'CVE-2', origin: run }),
      aJudged({ id: 'CVE-3', severity: 'LOW' }),
    ).map(({ locations }) => {
      const place = locations?.[0]?.physicalLocation
      return `${place?.artifactLocation?.uri ?? ''}:${String(place?.region?.startLine)}-${String(place?.region?.endLine)}`
    })
    expect(places).toEqual([
      'images/web/sub%20dir/package-lock.json:5-9',
      'images/web/Dockerfile:3-4',
      'images/web/Dockerfile:1-1',
    ])
  })

  it('describes each vulnerability once, with GitHub’s severity', () => {
    const other = aJudged({ package: { ...aJudged().package, name: 'openssl' } })
    const [first] = runsOf(reportOn(aJudged(), other))
    expect(first?.tool.driver.rules).toMatchObject([
      { id: 'CVE-2014-0160', properties: { 'security-severity': '8.0' }, help: { text: expect.any(String) as string } },
    ])
    expect(first?.results?.map(({ ruleIndex, level }) => [ruleIndex, level])).toEqual([
      [0, 'error'],
      [0, 'error'],
    ])
  })

  it('knows a finding again in the next build, and only that', () => {
    const { package: subject } = aJudged()
    const again = aJudged({
      layer: 'sha256:other',
      origin: run,
      fixedVersion: '9',
      package: { ...subject, version: '2' },
    })
    expect(fingerprintOf(again)).toBe(fingerprintOf(aJudged()))
    const others: JudgedFinding[] = [
      aJudged({ id: 'CVE-1' }),
      aJudged({ package: { ...subject, name: 'x' } }),
      aJudged({ package: { ...subject, path: 'x' } }),
      { kind: 'secret', id: 'CVE-2014-0160', severity: 'HIGH', ruling: 'gating' },
      { kind: 'misconfiguration', id: 'CVE-2014-0160', severity: 'HIGH', message: '', ruling: 'gating' },
    ]
    expect(new Set([aJudged(), ...others].map(fingerprintOf)).size).toBe(6)
  })

  it('shows what does not count as suppressed, with the reason, and leaves out what nobody asked for', () => {
    const results = resultsOf(
      aJudged({ id: 'CVE-1' }),
      aJudged({ id: 'CVE-2', ruling: 'excepted', exception: anException() }),
      aJudged({ id: 'CVE-3', ruling: 'unfixed' }),
      aJudged({ id: 'CVE-4', ruling: 'existing', change: 'existing' }),
      aJudged({ id: 'CVE-5', ruling: 'below-threshold' }),
      aJudged({ id: 'CVE-6', ruling: 'reported' }),
    )
    expect(results.map(({ ruleId, suppressions }) => [ruleId, suppressions?.[0]?.justification])).toEqual([
      ['CVE-1', undefined],
      ['CVE-4', 'it was there before this change'],
      ['CVE-2', 'never called, through 2026-09-30 (.github/image-gate.yml:3-5)'],
      ['CVE-3', 'no version fixes it yet'],
    ])
  })

  it('keeps within GitHub’s limits: 20 runs, 5000 results a run, the worst first, and says how many it left out', () => {
    const many = runsOf(situations['two-hundred-images'] as Report)
    expect(many).toHaveLength(20)
    expect(many.reduce((sum, { results }) => sum + (results?.length ?? 0), 0)).toBe(20_000)
    expect(new Set(many.map(({ automationDetails }) => automationDetails?.id)).size).toBe(20)
    const low = Array.from({ length: 5001 }, (_, index) => aJudged({ id: `CVE-${String(index)}`, severity: 'LOW' }))
    const [cut] = runsOf(reportOn(...low, aJudged({ id: 'worst', severity: 'CRITICAL' })))
    expect(cut?.results).toHaveLength(5000)
    expect(cut?.results?.[0]?.ruleId).toBe('worst')
    expect(cut?.properties).toMatchObject({ omittedResults: 2, omittedResultsAreIn: 'report.json' })
  })

  it('tells copies of a finding apart', () => {
    const copies = resultsOf(aJudged(), aJudged(), aJudged({ id: 'CVE-1' }))
    const [first, second, other] = copies.map(
      ({ partialFingerprints }) => partialFingerprints?.['primaryLocationLineHash'] ?? '',
    )
    expect(first).toMatch(/^[0-9a-f]{32}:1$/)
    expect(second).toBe(first?.replace(/1$/, '2'))
    expect(other).toMatch(/:1$/)
  })

  it('leaves alone the alerts of images that could not be measured, also where several share a category', () => {
    const clean = (at: number): ImageVerdict => anImageVerdict({ image: anImage(`image-${String(at)}`) })
    const all = Array.from({ length: 60 }, (_, at) => clean(at))
    const broken = { ...clean(7), state: 'build-failed' as const }
    const categories = (images: readonly ImageVerdict[]): (string | undefined)[] =>
      runsOf(aReport(aVerdict(images))).map(({ automationDetails }) => automationDetails?.id)
    const before = categories(all)
    const after = categories(all.with(7, broken))
    expect(before.length - after.length).toBe(1)
    expect(before).toEqual(expect.arrayContaining(after))
    expect(categories(all.with(7, { ...broken, state: 'skipped' }))).toEqual(before)
  })

  it('says in each run by which database, and how old that was', () => {
    const [run] = runsOf(reportOn(aJudged()))
    expect(run?.properties).toEqual({
      trivy: '0.74.0',
      database: {
        repository: 'ghcr.io/aquasecurity/trivy-db:2',
        updatedAt: '2026-08-01T00:00:00Z',
        digest: `sha256:${'d'.repeat(64)}`,
        ageHours: 34,
      },
    })
    const { scanner: _, ...unknown } = reportOn(aJudged())
    expect(runsOf(unknown)[0]?.properties).toEqual({})
  })

  it('has rules that hold for every package that has the vulnerability', () => {
    const [run] = runsOf(reportOn(aJudged({ title: 'Heartbleed' })))
    expect(run?.tool.driver.rules?.[0]?.help?.text).toBe(
      'Heartbleed. What helps: a version that fixes it; each alert says which.',
    )
    expect(run?.results?.[0]?.message.text).toContain('fixed in 1.0.1g-1')
  })

  it('makes no links of what came from elsewhere', () => {
    const name = '[click](https://evil.example)'
    const [result] = resultsOf(aJudged({ package: { ...aJudged().package, name } }))
    expect(result?.message.text).toContain('[click] (https://evil.example)')
  })

  it('repeats no control characters', () => {
    expect([...renderSarif(reportOn(aJudged({ title: 'a\u202eb\u001b[31m' })), '1')].join('')).not.toMatch(
      /\\u202e|\u202e|\\u001b(?!\})/,
    )
  })
})
