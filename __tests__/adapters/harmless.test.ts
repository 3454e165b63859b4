import fc from 'fast-check'
import { harmlessLines } from '../../src/adapters/harmless.js'
import { bounded } from '../bounded.js'
import { hostileText } from '../hostile.js'
import { Runner } from '../runner.js'

describe('harmlessLines', () => {
  it.each([
    ['::error::x', ['| ::error::x']],
    ['  \t::set-output name=result::passed', ['|   \t::set-output name=result::passed']],
    ['#12 0.3 ##[set-output name=result]passed', ['#12 0.3 ## [set-output name=result]passed']],
    ['progress 5%\r::stop-commands::x', ['progress 5%', '| ::stop-commands::x']],
    ['a\r\nb\nc', ['a', 'b', 'c']],
    ['\u001b[31m::error::x\u001b[0m', ['| ::error::x']],
    ['\u0000\u0007::error::x', ['| ::error::x']],
    ['a::b', ['a::b']],
  ])('makes %j harmless', (text, lines) => {
    expect(harmlessLines(text)).toEqual(lines)
  })

  it('cuts a line of a megabyte, and says so', () => {
    const [line] = harmlessLines('x'.repeat(1_000_000))
    expect(line).toHaveLength(4000 + ' … (1000000 characters)'.length)
  })

  it.each([
    ['\u200d::error::x', ['| \u200d::error::x']],
    [':\u00ad:error::x', ['| :\u00ad:error::x']],
    ['a #\u200b#[error]x', ['a #\u200b# [error]x']],
    ['\u3000::error::x', ['| \u3000::error::x']],
    ['a\u2028::error::x', ['a::error::x']],
    ['\u0085::error::x', ['| ::error::x']],
    ['###[error]', ['### [error]']],
    ['#\u001b[1m#[error]', ['## [error]']],
    ['\ud800::error::x\udc00', ['| ::error::x']],
    ['👩‍💻 works', ['👩‍💻 works']],
  ])('makes %j harmless, too', (text, lines) => {
    expect(harmlessLines(text)).toEqual(lines)
  })

  it.each([{ byCulture: false }, { byCulture: true }])('leaves no command to a runner, whatever the text (%o)', how => {
    fc.assert(
      fc.property(hostileText, text => {
        const lines = harmlessLines(text)
        expect(new Runner(how).read(lines.join('\n')).commands).toEqual([])
        expect(new Runner(how).read(lines.join('\n')).read('::debug::still heard').commands).toHaveLength(1)
        expect(lines.filter(line => /[\r\n\u001b]/.test(line))).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;https://example.com\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u009b31mred\u009b0m', 'red'],
    ['\u001b[38;2;1;2;3mcolour\u001b[0m', 'colour'],
    ['\u001b[?25lhidden cursor', 'hidden cursor'],
    ['\u001b(Bset', 'set'],
    ['\u001bP1$r0m\u001b\\answer', 'answer'],
    ['\u001b]never ends', 'never ends'],
    ['\u001b[3', '3'],
  ])('takes signs for a terminal out of %j, and no text', (text, plain) => {
    expect(harmlessLines(text)).toEqual([plain])
  })

  it('cuts a line before it looks at it', () => {
    const [line = ''] = harmlessLines(`${'\u001b[31m'.repeat(100_000)}end`)
    expect(line).toBe(' … (500003 characters)')
  })

  it.each(['#', '#\u200d', ':', ' ', '\u001b[', '\u001b]', '\u001b]a', '\u001bP', '\u009d', '\u001b[0 ', '\u200d'])(
    'takes linear time: lines of %j',
    piece => {
      // A line of a build has at most 64 KiB, and there may be any number of them.
      const text = Array.from({ length: 200 }, () => piece.repeat(65_536 / piece.length)).join('\n')
      expect(bounded(() => harmlessLines(text).length)).toBeGreaterThanOrEqual(200)
    },
  )
})
