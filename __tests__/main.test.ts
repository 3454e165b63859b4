import { setImmediate } from 'node:timers/promises'
import { IntegrityError, ToolError } from '../src/errors.js'
import { refuse } from '../src/main.js'
import type { Report } from '../src/model.js'
import type { Outlet, Ports, Scanner } from '../src/ports.js'
import { MemoryFiles, RecordingConsole, TestEnding, tickingClock } from './builders.js'
import { FakeEngine, inputsOf, repository, run, scanner } from './gate.js'

describe('gate', () => {
  it('blocks on what an image holds, and says which line brought it', async () => {
    const { report, delivered, console } = await run()
    expect(report.verdict.result).toBe('blocked')
    expect(report.verdict.images.map(({ state }) => state)).toEqual(['vulnerable', 'vulnerable'])
    expect(report.verdict.images[1]?.findings[0]?.origin).toEqual({
      file: 'images/web/Dockerfile',
      lines: { start: 2, end: 3 },
      instruction: 'RUN apt-get update && apt-get install -y --no-install-recommends wget',
      fromBase: false,
    })
    expect(report).toMatchObject({
      imagesRoot: 'images',
      startedAt: '2026-08-02T10:00:01.000Z',
      scanner: { source: 'test' },
    })
    expect(delivered).toEqual([report])
    expect(console.lines).toContain('Images under images: My App, web')
    expect(console.lines).toContain('Not an image: images/docs: no Dockerfile')
    expect(console.lines.some(line => line.startsWith('My App is built as my-app-'))).toBe(true)
  })

  it('does not let an outlet that refuses change anything', async () => {
    const { report, console } = await run()
    expect(report.verdict.result).toBe('blocked')
    expect(console.lines).toContain('warning: The broken outlet could not be written: refused')
  })

  it('cleans up in every outcome', async () => {
    const good = await run()
    expect(good.engine.cleaned).toBe(1)
    expect(good.engine.built[1]).toMatch(/^image-gate\/[0-9a-f]{8}\/web:head$/)
    const bad = await run(({ engine }) => {
      engine.build = async () => Promise.reject(new TypeError('defect'))
    })
    expect(bad.engine.cleaned).toBe(1)
  })

  it('ends the builds when there will be no scanner, and says why', async () => {
    const ended: unknown[] = []
    const { report, engine } = await run(({ engine: fake, scanner: broken }) => {
      broken.prepare = async () => Promise.reject(new ToolError('no repository gave the database', 'Name a mirror.'))
      fake.build = async ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            ended.push(signal.reason)
            reject(signal.reason as Error)
          })
        })
    })
    expect(report.verdict).toMatchObject({
      result: 'error',
      problem: { messages: ['no repository gave the database'] },
    })
    expect(ended).toHaveLength(2)
    expect(engine.cleaned).toBe(1)
  })

  it('fetches the scanner while the images are built', async () => {
    const order: string[] = []
    await run(({ engine, scanner: slow }) => {
      engine.build = async () => {
        order.push('build')
        return { status: 'built', imageId: 'sha256:1' }
      }
      slow.prepare = async () => {
        await setImmediate()
        order.push('prepared')
        return { version: '0.74.0', source: 'test', sha256: 'f'.repeat(64) }
      }
    })
    expect(order).toEqual(['build', 'build', 'prepared'])
  })

  it('tells where the time went, and how each image ended', async () => {
    const { report, console } = await run()
    expect(report.work).toMatchObject({ layers: { distinct: 1, total: 2 }, steps: { ran: 0 } })
    expect(report.work?.build).toBeGreaterThan(0)
    expect(console.stages.filter(stage => stage.startsWith('web: '))).toEqual([
      'web: waiting',
      'web: building',
      'web: built',
      'web: scanning',
      expect.stringMatching(/^web: vulnerable in \d/),
    ])
  })

  it('gates only the images that it is asked for', async () => {
    const { report, console } = await run(undefined, { images: 'web' })
    expect(report.verdict.images.map(({ image, state }) => [image.name, state])).toEqual([
      ['My App', 'skipped'],
      ['web', 'vulnerable'],
    ])
    expect(console.lines).toContain('Skipped, as the input images asks: My App')
  })

  it('passes without images where that is allowed, and asks nobody for anything', async () => {
    const { report, console } = await run(
      ports => {
        Object.assign(ports, { files: new MemoryFiles({ repo: { images: {} } }) })
        ports.engine.prepare = async () => Promise.reject(new Error('asked'))
      },
      { 'allow-empty': 'true' },
    )
    expect(report.verdict).toMatchObject({ result: 'passed', images: [] })
    expect(console.lines).toContain('There is nothing to gate under images.')
  })

  it.each<[string, (ports: Ports & { engine: FakeEngine }) => void, object]>([
    [
      'there are no images',
      ports => Object.assign(ports, { files: new MemoryFiles({ repo: {} }) }),
      { kind: 'configuration', messages: ["images-root: there is no folder 'images' in the repository"] },
    ],
    [
      'there is no engine',
      ({ engine }) =>
        (engine.prepare = async () => Promise.reject(new ToolError('Docker is not installed', 'Install it.'))),
      { kind: 'tool', messages: ['Docker is not installed'], advice: 'Install it.' },
    ],
    [
      'Trivy is not the real one',
      ports => (ports.scanner.prepare = async () => Promise.reject(new IntegrityError('tampered', 'Stop.'))),
      { kind: 'integrity' },
    ],
    [
      'there is a defect',
      ({ engine }) => (engine.prepare = async () => Promise.reject(new TypeError('x is undefined'))),
      { kind: 'unexpected', messages: ['Image Gate failed in a way that it should not: x is undefined'] },
    ],
  ])('ends in error when %s', async (_, change, problem) => {
    const { report, delivered } = await run(change, { 'warn-only': 'true' })
    expect(report.verdict).toMatchObject({ result: 'error', problem })
    expect(delivered).toEqual([report])
  })

  it('keeps the other results when one image cannot be built or scanned', async () => {
    const { report } = await run(ports => {
      ports.engine.build = async ({ tag }) =>
        tag.includes('web') ? { status: 'built', imageId: 'sha256:1' } : { status: 'timed-out' }
    })
    expect(report.verdict.result).toBe('error')
    expect(report.verdict.images.map(({ state }) => state)).toEqual(['build-failed', 'vulnerable'])
  })

  it('does without lines where the Dockerfile cannot be read', async () => {
    const { report, console } = await run(ports => {
      const files = new MemoryFiles(repository)
      const read = files.readText.bind(files)
      const seen = new Set<string>()
      // Once it is there: an image whose Dockerfile never was to be read is refused.
      files.readText = async path => {
        if (seen.has(path)) throw new Error('EACCES')
        seen.add(path)
        return read(path)
      }
      Object.assign(ports, { files })
    })
    expect(report.verdict.result).toBe('blocked')
    expect(report.verdict.images[1]?.findings[0]).not.toHaveProperty('origin')
    expect(console.lines).toContain('debug: images/web/Dockerfile: EACCES')
  })

  it('reads no Dockerfile that was refused', async () => {
    const { report } = await run(ports => {
      Object.assign(ports, { files: new MemoryFiles({ repo: { images: { web: { linkTo: '/etc' } } }, etc: {} }) })
    })
    expect(report.verdict.images).toMatchObject([{ state: 'build-failed' }])
  })
})

