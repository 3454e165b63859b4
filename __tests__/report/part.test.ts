/** One image cannot take the report of another: neither by the length of its texts nor by a part that fails. */
import type { ImageVerdict, Report } from '../../src/model.js'
import { renderAnnotations } from '../../src/report/annotations.js'
import { planComment } from '../../src/report/comment.js'
import { renderHtml } from '../../src/report/html.js'
import { partOf, textPartOf } from '../../src/report/part.js'
import { renderSarif } from '../../src/report/sarif.js'
import { renderSummary } from '../../src/report/summary.js'
import { renderTerminal } from '../../src/report/terminal.js'
import { aJudged, anImage, anImageVerdict, aReport, aVerdict } from '../builders.js'
import { bounded } from '../bounded.js'

const renderings: readonly [string, (report: Report) => string, number][] = [
  ['summary', renderSummary, 1024 * 1024],
  ['comment', report => planComment(report, 'always') ?? '', 65_536],
  ['HTML report', renderHtml, Infinity],
  ['terminal', report => renderTerminal(report, false), Infinity],
  ['annotations', report => JSON.stringify(renderAnnotations(report)), Infinity],
  ['SARIF report', report => [...renderSarif(report, '1.0.0')].join(''), Infinity],
]

const other = anImageVerdict({
  image: anImage('other'),
  state: 'vulnerable',
  findings: [aJudged({ id: 'CVE-2014-0160' })],
  counts: { CRITICAL: 0, HIGH: 1, MEDIUM: 0, LOW: 0, UNKNOWN: 0 },
})
const alsoFailed = anImageVerdict({
  image: anImage('also-failed'),
  state: 'build-failed',
  failure: { message: 'the build failed: no such file', advice: 'Look.', log: ['its own last words'] },
})

/** The images of a pull request, of which one or more are the attacker's. */
const reportWith = (...hostile: readonly ImageVerdict[]): Report =>
  aReport(aVerdict([...hostile, other, alsoFailed], { result: 'error', counts: other.counts }))

const failing = (name: string, text: string): ImageVerdict =>
  anImageVerdict({
    image: anImage(name),
    state: 'build-failed',
    failure: { message: text, advice: 'Look.', log: Array.from({ length: 20 }, () => text) },
  })

const vulnerable = (name: string, text: string): ImageVerdict => {
  const finding = aJudged({
    id: 'CVE-2019-10744',
    severity: 'CRITICAL',
    title: text,
    package: { name: 'lodash', version: text, path: text, class: 'lang-pkgs', type: 'npm' },
    origin: { file: 'Dockerfile', lines: { start: 1, end: 1 }, instruction: text, fromBase: false },
  })
  const counts = { CRITICAL: 3, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 }
  const os = { family: text, name: text, endOfLife: false }
  return anImageVerdict({
    image: anImage(name),
    state: 'vulnerable',
    findings: [finding, finding, finding],
    counts,
    os,
  })
}

/** `a is the input of the attack; the others grow as they are made harmless. */
const texts = ['`a', '`', '|', '@', '\u202e', '<', 'a', '\ud83d\ude00', '](', '\u001b]'].map(piece =>
  piece.repeat(Math.ceil(60_000 / piece.length)),
)

describe.each(renderings)('the %s', (name, render, limit) => {
  // SARIF has no images that failed, and annotations have no log.
  const wanted = ['other', 'CVE-2014-0160', 'also-failed', 'its own last words']
  const of = wanted.slice(0, { 'SARIF report': 2, annotations: 3 }[name])
  const missingIn = (text: string): string[] => of.filter(word => text.length >= limit || !text.includes(word))

  it('has every image (control)', () => {
    expect(missingIn(render(reportWith(failing('a', 'x'), vulnerable('b', 'x'))))).toEqual([])
  })

  it.each(texts)('has the other images, whatever one image is full of: %#', text => {
    expect(missingIn(bounded(() => render(reportWith(failing('a', text)))))).toEqual([])
    expect(missingIn(bounded(() => render(reportWith(vulnerable('b', text)))))).toEqual([])
  })

  it.each(texts.slice(0, 5))('has the other images, where many are full of it: %#', text => {
    const many = Array.from({ length: 2 }, (_, at) => [
      failing(`a${String(at)}`, text),
      vulnerable(`b${String(at)}`, text),
    ])
    expect(missingIn(bounded(() => render(reportWith(...many.flat()))))).toEqual([])
  })
})

describe.each(renderings.slice(0, 4))('the %s', (_, render) => {
  it('has the other images where the part of one cannot be rendered', () => {
    const broken = (verdict: ImageVerdict): ImageVerdict => ({
      ...verdict,
      failure: {
        message: 'm',
        advice: 'a',
        get log(): string[] {
          throw new RangeError('Maximum call stack size exceeded')
        },
      },
    })
    const text = render(reportWith(broken(failing('hostile', 'x'))))
    expect(text).toContain('it could not be rendered (Maximum call stack size exceeded)')
    expect(text).toContain('CVE-2014-0160')
    expect(text).toContain('its own last words')
  })
})

describe('partOf', () => {
  it('gives the part, or what stands in its place', () => {
    expect(partOf(() => '1', String)).toBe('1')
    expect(
      textPartOf(
        3,
        () => 'abc',
        reason => reason,
      ),
    ).toBe('abc')
    expect(
      textPartOf(
        3,
        () => 'abcd',
        reason => reason,
      ),
    ).toBe('it is too long')
    const fail = (): string => {
      throw new Error('x')
    }
    expect(textPartOf(3, fail, reason => reason)).toBe('it could not be rendered (x)')
  })
})

describe('an image whose name is a blank', () => {
  it.each(renderings.slice(0, 1))('has a name in the %s', (_, render) => {
    const image = anImage(' ')
    expect(render(aReport(aVerdict([anImageVerdict({ image })], {})))).toContain('`\\u{20}`')
  })

  it.each(renderings.slice(2, 4))('has a name in the %s', (_, render) => {
    const image = anImage(' ')
    expect(render(aReport(aVerdict([anImageVerdict({ image })], {})))).toContain('\\u{20}')
  })
})
