import { buildImages } from '../../src/build/images.js'
import type { BuildOutcome } from '../../src/model.js'
import type { Engine } from '../../src/ports.js'
import { takeTurns } from '../../src/turns.js'
import { anImage, RecordingConsole, tickingClock } from '../builders.js'

type Build = Engine['build']

async function buildOne(build: Build, held: readonly string[] = [], pull = true): Promise<BuildOutcome | undefined> {
  const unexpected = (): never => {
    throw new Error('unexpected call')
  }
  const holds = async (name: string): Promise<boolean> => held.includes(name)
  const engine: Engine = { build, holds, prepare: unexpected, withExport: unexpected, clean: unexpected }
  const mark = { host: 'a.com:10.0.0.1', cacheMounts: 'c' }
  const plan = {
    ...{ workspaces: { head: '/repo', base: '/before' }, runId: 'r1', buildArgs: [], timeout: 60_000 },
    ...{ noCache: true, pull, marks: { head: mark, base: mark }, turns: takeTurns(1) },
  }
  const ports = { engine, console: new RecordingConsole(), clock: tickingClock() }
  return (await buildImages([anImage()], plan, ports))[0]
}

const vertex = (name: string, error: string): string =>
  JSON.stringify({ vertexes: [{ digest: name, name, started: 't', completed: 't', error }] })

describe('base images', () => {
  it('says how to build on a base image that only the engine has, where that is not the way already', async () => {
    const name = 'docker.io/library/nope:1'
    const adviceFor = async (held: readonly string[], pull: boolean): Promise<string> => {
      const build: Build = async (_, onLine) => {
        onLine(vertex(`[internal] load metadata for ${name}`, `${name}: not found`))
        return { status: 'failed', exitCode: 1 }
      }
      const outcome = await buildOne(build, held, pull)
      return outcome?.status === 'failed' ? outcome.failure.advice : ''
    }
    expect(await adviceFor([name], true)).toContain('set the input pull to false')
    expect(await adviceFor([], true)).not.toContain('pull')
    expect(await adviceFor([name], false)).not.toContain('pull')
  })

  it('tells which base images were meant', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const step = (name: string): string =>
      JSON.stringify({ vertexes: [{ digest: name, name, started: 't', completed: 't', cached: true }] })
    const outcome = await buildOne(async (_, onLine) => {
      onLine(step(`[build 1/3] FROM docker.io/library/golang:1@${digest}`))
      onLine(step(`FROM example.com/tools:2@${digest}`))
      onLine(step('FROM docker.io/library/golang:1'))
      onLine(step('FROM docker.io/library/old:1'))
      onLine(step(`[build 2/3] RUN echo FROM no/image:1@${digest}`))
      onLine(step('[stage-1 1/2] COPY --from=example.com/tools:2 /x /x'))
      return { status: 'built', imageId: 'x' }
    })
    expect(outcome).toMatchObject({
      baseImages: [
        { name: 'docker.io/library/golang:1', digest },
        { name: 'docker.io/library/old:1' },
        { name: 'example.com/tools:2', digest },
      ],
    })
  })
})
