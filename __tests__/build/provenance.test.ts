import { readFileSync } from 'node:fs'
import { readProvenance } from '../../src/build/provenance.js'

/**
 * What BuildKit 0.26 recorded (`BUILDX_METADATA_PROVENANCE=max`; without the sources) of an image with
 *
 *     2  FROM debian AS base             10  RUN touch /x               (of a stage "side", on base)
 *     3  WORKDIR /app                    12  FROM base
 *     4  RUN touch /a                    13  COPY --from=side /x /x
 *     5  RUN <<EOF (to line 7)           14  COPY --link f /f
 *                                        16  RUN --mount=... (to line 17)
 *                                        18  WORKDIR /app, 19 RUN true
 */
const recorded = JSON.parse(readFileSync(new URL('provenance.json', import.meta.url), 'utf8')) as Slsa02

interface Slsa02 {
  readonly buildConfig: unknown
  readonly metadata: Readonly<Record<string, unknown>>
}

const buildKit = 'https://mobyproject.org/buildkit@v1#metadata'

/** Each step as `LINES: LAYERS`, with `+N` for those that it adds. */
const stepsOf = (value: unknown): string[] =>
  readProvenance(value).map(({ adds, results, instructions }) => {
    const lines = instructions.map(({ start, end }) => (start === end ? [start] : [start, end]).join('-'))
    return [
      `${lines.join()}:`,
      ...results.map(({ length }) => length),
      ...(adds === undefined ? [] : [`+${String(adds)}`]),
    ].join(' ')
  })

const whole = ['2: 1', '3: 2 +1', '4: 3 +1', '5-7: 4 +1', '13: 5 +1', '14: 6 +1', '16-17: 7 +1', '18: 8 +1', '19: 9 +1']

const definitionOf = (...steps: unknown[]): unknown => ({ buildConfig: { llbDefinition: steps } })

/** A step on a base image, and the result. */
const onBase = (operation: unknown): unknown[] => [
  { id: 'base', op: { Op: { source: {} } } },
  { id: 'step', op: { Op: operation }, inputs: ['base:0'] },
  { id: 'result', inputs: ['step:0'] },
]

const recordedWith = (known: unknown): unknown => ({ ...recorded, metadata: { [buildKit]: known } })
const linesOf = (range: unknown): unknown => ({
  source: { locations: { step0: { locations: [{ ranges: [range] }] } } },
})

describe('readProvenance', () => {
  it('knows the steps that the image consists of, with their lines and layers', () => {
    expect(stepsOf(recorded)).toEqual(whole)
  })

  it('reads the newer form as well', () => {
    const metadata = { buildkit_metadata: recorded.metadata[buildKit] }
    const { buildConfig } = recorded
    expect(stepsOf({ buildDefinition: { internalParameters: { buildConfig } }, runDetails: { metadata } })).toEqual(
      whole,
    )
  })

  it('knows a step that builds on nothing', () => {
    const copy = { id: 'step1', op: { Op: { file: { actions: [{ input: -1 }] } } }, inputs: ['step0:0'] }
    const context = { id: 'step0', op: { Op: { source: {} } } }
    expect(stepsOf(definitionOf(context, copy, { id: 'step2', op: { Op: {} }, inputs: ['step1:0'] }))).toEqual([': +1'])
  })

  it('leaves layers out where they are not recorded', () => {
    expect(stepsOf({ ...recorded, metadata: {} })).toEqual(whole.map(step => step.replace(/^.*?: \d/, ':')))
    expect(stepsOf({ ...recorded, metadata: { [buildKit]: { layers: { 'step0:0': [[]] } } } })[0]).toBe(':')
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a list', []],
    ['an empty object', {}],
    ['provenance of the short kind', { ...recorded, buildConfig: undefined }],
    ['steps that are none', { buildConfig: { llbDefinition: 'x' } }],
    ['layers of another kind', { ...recorded, metadata: { [buildKit]: { layers: { 'step0:0': 1 } } } }],
    [
      'an operation of another kind',
      definitionOf({ id: 'a', op: { Op: { build: {} } } }, { id: 'b', inputs: ['a:0'] }),
    ],
    ['a step without an operation', definitionOf({ id: 'a' }, { id: 'b', inputs: ['a:0'] })],
    ['a merge of nothing', definitionOf(...onBase({ merge: { inputs: [] } }))],
    ['an input that is not there', definitionOf(...onBase({ file: { actions: [{ input: 1 }] } }))],
    ['an input that is no number', definitionOf(...onBase({ file: { actions: [{ input: '0' }] } }))],
    ['two steps of one name', definitionOf({ id: 'x' }, { id: 'x' }, ...onBase({ file: { actions: [{}] } }))],
    ['a layer without a digest', recordedWith({ layers: { 'step0:0': [[{}]] } })],
    ['a line before the first', recordedWith(linesOf({ start: { line: 0 }, end: { line: 1 } }))],
    ['a line that is none', recordedWith(linesOf({ start: { line: 1.5 }, end: { line: 2 } }))],
    ['lines in the wrong order', recordedWith(linesOf({ start: { line: 3 }, end: { line: 2 } }))],
    ['a beginning without an end', recordedWith(linesOf({ start: { line: 3 } }))],
    ['a step that is not there', definitionOf({ id: 'b', inputs: ['a:0'] })],
    ['inputs that are none', definitionOf({ id: 'b', inputs: [3] })],
    [
      'steps in a circle',
      definitionOf({ id: 'a', op: { Op: { file: { actions: [{}] } } }, inputs: ['a:0'] }, { id: 'b', inputs: ['a:0'] }),
    ],
  ])('knows nothing from %s', (_, value) => {
    expect(readProvenance(value)).toEqual([])
  })
})
