import { parseFinalStage } from '../../src/explain/dockerfile.js'
import { placeByProvenance } from '../../src/explain/provenance.js'
import type { Layer, ProvenStep } from '../../src/model.js'

const layersOf = (...digests: (string | undefined)[]): Layer[] =>
  digests.map((digest, at) => ({ diffId: String(at), byBuildKit: true, ...(digest === undefined ? {} : { digest }) }))

const instructionsAt = (starts: readonly number[]): ProvenStep['instructions'] =>
  starts.map(start => ({ start, end: start }))

/** @param layers of its result, each a letter; empty where they are not recorded */
const base = (layers: string, ...starts: number[]): ProvenStep => ({
  results: layers === '' ? [] : [[...layers]],
  instructions: instructionsAt(starts),
})

const step = (layers: string, ...starts: number[]): ProvenStep => ({ ...base(layers, ...starts), adds: 1 })

const place = (layers: string, steps: readonly ProvenStep[], dockerfile = ''): (number | undefined)[] | undefined =>
  placeByProvenance(layersOf(...layers), steps, parseFinalStage(dockerfile))?.map(lines => lines?.start)

describe('placeByProvenance', () => {
  it('gives each layer the line of the step that made it, and the base all of its own', () => {
    expect(place('abcd', [base('ab', 1), step('abc', 4), step('abcd', 6)])).toEqual([1, 1, 4, 6])
  })

  it.each<[string, ProvenStep[]]>([
    ['of the base', [base('', 1), step('abc', 4), step('abcd', 6)]],
    ['of a step', [base('ab', 1), step('', 4), step('abcd', 6)]],
    ['of the last step', [base('ab', 1), step('abc', 4), step('', 6)]],
    ['of all but one', [base('', 1), step('abc', 4), step('', 6)]],
  ])('counts where the layers %s are not recorded', (_, steps) => {
    expect(place('abcd', steps)).toEqual([1, 1, 4, 6])
  })

  it('knows an image without a base, and the way in which its layers are packed', () => {
    const repacked = {
      ...step('', 3),
      results: [
        ['x', 'y'],
        ['a', 'b'],
      ],
    }
    expect(place('ab', [step('a', 2), repacked])).toEqual([2, 3])
  })

  it('takes of a step that stages share the line that the last one has', () => {
    const dockerfile = 'FROM a\nRUN x\nFROM a\nRUN x\n'
    expect(place('ab', [base('a', 1, 3), step('ab', 2, 4)], dockerfile)).toEqual([3, 4])
  })

  it('takes a base image that COPY --from names too for that of FROM', () => {
    expect(place('ab', [base('a', 1, 2), step('ab', 2)], 'FROM a\nCOPY --from=a /x /x\n')).toEqual([1, 2])
  })

  it('gives no line where two could be meant, or none is known', () => {
    const shared = [base('a', 1, 3)]
    expect(place('a', shared, 'RUN nothing\n')).toEqual([undefined])
    expect(place('a', shared, 'FROM a\n\nFROM b\nFROM c\n')).toEqual([undefined])
    expect(place('a', [base('a')])).toEqual([undefined])
  })

  it.each<[string, string, ProvenStep[]]>([
    ['whose layers are others', 'xy', [base('a', 1), step('ab', 2)]],
    ['with more layers than steps', 'abcd', [base('ab', 1), step('abc', 4)]],
    ['with fewer', 'ab', [base('ab', 1), step('', 4)]],
    ['whose layers do not come out even', 'abcd', [base('a', 1), step('', 2), step('abcd', 4)]],
    ['that has one layer too many at its bottom', 'abc', [step('ab', 2), step('abc', 3)]],
    ['of which nothing is recorded', 'a', []],
  ])('says nothing of an image %s', (_, layers, steps) => {
    expect(place(layers, steps)).toBeUndefined()
  })

  it('says nothing of layers without a digest', () => {
    expect(placeByProvenance(layersOf(undefined), [base('a', 1)], undefined)).toBeUndefined()
  })
})
