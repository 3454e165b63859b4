import { createHash } from 'node:crypto'
import type { ImageVerdict, JudgedFinding, Report } from '../../src/model.js'
import { renderHtml } from '../../src/report/html.js'
import { anchor, markup, Markup } from '../../src/report/markup.js'
import { fairShare } from '../../src/report/placed.js'
import { aJudged, anImage, anImageVerdict, aVerdict } from '../builders.js'
import { situations } from './situations.js'

const page = (name: string): string => renderHtml(situations[name] as Report)

describe('markup', () => {
  it('makes text of whatever it is given, in text and in attributes', () => {
    expect(markup`<a title="${'"><script>'}">${"<&'>"}</a>`.text).toBe(
      '<a title="&#34;&#62;&#60;script&#62;">&#60;&#38;&#39;&#62;</a>',
    )
    expect(markup`${1} ${new Markup('<b>')} ${[markup`<i>`, markup`${'<'}`]}`.text).toBe('1 <b> <i>&#60;')
    expect(markup`${'a\u202eb\u0000'}`.text).toBe('a\\u{202e}b\\u{0}')
  })

  it('links to web addresses alone', () => {
    expect(anchor('x', 'https://example.com/?a=1&b="').text).toBe(
      '<a href="https://example.com/?a=1&#38;b=&#34;" rel="noreferrer">x</a>',
    )
    for (const address of ['javascript:alert(1)', 'http://example.com', 'data:text/html,x', undefined]) {
      expect(anchor('x', address).text).toBe('x')
    }
  })
})

describe('fairShare', () => {
  const image = (name: string, ...findings: JudgedFinding[]): ImageVerdict =>
    anImageVerdict({ image: anImage(name), findings })
  const idsOf = (images: ImageVerdict[], most: number): string[] =>
    fairShare(images, most).map(({ image: of, finding }) => `${of.image.name} ${finding.id}`)
  const high = Array.from({ length: 8 }, (_, at) => aJudged({ id: `H${String(at)}` }))
  const low = Array.from({ length: 3 }, (_, at) => aJudged({ id: `L${String(at)}`, severity: 'LOW' }))

  it('takes all that there is room for, the worst first', () => {
    expect(idsOf([image('a', ...low.slice(0, 1)), image('b', ...high.slice(0, 1))], 5)).toEqual(['b H0', 'a L0'])
    expect(idsOf([], 5)).toEqual([])
  })

  it('takes of each image its worst, and in the other half of the room the worst of all', () => {
    const images = [image('a', ...low), image('b', ...high), image('clean')]
    expect(idsOf(images, 8)).toEqual(['b H0', 'b H1', 'b H2', 'b H3', 'b H4', 'b H5', 'a L0', 'a L1'])
    expect(idsOf(images, 2)).toEqual(['b H0', 'b H1'])
  })

  it('keeps images apart that have the same findings', () => {
    const images = ['a', 'b', 'c'].map(name => image(name, ...high))
    expect(idsOf(images, 6)).toEqual(['a H0', 'b H0', 'c H0', 'a H1', 'a H2', 'a H3'])
  })
})

describe('the HTML report', () => {
  const names = Object.keys(situations)

  it.each(names)('loads nothing and runs nothing but its own: %s', name => {
    const text = page(name)
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(text) ?? []
    const [, script = ''] = /<script>([^]*?)<\/script>/.exec(text) ?? []
    const policy = (/Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1] ?? '').replaceAll('&#39;', "'")
    for (const part of [style, script]) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(part).digest('base64')}'`)
    }
    expect(policy).toContain("default-src 'none'")
    const tags = text.replace(/"[^"]*"/g, '""')
    const active = /<(script|style|link|img|iframe|object|base)|<[^>]*\s(src|style|on\w+)=|@import|url\(/g
    expect(tags.match(active)).toEqual(['<style', '<script'])
  })

  it('shows what came from elsewhere as text', () => {
    const text = page('hostile-names')
    expect(text).toContain('&#60;script&#62;alert(1)')
    expect(text).not.toContain('\u202e')
    expect(text).not.toContain('href="javascript')
  })

  it('leads to the lines, and names them shortly', () => {
    const address = 'https://github.com/o/r/blob/abc1234/docker-builder/registry-repos/web/Dockerfile#L3-L5'
    expect(page('blocked')).toContain(
      `<span title="docker-builder/registry-repos/web/Dockerfile:3-5"><a href="${address}" rel="noreferrer">Dockerfile:3-5</a></span>`,
    )
  })

  it('says by which database, what does not count, and what somebody should look after', () => {
    expect(page('only-uncounted')).toContain('database of 2026-04-09 (115 days old) from mirror.example.com/trivy-db:2')
    expect(page('only-uncounted')).toContain('Not counted: 1 without a fix, 1 of other severities and 1 that nobody')
    const excepted = page('excepted')
    expect(excepted).toContain('<h2>Exceptions that expired, and count for nothing any more</h2>')
    expect(excepted).toContain('<li>CVE-2020-2: never called, through 2026-08-04')
    expect(page('proposal')).toContain('web (vulnerable → clean): no longer blocked: CVE-2014-0160')
    expect(page('mixed')).toContain('which is too deep for the convention: not gated')
    expect(page('clean')).toContain('<li>build · 41.2 s · 9 steps ran')
  })

  it('has no columns that nothing is in', () => {
    const text = page('blocked')
    expect(text).toContain('<th scope="col" class="number">High</th>')
    expect(text).not.toContain('>Medium</th>')
  })

  it('has what blocks first, and says how much is not shown', () => {
    const findings = Array.from({ length: 5_100 }, (_, at) =>
      aJudged({
        id: `CVE-${String(at)}`,
        severity: at === 0 ? 'CRITICAL' : 'LOW',
        ruling: at < 100 ? 'gating' : 'unfixed',
      }),
    )
    const report = situations['blocked'] as Report
    const text = renderHtml({ ...report, verdict: aVerdict([anImageVerdict({ findings })]) })
    expect(text.match(/ data-image=/g)).toHaveLength(5_000)
    expect(text).toContain(
      '… and 100 more findings, less severe or not gating: see the JSON report. Of each image the worst are here.',
    )
    const places = ['CVE-0<', 'CVE-99<', 'CVE-100<', 'CVE-4999<'].map(id => text.indexOf(id))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    expect(text).not.toContain('CVE-5000<')
  })
})
