import type { Log, Result, Run } from 'sarif'
import type { JudgedFinding, Report } from '../../src/model.js'
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
      ['CVE-2', 'never called, through 2026-09-30 (.github/image-gate.yml:3-5)'],
      ['CVE-3', 'no version fixes it yet'],
      ['CVE-4', 'it was there before this change'],
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
    expect(cut?.properties).toEqual({ omittedResults: 2 })
  })

  it('repeats no control characters', () => {
    expect([...renderSarif(reportOn(aJudged({ title: 'a\u202eb\u001b[31m' })), '1')].join('')).not.toMatch(
      /\\u202e|\u202e|\\u001b(?!\})/,
    )
  })
})
