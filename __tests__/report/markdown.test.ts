import fc from 'fast-check'
import {
  cellLines,
  code,
  codeBlock,
  codeLink,
  escapeText,
  link,
  numbered,
  table,
  usedColumns,
} from '../../src/report/markdown.js'

describe('escapeText', () => {
  it.each([
    ['<img src=x>', '&lt;img src=x&gt;'],
    ['*a* _b_ `c` ~d~', '\\*a\\* \\_b\\_ \\`c\\` \\~d\\~'],
    ['[a](b)', '\\[a\\](b)'],
    ['@octocat', '@<!-- -->octocat'],
    ['o/r#1', 'o/r#<!-- -->1'],
    ['GH-1', 'GH-<!-- -->1'],
    ['_www.a.example', '\\_www<!-- -->.a.example'],
    ['https://a.example', 'https:<!-- -->//a.example'],
    ['www.a.example', 'www<!-- -->.a.example'],
    ['&amp;', '&amp;amp;'],
    ['a\nb\tc', 'a b c'],
    ['$x$', '\\$x\\$'],
    ['a|b', 'a&#124;b'],
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
    ['a|b', '<code>a&#124;b</code>'],
    ['a\\|`<b>', '<code>a\\\\&#124;\\`&lt;b&gt;</code>'],
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
    expect(link('CVE-1', 'https://a.example/(x)')).toBe('CVE-1')
    expect(link('CVE-1', undefined)).toBe('CVE-1')
    expect(codeLink('a]b:1', 'https://a.example/a%5Db#L1')).toBe('[`a]b:1`](https://a.example/a%5Db#L1)')
    expect(codeLink('a', undefined)).toBe('`a`')
  })
})

describe('table', () => {
  it('is one in GitHub’s Markdown', () => {
    expect(table(['A', 'B'], [['1', code('a|b')]])).toBe('| A | B |\n| --- | --- |\n| 1 | <code>a&#124;b</code> |')
  })

  it('has numbers at the right, lines within a cell, and no column that is empty', () => {
    const header = ['Image', { number: 'High' }, 'System']
    const rows = [
      [cellLines('`a`', '', 'two'), '1', ''],
      ['`b`', '', ''],
    ]
    expect(usedColumns(header, rows)).toBe('| Image | High |\n| --- | --: |\n| `a`<br>two | 1 |\n| `b` |  |')
  })
})

describe('numbered', () => {
  it('counts, for those who read it raw', () => {
    expect(numbered(['a', 'b'])).toBe('1. a\n2. b')
  })
})

describe('code of strangers', () => {
  // A step that prints this made the whole summary fail: more runs than a call takes arguments.
  const line = '`a'.repeat(500_000)

  it.each([
    [' ', '`\\u{20}`'],
    ['', ''],
    ['\n\t', '`\\u{a}\\u{9}`'],
  ])('shows that %j is there', (text, expected) => {
    expect(code(text)).toBe(expected)
  })

  it('may have any number of backticks', () => {
    expect(code(line).startsWith('`` `a`a')).toBe(true)
    expect(codeBlock([line, line, '```'])).toMatch(/^````text\n`a/)
  })
})
