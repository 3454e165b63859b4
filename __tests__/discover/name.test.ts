import fc from 'fast-check'
import { toSafeName } from '../../src/discover/name.js'

describe('toSafeName', () => {
  it.each(['web', 'api-v2', 'a.b_c__d', 'x--y'])('keeps %s', name => {
    expect(toSafeName(name)).toBe(name)
  })

  it.each([
    ['MyApp', /^myapp-[0-9a-f]{24}$/],
    ['my app', /^my-app-[0-9a-f]{24}$/],
    ['añadir', /^an-adir-[0-9a-f]{24}$/],
    ['🚀', /^image-[0-9a-f]{24}$/],
    ['-web', /^web-[0-9a-f]{24}$/],
    ['a'.repeat(200), /^a{60}-[0-9a-f]{24}$/],
  ])('maps %s', (name, expected) => {
    expect(toSafeName(name)).toMatch(expected)
  })

  it('takes no name for another one that was mapped', () => {
    const mapped = toSafeName('Web')
    expect(toSafeName(mapped)).not.toBe(mapped)
    expect(toSafeName(mapped)).toMatch(/^web-[0-9a-f]{24}-[0-9a-f]{24}$/)
  })

  it('always gives a path component of an image reference, and another one for another name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        expect(toSafeName(a)).toMatch(/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/)
        expect(toSafeName(a) === toSafeName(b)).toBe(a === b)
      }),
    )
  })
})
