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
    ['\u001b]0;title\u0007::error::x', ['| ::error::x']],
    ['\u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\', ['link']],
    ['a\u009b31mb', ['ab']],
    ['\u001b]never ended', [']never ended']],
    ['\u001b]one \u001b]0;two\u0007three', [']one three']],
  ])('takes out of %j what a terminal would obey', (text, lines) => {
    expect(harmlessLines(text)).toEqual(lines)
  })

  it.each(['#', '#\u200d', ':', ' ', '\u001b[', '\u001b]', '\u001b]0', '\u009b', '\u001b[1;', '\u200d'])(
    'takes linear time for a megabyte of %j',
    piece => {
      expect(bounded(() => harmlessLines(piece.repeat(1_000_000))).length).toBe(1)
    },
  )
})
