import { createHash } from 'node:crypto'
import type { Report } from '../../src/model.js'
import { renderHtml } from '../../src/report/html.js'
import { anchor, markup, Markup } from '../../src/report/markup.js'
import { aJudged, anImageVerdict, aVerdict } from '../builders.js'
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

  it('has what blocks first, and says how much is not shown', () => {
    const findings = Array.from({ length: 5_100 }, (_, at) =>
      aJudged({
        id: `CVE-${String(at)}`,
        severity: at === 5_099 ? 'CRITICAL' : 'LOW',
        ruling: at < 5_000 ? 'unfixed' : 'gating',
      }),
    )
    const report = situations['blocked'] as Report
    const text = renderHtml({ ...report, verdict: aVerdict([anImageVerdict({ findings })]) })
    expect(text.match(/ data-image=/g)).toHaveLength(5_000)
    expect(text).toContain('… and 100 more findings, less severe or not gating: see the JSON report.')
    const first = text.indexOf('CVE-5099')
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(text.indexOf('CVE-5000'))
  })
})
