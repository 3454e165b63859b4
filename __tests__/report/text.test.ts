import type { Advice, Finding } from '../../src/model.js'
import { renderSummary } from '../../src/report/summary.js'
import { adviceText } from '../../src/report/steps.js'
import { exceptionText, listText, remedyText, subjectText } from '../../src/report/text.js'
import { aJudged, anException, anImage, anImageVerdict, aReport, aVerdict, notBuilt } from '../builders.js'

describe('adviceText', () => {
  const verdict = aVerdict([
    anImageVerdict({ image: anImage('web'), findings: [aJudged(), aJudged()] }),
    anImageVerdict({ image: anImage('api'), findings: [aJudged()] }),
  ])
  const common = { removes: 2, images: ['api', 'web'] }

  it.each<[Advice, string]>([
    [
      { ...common, action: 'upgrade', package: 'x', version: '2' },
      'Upgrade x to 2: removes 2 of 3 findings, in api, web',
    ],
    [
      { ...common, action: 'upgrade', package: 'x' },
      'Upgrade x to the versions that fix it: removes 2 of 3 findings, in api, web',
    ],
    [
      { ...common, action: 'rebuild', base: 'debian:12' },
      'Rebuild on a newer debian:12: 2 of 3 findings come with it, in api, web',
    ],
    [
      { ...common, action: 'rebuild', base: '', removes: 1 },
      'Rebuild on a newer base image: 1 of 3 findings comes with it, in api, web',
    ],
    [
      { ...common, action: 'mend', id: 'DS-1', title: 'root' },
      'Mend DS-1 (root): removes 2 of 3 findings, in api, web',
    ],
    [{ ...common, action: 'mend', id: 'DS-1' }, 'Mend DS-1: removes 2 of 3 findings, in api, web'],
    [
      { ...common, action: 'wait' },
      'No fix yet for 2 of 3 findings, in api, web: except them for a time, with a reason, or do without the package',
    ],
  ])('says %j', (advice, expected) => {
    expect(adviceText(advice, verdict)).toBe(expected)
  })

  it('names no image where there is only one', () => {
    const one = aVerdict([anImageVerdict({ findings: [aJudged()] })])
    expect(adviceText({ action: 'wait', removes: 1, images: ['web'] }, one)).toMatch(/^No fix yet for 1 of 1 finding:/)
  })
})

describe('the words for findings', () => {
  it.each<[Finding, string, string]>([
    [aJudged(), 'libssl1.0.0 1.0.1e-2', 'fixed in 1.0.1g-1'],
    [{ kind: 'secret', id: 'x', severity: 'HIGH', path: '/a' }, '/a', 'take it out, and make it worthless'],
    [{ kind: 'secret', id: 'x', severity: 'HIGH' }, 'the image’s configuration', 'take it out, and make it worthless'],
    [{ kind: 'misconfiguration', id: 'x', severity: 'HIGH', message: '' }, 'Dockerfile', ''],
    [{ kind: 'end-of-life', id: 'x', severity: 'UNKNOWN' }, 'the image', 'use a newer release of the distribution'],
    [{ kind: 'unrecognised', id: 'x', severity: 'UNKNOWN' }, 'the image', ''],
  ])('of %j', (finding, subject, remedy) => {
    expect([subjectText(finding), remedyText(finding)]).toEqual([subject, remedy])
  })

  it('say why and until when an exception holds', () => {
    const { reason: _reason, until: _until, ...bare } = anException()
    expect(exceptionText(anException({ source: 'vex' }))).toBe(
      'never called, through 2026-09-30 (VEX, .github/image-gate.yml:3-5)',
    )
    expect(exceptionText(bare)).toBe('no reason given (.github/image-gate.yml:3-5)')
  })

  it('list so many and count the rest', () => {
    expect([listText(['a', 'b']), listText(['a', 'b', 'c'], 1)]).toEqual(['a, b', 'a and 2 more'])
  })
})

describe('a summary of very many images', () => {
  it('counts those that failed and are not shown', () => {
    const outcome = notBuilt(anImage(), '|'.repeat(5000))
    const failure = outcome.status === 'failed' ? outcome.failure : undefined
    const images = Array.from({ length: 400 }, (_, index) =>
      anImageVerdict({ image: anImage(`image-${String(index)}`), state: 'build-failed', ...(failure && { failure }) }),
    )
    expect(renderSummary(aReport(aVerdict(images, { result: 'error' })))).toMatch(
      /… and \d+ more images that failed: see the table above and the JSON report\./,
    )
  })
})
