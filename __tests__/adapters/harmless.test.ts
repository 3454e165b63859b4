import fc from 'fast-check'
import { harmlessLines } from '../../src/adapters/harmless.js'

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

  it('leaves no command to the runner, whatever the text', () => {
    const piece = fc.constantFrom(
      '::error::x',
      '##[error]',
      '\r',
      '\n',
      ' ',
      '\u001b[1m',
      '\u0085',
      '\u00a0',
      '\ufeff',
      'x',
      '#',
      '[',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), parts => {
        for (const line of harmlessLines(parts.join(''))) {
          // As ActionCommand.cs reads them: trimmed, at the start; the legacy form anywhere.
          expect(line.trimStart().startsWith('::')).toBe(false)
          expect(line.includes('##[')).toBe(false)
          expect(/[\r\n]/.test(line)).toBe(false)
        }
      }),
    )
  })
})
