/** What an engine tells of a build: never an exception, and no line rather than a wrong one. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { buildFailure } from '../../src/build/failure.js'
import { BuildLog } from '../../src/build/log.js'
import { parseFailingLines, ProgressReader, type ProgressEvent } from '../../src/build/progress.js'
import { readProvenance } from '../../src/build/provenance.js'
import { locateLayers } from '../../src/explain/origin.js'
import type { Layer, LineRange, ProvenStep } from '../../src/model.js'
import { anImage, aScan, RecordingConsole } from '../builders.js'
import {
  anyChanges,
  anyTextChanges,
  change,
  changeText,
  hostileText,
  long,
  mutate,
  oddValue,
  pathsOf,
  quickly,
  runs,
  timed,
  toText,
  type Mutation,
} from './arbitraries.js'

const linesOf = (name: string): string[] => readFileSync(`__tests__/recorded/${name}.txt`, 'utf8').split('\n')
const recorded = [...linesOf('rawjson-built'), ...linesOf('rawjson-failed-step')]
const statuses = recorded.filter(line => line.startsWith('{"vertexes"') || line.startsWith('{"logs"'))

function tell(lines: readonly string[]): { events: ProgressEvent[]; log: BuildLog } {
  const reader = new ProgressReader()
  const log = new BuildLog(() => undefined)
  log.tellTo(new RecordingConsole())
  const events = lines.flatMap(line => reader.read(line))
  events.forEach(event => {
    log.add(event)
  })
  return { events, log }
}

const isRange = ({ start, end }: LineRange): boolean =>
  Number.isSafeInteger(start) && Number.isSafeInteger(end) && start > 0 && start <= end

describe('BuildKit’s progress', () => {
  it('is told in texts and times, whatever becomes of it', () => {
    const line = fc.oneof(
      fc.constantFrom(...recorded),
      fc
        .constantFrom(...statuses)
        .chain(text => anyChanges(JSON.parse(text)).map(changes => toText(change(JSON.parse(text), changes)))),
      fc.tuple(fc.constantFrom(...recorded), anyTextChanges).map(([text, changes]) => changeText(text, changes)),
      fc
        .record({ vertexes: fc.oneof(fc.array(oddValue), oddValue), logs: fc.oneof(fc.array(oddValue), oddValue) })
        .map(toText),
      hostileText,
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), lines => {
        const { events, log } = tell(lines)
        for (const event of events) {
          const texts = event.kind === 'done' ? [event.step.digest, event.step.name] : Object.values(event)
          expect(texts.every(text => typeof text === 'string')).toBe(true)
          if (event.kind === 'done') expect(event.step.duration).toBeGreaterThanOrEqual(0)
        }
        const failure = buildFailure(1, log)
        expect(failure.message).toMatch(/^the build failed: /)
        if (failure.lines !== undefined) expect(isRange(failure.lines)).toBe(true)
      }),
      runs(300),
    )
  })

  it('says every word that the client itself says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const line = text.replace(/^\{/, '')
        const expected = line.trim() === '' ? [] : [{ kind: 'message', text: line }]
        expect(tell([line]).events).toEqual(expected)
      }),
      runs(200),
    )
  })

  it('is read quickly when a line never ends', () => {
    const data = Buffer.from('x'.repeat(1000)).toString('base64')
    const line = JSON.stringify({ logs: [{ vertex: 'sha256:1', data }] })
    expect(timed(() => tell(Array<string>(5000).fill(line)))).toBeLessThan(quickly)
    expect(timed(() => tell([`[${' 1'.repeat(long)}`, '{"vertexes":['.repeat(long), '{'.repeat(long)]))).toBeLessThan(
      quickly,
    )
  })
})

describe('the excerpt of a Dockerfile that failed', () => {
  it('names only lines that there can be', () => {
    const line = fc.oneof(
      fc
        .tuple(fc.oneof(fc.nat().map(String), hostileText), hostileText)
        .map(([number, text]) => `  ${number} | >>> ${text}`),
      fc.constantFrom('   0 | >>> x', `${'9'.repeat(30)} | >>> x`, '7 | >>> x', '   3 |     x'),
    )
    fc.assert(
      fc.property(fc.array(line), lines => {
        const found = parseFailingLines(lines)
        if (found !== undefined) expect(isRange(found)).toBe(true)
      }),
      runs(200),
    )
  })
})

/** Which layers there are after each step of `__tests__/build/provenance.json`, and the Dockerfile that it is of. */
const provenance = JSON.parse(readFileSync('__tests__/build/provenance.json', 'utf8')) as unknown
const dockerfile = [
  ...[
    '# syntax',
    'FROM debian AS base',
    'WORKDIR /app',
    'RUN touch /a',
    'RUN <<EOF',
    'touch /b',
    'EOF',
    '',
    'FROM base AS side',
  ],
  ...[
    'RUN touch /x',
    '',
    'FROM base',
    'COPY --from=side /x /x',
    'COPY --link f /f',
    '',
    'RUN --mount=type=cache,target=/c \\',
  ],
  ...['  touch /cc', 'WORKDIR /app', 'RUN true', ''],
].join('\n')
const steps = readProvenance(provenance)
const layers = (steps.at(-1)?.results[0] ?? []).map((digest, at): Layer => ({
  digest,
  diffId: `sha256:${String(at)}`,
  byBuildKit: true,
}))

