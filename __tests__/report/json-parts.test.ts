import { jsonParts } from '../../src/report/json-parts.js'

const textOf = (...args: Parameters<typeof jsonParts>): string => [...jsonParts(...args)].join('')

describe('jsonParts', () => {
  const items = [{ a: [1, { b: 'two\nlines' }], c: {} }, 'x', null, []]

  it.each([
    [{}, [], 0],
    [{}, [], 2],
    [{}, items, 2],
    [{ x: 1, y: { z: [] } }, [], 2],
    [{ x: 1, y: { z: [] } }, items, 0],
    [{ x: 1, y: { z: [] } }, items, 2],
    [{ x: 1, y: { z: [] } }, items, 4],
    [{ gone: undefined, text: '}\n]' }, items, 2],
  ])('gives what JSON.stringify gives: %j and %j by %d', (head, list, indent) => {
    const whole = JSON.stringify({ ...head, list }, null, indent)
    expect(textOf(head, 'list', list, indent).replace(/\[\n\s*\]/g, '[]')).toBe(`${whole}\n`)
  })

  it('makes an item only when it is its turn', () => {
    const made: number[] = []
    const parts = jsonParts(
      {},
      'list',
      (function* () {
        for (const item of [1, 2]) {
          made.push(item)
          yield item
        }
      })(),
      0,
    )
    parts.next()
    expect(made).toEqual([])
    parts.next()
    expect(made).toEqual([1])
  })
})
