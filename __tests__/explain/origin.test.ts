import { explainOrigins, locateLayers } from '../../src/explain/origin.js'
import type { JudgedFinding, Layer, Origin, ProvenStep } from '../../src/model.js'
import {
  aFinding,
  aJudged,
  anImage,
  anImageVerdict,
  aScan,
  aVerdict,
  built,
  notScanned,
  someDigests,
} from '../builders.js'

const layer = (diffId: string, createdBy?: string, byBuildKit = createdBy?.endsWith('# buildkit') ?? false): Layer => ({
  diffId,
  byBuildKit,
  ...(createdBy === undefined ? {} : { createdBy }),
})
const base = [layer('b0', '/bin/sh -c #(nop) ADD file:1 in /')]

const locate = (
  layers: readonly Layer[],
  dockerfile: string,
  steps: readonly ProvenStep[] = [],
): ReadonlyMap<string, Origin> => locateLayers({ image: anImage(), scan: aScan({ layers }) }, steps, dockerfile)

function linesOf(dockerfile: string, layers: readonly Layer[]): Record<string, number | undefined> {
  const origins = locate(layers, dockerfile)
  return Object.fromEntries(layers.map(({ diffId }) => [diffId, origins.get(diffId)?.lines.start]))
}

describe('locateLayers', () => {
  it('ties each layer to its instruction, and the base image to FROM', () => {
    const dockerfile = 'FROM debian\nRUN apt-get install \\\n  wget\nENV A=1\nCOPY x /x\n'
    const layers = [
      ...base,
      layer('r', 'RUN /bin/sh -c apt-get install   wget # buildkit'),
      layer('c', 'COPY x /x # buildkit'),
    ]
    expect(linesOf(dockerfile, layers)).toEqual({ b0: 1, r: 2, c: 5 })
    expect(locate(layers, dockerfile).get('b0')).toMatchObject({
      fromBase: true,
      instruction: 'FROM debian',
    })
    expect(locate(layers, dockerfile).get('r')).toMatchObject({
      fromBase: false,
      lines: { start: 2, end: 3 },
      instruction: 'RUN apt-get install wget',
    })
  })

  it('believes no record of lines that the Dockerfile does not have', () => {
    const layers = [{ ...layer('b0'), digest: 'x' }]
    const steps = [{ results: [['x']], instructions: [{ start: 1, end: 9 }] }]
    expect(locate(layers, 'FROM debian\n', steps).get('b0')?.lines).toEqual({ start: 1, end: 1 })
    expect(locate(layers, '', steps).size).toBe(0)
  })

  it('is not misled by a base image that BuildKit made too', () => {
    const layers = [layer('b0', 'RUN /bin/sh -c make # buildkit'), layer('r', 'RUN /bin/sh -c make # buildkit')]
    expect(linesOf('FROM ours\nRUN make\n', layers)).toEqual({ b0: 1, r: 2 })
  })

  it.each([
    ['build arguments', 'RUN make', 'RUN |1 A=b /bin/sh -c make # buildkit'],
    ['another shell', 'RUN make', 'RUN /bin/bash -o pipefail -c make # buildkit'],
    ['the exec form', 'RUN ["make", "all"]', 'RUN make all # buildkit'],
    ['a here-document', 'RUN <<EOF\nmake\nEOF', 'RUN /bin/sh -c make # buildkit'],
    ['a variable in COPY', 'COPY $A /a', 'COPY x /a # buildkit'],
    ['mounts', 'RUN --mount=type=cache,target=/c make', 'RUN /bin/sh -c make # buildkit'],
  ])('knows a step with %s', (_, instruction, createdBy) => {
    expect(linesOf(`FROM debian\n${instruction}\n`, [...base, layer('x', createdBy)])).toEqual({ b0: 1, x: 2 })
  })

  it('knows that WORKDIR may make a layer or none', () => {
    const dockerfile = 'FROM debian\nWORKDIR /a\nRUN make\n'
    const run = layer('r', 'RUN /bin/sh -c make # buildkit')
    expect(linesOf(dockerfile, [...base, run])).toEqual({ b0: 1, r: 3 })
    expect(linesOf(dockerfile, [...base, layer('w', 'WORKDIR /a # buildkit'), run])).toEqual({ b0: 1, w: 2, r: 3 })
  })

  it.each([
    ['the command is another', 'RUN /bin/sh -c other # buildkit'],
    ['the instruction is another', 'COPY x /x # buildkit'],
    ['the history does not tell', undefined],
    ['another builder made it', 'RUN make'],
  ])('gives no line where %s', (_, createdBy) => {
    expect(linesOf('FROM debian\nRUN make\n', [...base, layer('x', createdBy)])).toEqual({
      b0: undefined,
      x: undefined,
    })
  })

  it('does not take a malformed exec form for a command', () => {
    const layers = [...base, layer('x', 'RUN /bin/sh -c other # buildkit')]
    expect(linesOf('FROM debian\nRUN [make]\n', layers)).toEqual({ b0: undefined, x: undefined })
    expect(linesOf('FROM debian\nRUN ["make"\n', layers)).toEqual({ b0: undefined, x: undefined })
  })

  it('gives what it is sure of, and stops where it is not', () => {
    const layers = [
      ...base,
      layer('x', 'RUN /bin/sh -c other # buildkit'),
      layer('y', 'RUN /bin/sh -c last # buildkit'),
    ]
    expect(linesOf('FROM debian\nRUN make\nRUN last\n', layers)).toEqual({ b0: undefined, x: undefined, y: 3 })
  })

  it('gives nothing for more steps than layers, and nothing without a stage', () => {
    expect(linesOf('FROM scratch\nRUN a\nRUN b\n', [layer('b', 'RUN /bin/sh -c b # buildkit')])).toEqual({ b: 3 })
    expect(linesOf('', base)).toEqual({ b0: undefined })
  })
})