const place = (proven: readonly ProvenStep[], text = dockerfile): (LineRange | undefined)[] => {
  const origins = locateLayers({ image: anImage(), scan: aScan({ layers }) }, proven, text)
  return layers.map(({ diffId }) => origins.get(diffId)?.lines)
}

describe('BuildKit’s provenance', () => {
  const truth = place(steps)

  it('is what these tests believe', () => {
    expect(truth.map(lines => lines?.start)).toEqual([2, 3, 4, 5, 13, 14, 16, 18, 19])
  })

  it('gives lines of the Dockerfile or none, whatever becomes of it', () => {
    fc.assert(
      fc.property(anyChanges(provenance), fc.nat(19), (changes, kept) => {
        const read = readProvenance(JSON.parse(toText(change(provenance, changes))))
        expect(read.flatMap(({ instructions }) => instructions).every(isRange)).toBe(true)
        const shorter = dockerfile.split('\n').slice(0, kept).join('\n')
        for (const text of [dockerfile, shorter]) {
          const last = text.split('\n').length
          for (const lines of place(read, text))
            if (lines !== undefined) expect(isRange(lines) && lines.end <= last).toBe(true)
        }
      }),
      runs(300),
    )
  })

  it('gives the right line or none as soon as one thing in it is of another kind', () => {
    const mutations: readonly Mutation[] = [
      ...(['delete', 'wrap', 'empty'] as const).map(kind => ({ kind })),
      ...[null, true, 0, 1.5, '1', [], {}].map((value): Mutation => ({ kind: 'replace', value })),
    ]
    const known = JSON.stringify(steps)
    const wrong = pathsOf(provenance).flatMap(path =>
      mutations.flatMap(mutation => {
        // An instruction of several lines may lose one of its ranges, and is a shorter one then.
        if (mutation.kind === 'delete' && path.at(-2) === 'ranges') return []
        const read = readProvenance(mutate(provenance, path, mutation))
        if (read.length === 0 || JSON.stringify(read) === known) return []
        const isRight = place(read).every((lines, at) => lines === undefined || lines.start === truth[at]?.start)
        return isRight ? [] : [`${JSON.stringify(mutation)} ${path.join('.')}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  it('of any other kind says nothing', () => {
    fc.assert(
      fc.property(oddValue, fc.jsonValue(), (value, json) => {
        expect(readProvenance(value)).toEqual([])
        expect(readProvenance(json)).toEqual([])
        expect(readProvenance({ buildConfig: { llbDefinition: value } })).toEqual([])
      }),
      runs(200),
    )
  })
})

describe('an image’s history', () => {
  it('gives lines of the Dockerfile or none, and quickly', () => {
    const told = fc.oneof(
      fc.constantFrom('RUN /bin/sh -c touch /a # buildkit', 'COPY f /f # buildkit', 'WORKDIR /app', 'RUN ', 'COPY '),
      hostileText,
    )
    const layer = fc.record({ diffId: fc.constantFrom('a', 'b', 'c', ''), byBuildKit: fc.boolean(), createdBy: told })
    fc.assert(
      fc.property(fc.array(layer), anyTextChanges, (history, changes) => {
        const text = changeText(dockerfile, changes)
        const last = text.split(/\r?\n/).length
        for (const { lines } of locateLayers(
          { image: anImage(), scan: aScan({ layers: history }) },
          [],
          text,
        ).values()) {
          expect(isRange(lines) && lines.end <= last).toBe(true)
        }
      }),
      runs(200),
    )
    const createdBy = `RUN ${'# buildkit '.repeat(long / 10)}x`
    const slow = aScan({ layers: [{ diffId: 'a', byBuildKit: true, createdBy }] })
    const nested = `FROM a\nRUN ${'['.repeat(long)}`
    expect(timed(() => locateLayers({ image: anImage(), scan: slow }, [], nested))).toBeLessThan(quickly)
  })
})