describe('a run that is cancelled', () => {
  const cancelled = { kind: 'tool', messages: ['the run was cancelled'], advice: 'Run it again.' }

  it('ends in error with what is known: results stay, and nothing else is scanned', async () => {
    const ending = new TestEnding()
    const { report, delivered, engine } = await run(
      ports => {
        const scanImage: Scanner['scanImage'] = async (...args) => scanner.scanImage(...args)
        let scans = 0
        ports.scanner.scanImage = async (...args) => {
          scans += 1
          if (scans > 1) throw new TypeError('asked again')
          const scanned = await scanImage(...args)
          ending.end()
          return scanned
        }
        Object.assign(ports, { ending })
      },
      { 'warn-only': 'true', 'max-parallel': '1' },
    )
    expect(report.verdict).toMatchObject({
      result: 'error',
      problem: cancelled,
      images: [{ state: 'vulnerable' }, { state: 'scan-failed' }],
    })
    expect(report.verdict.counts.HIGH + report.verdict.counts.CRITICAL).toBeGreaterThan(0)
    expect(delivered).toEqual([report])
    expect(engine.cleaned).toBe(1)
  })

  it('is an error also when all was measured', async () => {
    const ending = new TestEnding()
    const { report } = await run(ports => {
      ports.engine.clean = async () => {
        ending.end()
      }
      Object.assign(ports, { ending })
    })
    expect(report.verdict).toMatchObject({ result: 'error', problem: cancelled })
    expect(report.verdict.images.map(({ state }) => state)).toEqual(['vulnerable', 'vulnerable'])
  })

  it('keeps the outcomes of builds when the scanner was not there yet', async () => {
    const ending = new TestEnding()
    const { report } = await run(ports => {
      ports.engine.build = async ({ tag, signal }) => {
        if (tag.includes('my-app')) return { status: 'failed', exitCode: 1 }
        ending.end()
        expect(signal?.aborted).toBe(true)
        throw new TypeError('gone with its client')
      }
      ports.scanner.prepare = async () => {
        ending.giveUp()
        return new Promise(() => undefined)
      }
      Object.assign(ports, { ending })
    })
    expect(report.verdict).toMatchObject({ result: 'error', problem: cancelled })
    expect(report.verdict.images).toMatchObject([
      { state: 'build-failed', failure: { message: 'the build failed: docker buildx build ended with exit code 1' } },
      { state: 'build-failed', failure: { message: 'could not be built: the run was cancelled' } },
    ])
    expect(report).not.toHaveProperty('scanner')
  })

  it('still says that the scanner was not the real one', async () => {
    const ending = new TestEnding()
    const { report } = await run(ports => {
      ports.scanner.prepare = async () => {
        ending.end()
        throw new IntegrityError('tampered', 'Stop.')
      }
      Object.assign(ports, { ending })
    })
    expect(report.verdict.problem).toMatchObject({ kind: 'integrity', messages: ['tampered'] })
  })

  it('says why before anything was found', async () => {
    const ending = new TestEnding()
    const { report } = await run(ports => {
      ports.engine.prepare = async () => {
        ending.end()
        throw new ToolError('docker was killed', 'Look.')
      }
      Object.assign(ports, { ending })
    })
    expect(report.verdict).toMatchObject({ result: 'error', problem: cancelled, images: [] })
  })
})

describe('refuse', () => {
  it('reports why a run could not start', async () => {
    const delivered: Report[] = []
    const console = new RecordingConsole()
    const outlet: Outlet = { name: 'outlet', deliver: async report => void delivered.push(report) }
    const error = new ToolError('no', 'Then.')
    await refuse(error, inputsOf(), { workspace: '/repo', processors: 2 }, { console, clock: tickingClock() }, [outlet])
    expect(delivered).toMatchObject([{ verdict: { result: 'error', problem: { messages: ['no'], advice: 'Then.' } } }])
    expect(console.lines[0]).toMatch(/^debug: ToolError: no/)
  })
})
