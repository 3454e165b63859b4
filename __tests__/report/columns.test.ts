import { bounded } from '../bounded.js'
import { align, widthOf } from '../../src/report/columns.js'

describe('widthOf', () => {
  it.each([
    ['web', 3],
    ['añadir', 6],
    ['cafe\u0301', 4],
    ['🚀 cohete', 9],
    ['👩‍🚀', 2],
    ['❤️', 2],
    ['日本', 4],
    ['한글', 4],
    ['ﾊ', 1],
    ['', 0],
  ])('counts the columns of %j', (text, expected) => {
    expect(widthOf(text)).toBe(expected)
  })

  it('takes neither time nor memory for a text that is long', () => {
    expect(bounded(() => widthOf('日'.repeat(60_000)))).toBe(120_000)
  })
})

describe('align', () => {
  it('puts texts below their beginnings, and numbers below their ends', () => {
    const rows = [
      ['IMAGE', 'STATE', 'HIGH'],
      ['日本', 'clean', '2'],
      ['web', 'vulnerable', '12'],
    ]
    expect(align(rows, 2).map(row => row.join(' '))).toEqual([
      'IMAGE STATE      HIGH',
      '日本  clean         2',
      'web   vulnerable   12',
    ])
    expect(align([])).toEqual([])
  })
})