describe('explainOrigins', () => {
  const image = anImage()
  const layers = [...base, layer('r', 'RUN /bin/sh -c make # buildkit')]
  const scan = {
    status: 'scanned',
    image,
    imageId: 'sha256:1',
    digests: someDigests,
    scan: aScan({ layers }),
    duration: 1,
  } as const
  const builds = [built(image)]
  const dockerfiles = new Map([[image, 'FROM debian\nRUN make\n']])

  it('adds the origin to findings whose layer is known', () => {
    const findings = [aJudged({ layer: 'r' }), aJudged({ layer: 'gone' }), aJudged()]
    const explained = explainOrigins(aVerdict([anImageVerdict({ image, findings })]), {
      builds,
      scans: [scan],
      dockerfiles,
    })
    expect(explained.images[0]?.findings.map(({ origin }) => origin?.lines.start)).toEqual([2, undefined, undefined])
    expect(explained.images[0]?.findings[0]?.origin?.file).toBe('images/web/Dockerfile')
  })

  it('does not repeat a command that wrote a secret, whatever else it brought', () => {
    const place = { file: 'images/web/Dockerfile', lines: { start: 2, end: 2 } }
    const check = aJudged({ origin: { ...place, instruction: 'RUN make', fromBase: false } })
    const secret: JudgedFinding = { kind: 'secret', id: 'x', severity: 'HIGH', layer: 'r', ruling: 'gating' }
    const findings = [secret, aJudged({ layer: 'r' }), check, aJudged({ layer: 'b0' })]
    const explained = explainOrigins(aVerdict([anImageVerdict({ image, findings })]), {
      builds,
      scans: [scan],
      dockerfiles,
    })
    const instructions = explained.images[0]?.findings.map(({ origin }) => origin?.instruction)
    expect(instructions).toEqual(['RUN ***', 'RUN ***', 'RUN ***', 'FROM debian'])
  })

  it('leaves images alone that were not scanned or have no Dockerfile', () => {
    const verdict = aVerdict([anImageVerdict({ image, findings: [{ ...aFinding(), ruling: 'gating' }] })])
    expect(explainOrigins(verdict, { builds, scans: [notScanned(image)], dockerfiles })).toEqual(verdict)
    expect(explainOrigins(verdict, { builds, scans: [scan], dockerfiles: new Map() })).toEqual(verdict)
  })
})
