import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { parseFailingLines, ProgressReader, type ProgressEvent } from '../../src/build/progress.js'

/** Real output of `docker buildx build --progress=rawjson`. */
const recorded = (name: string): string[] => readFileSync(`__tests__/recorded/${name}.txt`, 'utf8').split('\n')

function readAll(lines: readonly string[]): ProgressEvent[] {
  const reader = new ProgressReader()
  return lines.flatMap(line => reader.read(line))
}

const vertex = (more: object): string => JSON.stringify({ vertexes: [{ digest: 'sha256:1', name: 'RUN x', ...more }] })
const log = (text: string | Buffer): string =>
  JSON.stringify({ logs: [{ vertex: 'sha256:1', data: Buffer.from(text).toString('base64') }] })

describe('ProgressReader', () => {
  it('tells a recorded failing build', () => {
    const events = readAll(recorded('rawjson-failed-step'))
    expect(events.filter(({ kind }) => kind !== 'message' && kind !== 'done')).toEqual([
      {
        kind: 'step',
        name: expect.stringMatching(/^\[1\/3\] FROM docker.io\/library\/debian:bookworm@sha256:/) as string,
      },
      { kind: 'step', name: '[2/3] RUN echo one' },
      { kind: 'log', text: 'one' },
      { kind: 'step', name: '[3/3] RUN echo two &&   false' },
      { kind: 'log', text: 'two' },
      {
        kind: 'failed',
        name: '[3/3] RUN echo two &&   false',
        error: 'process "/bin/sh -c echo two &&   false" did not complete successfully: exit code: 1',
      },
    ])
    expect(events.at(-1)).toMatchObject({
      kind: 'message',
      text: expect.stringMatching(/^ERROR: failed to build/) as string,
    })
  })

  it('tells a recorded build that succeeds, without progress bars', () => {
    const events = readAll(recorded('rawjson-built'))
    expect(events.some(({ kind }) => kind === 'failed' || kind === 'message')).toBe(false)
    expect(events).toContainEqual({
      kind: 'log',
      text: expect.stringMatching(/^\(Reading database \.\.\. \d+ files/) as string,
    })
    expect(events.filter(event => event.kind === 'log' && event.text.includes('%')).length).toBe(0)
  })

  it('says a cached step once, as cached', () => {
    const lines = [
      vertex({ started: 't', cached: true }),
      vertex({ started: 't', completed: 't', cached: true }),
      vertex({ started: 't', completed: 't', cached: true }),
    ]
    expect(readAll(lines)).toEqual([
      { kind: 'done', step: { digest: 'sha256:1', name: 'RUN x', cached: true, duration: 0 } },
    ])
  })

  it('keeps quiet about internal steps, unless they fail', () => {
    const internal = { name: '[internal] load build definition', started: 't', completed: 't' }
    expect(readAll([vertex(internal)])).toEqual([])
    expect(readAll([vertex({ ...internal, cached: true })])).toEqual([])
    expect(readAll([vertex({ ...internal, error: 'no such file' })])).toMatchObject([{ kind: 'failed' }])
  })

  it('puts lines and characters together that come in pieces', () => {
    const bytes = Buffer.from('añadir\nrest')
    const lines = [log(bytes.subarray(0, 2)), log(bytes.subarray(2)), vertex({ started: 't', completed: 't' })]
    expect(readAll(lines).filter(({ kind }) => kind === 'log')).toEqual([
      { kind: 'log', text: 'añadir' },
      { kind: 'log', text: 'rest' },
    ])
  })

  it.each(['ERROR: no builder', '{not json', '{"vertexes": 5}', 'null'])(
    'takes %s for the client’s own words',
    line => {
      expect(readAll([line, ''])).toEqual([{ kind: 'message', text: line }])
    },
  )

  it('takes any line at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), line => {
        expect(() => readAll([line])).not.toThrow()
      }),
    )
  })
})

describe('parseFailingLines', () => {
  it('reads the marked lines of the excerpt', () => {
    expect(parseFailingLines(recorded('rawjson-failed-step'))).toEqual({ start: 3, end: 4 })
  })

  it('has none where none is marked', () => {
    expect(parseFailingLines(['ERROR: failed to solve'])).toBeUndefined()
  })
})
