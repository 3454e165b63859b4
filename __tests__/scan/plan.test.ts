import fc from 'fast-check'
import { planScans } from '../../src/scan/plan.js'

const plan = (images: Record<string, string[]>): unknown =>
  planScans(Object.keys(images), name => images[name] ?? []).map(({ first, rest }) => [first.join(''), rest.join('')])

describe('planScans', () => {
  it('scans one image with the shared base first, the others at the same time', () => {
    expect(plan({ a: ['base', '1'], b: ['base', '2'], c: ['base', '3'] })).toEqual([['a', 'bc']])
  })

  it('keeps apart what shares nothing', () => {
    expect(plan({ a: ['x', '1'], b: ['y', '2'], c: ['x', '3'], d: ['z'] })).toEqual([
      ['a', 'c'],
      ['b', ''],
      ['d', ''],
    ])
  })

  it('scans first as many as it takes to have met every shared layer', () => {
    expect(
      plan({ a: ['base', 'apt'], b: ['base', 'node'], c: ['base', 'apt', '1'], d: ['base', 'node', '2'] }),
    ).toEqual([['ab', 'cd']])
  })

  it('takes an image without layers', () => {
    expect(plan({ a: [], b: [] })).toEqual([
      ['a', ''],
      ['b', ''],
    ])
  })

  it('plans every image once; what is scanned at the same time shares nothing that was not met before', () => {
    const images = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 5 }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(images, layers => {
        const groups = planScans(layers, image => image)
        const all = groups.flatMap(({ first, rest }) => [...first, ...rest])
        expect(all.length).toBe(layers.length)
        expect(new Set(all)).toEqual(new Set(layers))
        const seen = new Set<string>()
        for (const { first, rest } of groups) {
          const met = new Set(first.flat())
          for (const layer of rest.flat()) {
            const own = rest.filter(image => image.includes(layer)).length === 1
            expect(met.has(layer) || own).toBe(true)
          }
          for (const layer of new Set([...first, ...rest].flat())) {
            expect(seen.has(layer)).toBe(false)
            seen.add(layer)
          }
        }
      }),
    )
  })
})
