import { setImmediate } from 'node:timers/promises'
import { buildImages, buildTag } from '../../src/build/images.js'
import { ToolError } from '../../src/errors.js'
import type { BuildOutcome, ImageContext } from '../../src/model.js'
import type { BuildRequest, BuildResult, Engine } from '../../src/ports.js'
import { takeTurns } from '../../src/turns.js'
import { anImage, RecordingConsole, tickingClock } from '../builders.js'

type Build = (request: BuildRequest, onLine: (line: string) => void) => Promise<BuildResult>

/** An engine that only builds. */
function engineThat(build: Build): Engine {
  const unexpected = (): never => {
    throw new Error('unexpected call')
  }
  const holds = async (): Promise<boolean> => false
  return { build, holds, prepare: unexpected, withExport: unexpected, clean: unexpected }
}

const plan = {
  workspaces: { head: '/repo', base: '/before' },
  runId: 'r1',
  noCache: true,
  pull: true,
  marks: {
    head: { host: 'a.com:10.0.0.1', cacheMounts: 'c1' },
    base: { host: 'a.com:10.0.0.1', cacheMounts: 'c2' },
  },
  buildArgs: ['A=1'],
  timeout: 60_000,
  turns: takeTurns(16),
}

async function run(
  build: Build,
  images: ImageContext[] = [anImage()],
): Promise<{ outcomes: readonly BuildOutcome[]; console: RecordingConsole }> {
  const console = new RecordingConsole()
  const outcomes = await buildImages(images, plan, { engine: engineThat(build), console, clock: tickingClock() })
  return { outcomes, console }
}

const vertex = (name: string, error: string): string =>
  JSON.stringify({ vertexes: [{ digest: name, name, started: 't', completed: 't', error }] })

