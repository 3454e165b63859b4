import { jsonParts, LongList } from '../../src/report/json-parts.js'

const textOf = (head: object, items: Iterable<unknown>, indent: number): string =>
  [...jsonParts(new LongList(head, 'list', items), indent)].join('')

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
    expect(textOf(head, list, indent).replace(/\[\n\s*\]/g, '[]')).toBe(`${whole}\n`)
  })

  it.each([0, 2])('gives it for lists within lists, by %d', indent => {
    const inner = [new LongList({ name: 'a' }, 'findings', items), new LongList({ name: 'b' }, 'findings', ['y'])]
    const whole = [
      { name: 'a', findings: items },
      { name: 'b', findings: ['y'] },
    ]
    expect(textOf({ x: 1 }, inner, indent)).toBe(`${JSON.stringify({ x: 1, list: whole }, null, indent)}\n`)
  })

  it('writes in another way what a reader of the file does not see, and means the same', () => {
    const list = ['a\u202eb\u009b31m', '👩‍🚀', 'a\u{e0041}b', '\u001b[31m']
    const text = textOf({ 'na\u200bme': 1 }, list, 2)
    expect(text).toContain('"a\\u202eb\\u009b31m"')
    expect(text).toContain('"👩‍🚀"')
    expect(text).toContain('"a\\udb40\\udc41b"')
    expect(JSON.parse(text)).toEqual({ 'na\u200bme': 1, list })
  })

  it('makes an item only when it is its turn, and in parts of moderate size', () => {
    let made = 0
    const parts = jsonParts(
      new LongList(
        {},
        'list',
        (function* () {
          for (; made < 1000; made += 1) yield 'x'.repeat(1000)
        })(),
      ),
      0,
    )
    parts.next()
    expect(made).toBeLessThan(50)
    const sizes = [...parts].map(part => part.length)
    expect(Math.max(...sizes)).toBeLessThan(64_000)
    expect(made).toBe(1000)
  })
})
