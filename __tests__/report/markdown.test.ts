import fc from 'fast-check'
import { code, codeBlock, escapeText, link, table, visible } from '../../src/report/markdown.js'

describe('visible', () => {
  it('shows what would hide or turn the text round', () => {
    expect(visible('a\u202Eb\u200Bc\u0007')).toBe('a\\u{202e}b\\u{200b}c\\u{7}')
  })
})

describe('escapeText', () => {
  it.each([
    ['<img src=x>', '&lt;img src=x&gt;'],
    ['*a* _b_ `c` ~d~', '\\*a\\* \\_b\\_ \\`c\\` \\~d\\~'],
    ['[a](b)', '\\[a\\](b)'],
    ['@octocat', '@<!-- -->octocat'],
    ['o/r#1', 'o/r#<!-- -->1'],
    ['GH-1', 'GH-<!-- -->1'],
    ['https://a.example', 'https:<!-- -->//a.example'],
    ['www.a.example', 'www<!-- -->.a.example'],
    ['&amp;', '&amp;amp;'],
    ['a\nb\tc', 'a b c'],
    ['$x$', '\\$x\\$'],
  ])('makes %j harmless', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped)
  })

  it('lets no tag and no mention through, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const escaped = escapeText(text).replaceAll('<!-- -->', '\0')
        expect(escaped).not.toMatch(/[<>\n]|@(?!\0)/)
      }),
    )
  })
})

describe('code', () => {
  it.each([
    ['a', '`a`'],
    ['a`b', '``a`b``'],
    ['`a', '`` `a ``'],
    ['a|b', '`a|b`'],
    ['', ''],
    ['a\nb', '`a b`'],
  ])('fences %j', (text, fenced) => {
    expect(code(text)).toBe(fenced)
  })
})

describe('codeBlock', () => {
  it('cannot be closed by what it holds', () => {
    expect(codeBlock(['a', '```', '````x'])).toBe('`````text\na\n```\n````x\n`````')
  })
})

describe('link', () => {
  it('links to plain web addresses only', () => {
    expect(link('CVE-1', 'https://avd.aquasec.com/nvd/cve-1')).toBe('[CVE-1](https://avd.aquasec.com/nvd/cve-1)')
    expect(link('CVE-1', 'javascript:alert(1)')).toBe('CVE-1')
    expect(link('CVE-1', 'https://a.example/")x')).toBe('CVE-1')
    expect(link('CVE-1', undefined)).toBe('CVE-1')
  })
})

describe('table', () => {
  it('is one in GitHub’s Markdown', () => {
    expect(table(['A', 'B'], [['1', '`a|b`']])).toBe('| A | B |\n| --- | --- |\n| 1 | `a\\|b` |')
  })
})
