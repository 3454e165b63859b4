import { visible } from '../../src/report/characters.js'

describe('visible', () => {
  it.each([
    ['a\u202Eb\u200Bc\u0007', 'a\\u{202e}b\\u{200b}c\\u{7}'],
    ['\u001b[31mred\u009b0m', '\\u{1b}[31mred\\u{9b}0m'],
    ['one\u2028two\u0085three', 'one\\u{2028}two\\u{85}three'],
    ['tag\u{e0041}\u{e0042}', 'tag\\u{e0041}\\u{e0042}'],
    ['a\ufe0fb\ufe01', 'a\\u{fe0f}b\\u{fe01}'],
    ['half \ud83d of one', 'half \\u{d83d} of one'],
    ['filler \u3164\u115f', 'filler \\u{3164}\\u{115f}'],
    ['a\u200db', 'a\\u{200d}b'],
  ])('shows what would hide or turn the text round: %j', (text, expected) => {
    expect(visible(text)).toBe(expected)
  })

  it.each(['añadir-paquetes', 'cafe\u0301', '日本語', '🚀', '👩‍🚀', '👩🏽‍🚀', '❤️', '1️⃣', 'one\ntwo\tthree', 'שלום'])(
    'leaves alone what people write: %s',
    text => {
      expect(visible(text)).toBe(text)
    },
  )
})