describe('buildImages', () => {
  it('asks for a fresh build of the context, under a name of this run', async () => {
    const requests: BuildRequest[] = []
    const { outcomes } = await run(async request => {
      requests.push(request)
      return { status: 'built', imageId: 'sha256:1' }
    })
    expect(requests).toEqual([
      {
        contextDir: '/repo/images/web',
        dockerfile: '/repo/images/web/Dockerfile',
        tag: 'image-gate/r1/web:head',
        fresh: { host: 'a.com:10.0.0.1', cacheMounts: 'c1', pull: true },
        buildArgs: ['A=1'],
        timeout: 60_000,
      },
    ])
    expect(outcomes).toEqual([
      {
        status: 'built',
        image: anImage(),
        imageId: 'sha256:1',
        steps: [],
        provenance: [],
        baseImages: [],
        duration: 1000,
      },
    ])
  })

  it('lets the other images build when one fails, times out, or has no engine any more', async () => {
    const results: Record<string, BuildResult | Error> = {
      a: { status: 'failed', exitCode: 1 },
      b: { status: 'timed-out' },
      c: new ToolError('the engine is gone', 'Start it.'),
      d: { status: 'built', imageId: 'sha256:4' },
    }
    const { outcomes } = await run(
      async ({ tag }) => {
        const result = results[tag.split('/')[2]?.split(':')[0] ?? '']
        if (result === undefined || result instanceof Error) throw result ?? new Error(tag)
        return result
      },
      ['a', 'b', 'c', 'd'].map(name => anImage(name)),
    )
    expect(outcomes.map(outcome => (outcome.status === 'failed' ? outcome.failure.message : 'built'))).toEqual([
      'the build failed: docker buildx build ended with exit code 1',
      'the build timed out after 60 s',
      'could not be built: the engine is gone',
      'built',
    ])
  })

  it('names the failing step, its lines, and the end of the log; not the steps that were cancelled with it', async () => {
    const { outcomes, console } = await run(async (_, onLine) => {
      onLine(vertex('[2/3] RUN make', 'exit code: 2'))
      onLine(vertex('[other 1/1] RUN sleep', 'Canceled: context canceled'))
      const data = Buffer.from(Array.from({ length: 30 }, (_, index) => `line ${String(index)}\n`).join('')).toString(
        'base64',
      )
      onLine(JSON.stringify({ logs: [{ vertex: 'v', data }] }))
      onLine('   3 | >>> RUN make')
      onLine('ERROR: failed to solve')
      return { status: 'failed', exitCode: 1 }
    })
    expect(outcomes[0]).toMatchObject({
      failure: { message: 'the build failed: [2/3] RUN make: exit code: 2', lines: { start: 3, end: 3 } },
    })
    const log = outcomes[0]?.status === 'failed' ? outcomes[0].failure.log : []
    expect(log).toHaveLength(20)
    expect(log.at(-1)).toBe('line 29')
    expect(console.lines).toContain('| => FAILED [2/3] RUN make: exit code: 2')
    expect(console.lines.at(-2)).toBe('<')
  })

  it('shows steps, cached steps and logs in the group of the image', async () => {
    const { console } = await run(async (_, onLine) => {
      onLine(JSON.stringify({ vertexes: [{ digest: '1', name: 'RUN a', started: 't' }] }))
      onLine(JSON.stringify({ vertexes: [{ digest: '2', name: 'RUN b', started: 't', completed: 't', cached: true }] }))
      onLine(JSON.stringify({ logs: [{ vertex: '1', data: Buffer.from('hello\n').toString('base64') }] }))
      return { status: 'built', imageId: 'sha256:1' }
    })
    expect(console.lines).toEqual(['> Build web', '| => RUN a', '| => cached RUN b', '|    hello', '<'])
  })

  it('builds together, and tells the logs one after another in the images’ order, the first one live', async () => {
    const names = ['a', 'b', 'c']
    const finish = new Map<string, () => void>()
    const say = (line: string): string => JSON.stringify({ vertexes: [{ digest: line, name: line, started: 't' }] })
    const console = new RecordingConsole()
    const engine = engineThat(async ({ tag }, onLine) => {
      const name = names.find(known => tag.includes(`/${known}:`)) ?? ''
      onLine(say(`first of ${name}`))
      await new Promise<void>(resolve => finish.set(name, resolve))
      onLine(say(`last of ${name}`))
      return { status: 'built', imageId: name }
    })
    const building = buildImages(
      names.map(name => anImage(name)),
      plan,
      { engine, console, clock: tickingClock() },
    )
    await setImmediate()
    expect([...finish.keys()]).toEqual(names)
    expect(console.lines).toEqual(['> Build a', '| => first of a'])
    for (const name of ['c', 'b', 'a']) finish.get(name)?.()
    const outcomes = await building
    expect(outcomes.map(({ image }) => image.name)).toEqual(names)
    expect(console.lines).toEqual(
      names.flatMap(name => [`> Build ${name}`, `| => first of ${name}`, `| => last of ${name}`, '<']),
    )
  })

  it('takes no more turns than it is given, and builds all of them in the end', async () => {
    let running = 0
    let most = 0
    const { outcomes } = await run(
      async () => {
        running += 1
        most = Math.max(most, running)
        await setImmediate()
        running -= 1
        return { status: 'built', imageId: 'x' }
      },
      Array.from({ length: 50 }, (_, index) => anImage(`image-${String(index)}`)),
    )
    expect(outcomes).toHaveLength(50)
    expect(most).toBe(16)
  })

  it('asks for the platform, for what is there already, and for an end, where it is told to', async () => {
    const requests: BuildRequest[] = []
    const { signal } = new AbortController()
    const engine = engineThat(async request => {
      requests.push(request)
      return { status: 'built', imageId: 'x' }
    })
    const other = { ...plan, noCache: false, platform: 'linux/arm64', signal }
    await buildImages([anImage()], other, { engine, console: new RecordingConsole(), clock: tickingClock() })
    expect(requests[0]).toMatchObject({ platform: 'linux/arm64', signal })
    expect(requests[0]).not.toHaveProperty('fresh')
  })

  it('tells how far each image is, and keeps its steps', async () => {
    const { outcomes, console } = await run(async (_, onLine) => {
      const step = { digest: 'd1', name: '[linux/amd64 stage-1 2/3] RUN make', started: '2026-01-01T00:00:00Z' }
      onLine(JSON.stringify({ vertexes: [step] }))
      onLine(JSON.stringify({ vertexes: [{ ...step, completed: '2026-01-01T00:00:02.5Z' }] }))
      return { status: 'built', imageId: 'x' }
    })
    expect(console.stages).toEqual(['web: waiting', 'web: building', 'web: building 2/3', 'web: built'])
    const { name, duration } = outcomes[0]?.steps[0] ?? {}
    expect({ name, duration }).toEqual({ name: '[linux/amd64 stage-1 2/3] RUN make', duration: 2500 })
  })

  it.each([
    [
      'nope:1: failed to resolve source metadata: 429 Too Many Requests (toomanyrequests)',
      'the base image docker.io/library/nope:1 cannot be pulled, the registry limits how often it may be asked',
      'input registry-credentials',
    ],
    [
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope',
      'cannot be pulled, it does not exist, or credentials for it are missing',
      'if the image is private, give a login',
    ],
    ['docker.io/library/nope:1: not found', 'cannot be pulled, it does not exist', 'Check the name and the tag'],
    [
      'no match for platform in manifest: not found',
      'it does not exist for this platform',
      'change the input platform',
    ],
    ['dial tcp: i/o timeout', 'its registry did not answer as it should', 'Check the network'],
    ['write /var/lib/x: no space left on device', 'the disk is full', 'Free space on the disk'],
  ])('explains why a base image cannot be had: %s', async (error, what, advice) => {
    const { outcomes } = await run(async (_, onLine) => {
      onLine(vertex('[internal] load metadata for docker.io/library/nope:1', error))
      return { status: 'failed', exitCode: 1 }
    })
    expect(outcomes[0]).toMatchObject({
      failure: {
        message: expect.stringContaining(what) as string,
        advice: expect.stringContaining(advice) as string,
      },
    })
  })

  it('explains a step that was killed', async () => {
    const { outcomes } = await run(async (_, onLine) => {
      onLine(vertex('[2/2] RUN make', 'process "make" did not complete successfully: exit code: 137'))
      return { status: 'failed', exitCode: 1 }
    })
    expect(outcomes[0]).toMatchObject({ failure: { advice: expect.stringContaining('max-parallel') as string } })
  })

  it('keeps only the end of a log that waits for its turn', async () => {
    let finish = (): void => undefined
    const { console } = await run(
      async ({ tag }, onLine) => {
        if (tag.includes('/a:')) await new Promise<void>(resolve => (finish = resolve))
        else {
          for (let line = 0; line < 5000; line += 1) onLine(`line ${String(line)}`)
          finish()
        }
        return { status: 'built', imageId: 'x' }
      },
      [anImage('a'), anImage('b')],
    )
    expect(console.lines.filter(line => line.startsWith('| line'))).toHaveLength(2000)
    expect(console.lines.at(-2)).toBe('| line 4999')
  })

  it('falls back to the client’s own words', async () => {
    const { outcomes } = await run(async (_, onLine) => {
      onLine('ERROR: no builder "x" found')
      return { status: 'failed', exitCode: 1 }
    })
    expect(outcomes[0]).toMatchObject({
      failure: { message: 'the build failed: no builder "x" found', log: ['ERROR: no builder "x" found'] },
    })
  })

  it('does not build what was refused', async () => {
    const refused = anImage('web', { refusal: 'it is a link that leads nowhere' })
    const { outcomes } = await run(async () => Promise.reject(new Error('built')), [refused])
    expect(outcomes[0]).toMatchObject({ failure: { message: 'refused: it is a link that leads nowhere' } })
  })

  it('lets a defect through', async () => {
    await expect(run(async () => Promise.reject(new TypeError('defect')))).rejects.toThrow(TypeError)
  })
})

describe('a defect in one build', () => {
  it('is thrown when all have ended, however early it happens', async () => {
    const ended: string[] = []
    const building = run(
      async ({ tag }) => {
        if (tag.includes('/b:')) throw new TypeError('defect')
        await setImmediate()
        await setImmediate()
        ended.push(tag)
        return { status: 'built', imageId: 'sha256:1' }
      },
      [anImage('a'), anImage('b')],
    )
    await expect(building).rejects.toThrow('defect')
    expect(ended).toHaveLength(1)
  })

  it('has the image of before under a name of its own', () => {
    expect(buildTag(anImage('web', { revision: 'base' }), 'r1')).toBe('image-gate/r1/web:base')
  })
})

describe('buildTag', () => {
  it('uses the safe name', () => {
    expect(buildTag(anImage('Web', { safeName: 'web-1' }), 'r1')).toBe('image-gate/r1/web-1:head')
  })
})
