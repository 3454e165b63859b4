/** One engine, each store: Docker's containerd store, its graphdriver store (new and old), and a builder without any. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProvenance } from '../../src/build/provenance.js'
import { ConfigurationError, ToolError } from '../../src/errors.js'
import { placeByProvenance } from '../../src/explain/provenance.js'
import type { BuildResult, ExportedImage } from '../../src/ports.js'
import { engineAt, idOf, requestOf, stores, tag } from '../engines.js'
import { bed, clean, removeTemporaryFolders, run, temporaryFolder } from '../testbed.js'

const anId = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string

afterAll(removeTemporaryFolders)

/** The lines that made the layers, as the record of the build has them. */
function placesOf(
  result: BuildResult | undefined,
  layers: ExportedImage['layers'],
): (number | undefined)[] | undefined {
  const steps = result?.status === 'built' ? readProvenance(result.provenance) : []
  const known = layers.map(({ digest }) => ({ diffId: '', byBuildKit: true, digest }))
  return placeByProvenance(known, steps, undefined)?.map(lines => lines?.start)
}

describe.each(stores)('DockerEngine on %s', (_, where, records) => {
  const { engine, tempDir } = engineAt(where)

  beforeAll(() => engine.prepare())

  it('tells its versions', async () => {
    const info = await engine.prepare()
    expect(info.serverVersion).toMatch(/\d/)
    expect(info.buildxVersion).toMatch(/^v?\d/)
    expect(info.builder?.name).toBe(where.builder)
  })

  it('builds, exports all together by ID with every shared layer once, and leaves nothing', async () => {
    const lines: string[] = []
    const tags = [tag, `${tag}-2`]
    const results = await Promise.all(
      ['true', 'echo 2 > /two'].map((command, index) =>
        engine.build(requestOf(`FROM debian:bookworm\nRUN ${command}\n`, { tag: tags[index] ?? '' }), line =>
          lines.push(line),
        ),
      ),
    )
    expect(results).toMatchObject([
      { status: 'built', imageId: anId },
      { status: 'built', imageId: anId },
    ])
    expect(lines.some(line => line.startsWith('{"vertexes"'))).toBe(true)
    const exported = await engine.withExport(results.map(idOf), async all => {
      const images = results.map(result => all.image(idOf(result)))
      for (const { layoutDir, digests, layers } of images) {
        expect(readFileSync(join(layoutDir, 'index.json'), 'utf8')).toContain(digests.manifest)
        for (const { digest } of layers) {
          const file = join(layoutDir, 'blobs/sha256', digest.replace('sha256:', ''))
          expect((await run('sha256sum', [file])).stdout).toContain(digest.replace('sha256:', ''))
        }
      }
      return images
    })
    for (const [at, { layers }] of exported.entries()) {
      expect(placesOf(results[at], layers)).toEqual(records ? [1, 2] : undefined)
    }
    const [one, two] = exported.map(({ digests }) => digests)
    expect(one?.diffIds).toHaveLength(2)
    expect(one?.diffIds[0]).toBe(two?.diffIds[0])
    expect(one?.diffIds[1]).not.toBe(two?.diffIds[1])
    expect(one?.config).not.toBe(two?.config)
    await engine.clean()
    expect(readdirSync(tempDir)).toEqual([])
    expect((await run('docker', ['image', 'inspect', tag], where)).exitCode).not.toBe(0)
  })

  it('takes nothing from before a run, and runs what two images of it share once', async () => {
    const dockerfile = 'FROM debian:bookworm\nRUN date +%s%N > /when\n'
    const build = async (freshFor?: string): Promise<string> => {
      const fresh = { host: `${freshFor ?? ''}.org:10.0.0.1`, cacheMounts: freshFor ?? '', pull: true }
      const request = requestOf(dockerfile, freshFor === undefined ? {} : { fresh })
      const id = idOf(await engine.build(request, () => undefined))
      return engine.withExport([id], async all => all.image(id).digests.diffIds[1] ?? '')
    }
    const before = await build()
    const first = await build('run-1')
    expect(await build('run-1')).toBe(first)
    expect(await build('run-2')).not.toBe(first)
    expect(before).not.toBe(first)
    expect(await build()).toBe(before)
    await engine.clean()
  })

  it('hands on build arguments, and builds for a platform', async () => {
    const dockerfile = 'FROM scratch\nARG NAME\nLABEL name=$NAME\nCOPY Dockerfile /\n'
    const request = requestOf(dockerfile, { buildArgs: ['NAME=a=b, c'], platform: 'linux/arm64' })
    const id = idOf(await engine.build(request, () => undefined))
    const config = await engine.withExport([id], async all => {
      const { layoutDir, digests } = all.image(id)
      return readFileSync(join(layoutDir, 'blobs/sha256', digests.config.replace('sha256:', '')), 'utf8')
    })
    expect(JSON.parse(config)).toMatchObject({ architecture: 'arm64', config: { Labels: { name: 'a=b, c' } } })
    await engine.clean()
  })

  it('hands over each line of progress whole, also where many steps are told in one', async () => {
    const lines: string[] = []
    const steps = Array.from(
      { length: 60 },
      (_, at) => `COPY Dockerfile /${'x'.repeat(200)}/${'y'.repeat(200)}${String(at)}`,
    )
    await engine.build(requestOf(['FROM scratch', ...steps, ''].join('\n')), line => lines.push(line))
    const progress = lines.filter(line => line.startsWith('{'))
    expect(Math.max(...progress.map(line => line.length))).toBeGreaterThan(16 * 1024)
    for (const line of progress) expect(() => JSON.parse(line) as unknown).not.toThrow()
    await engine.clean()
  })

  it('takes a build that fails for a result', async () => {
    const lines: string[] = []
    expect(await engine.build(requestOf('FROM debian:bookworm\nRUN exit 3\n'), line => lines.push(line))).toEqual({
      status: 'failed',
      exitCode: 1,
    })
    expect(lines.join('\n')).toContain('exit code: 3')
  })

  it('ends a build that takes too long, and one that nobody wants any more', async () => {
    const slow = 'FROM debian:bookworm\nRUN sleep 120\n'
    expect(await engine.build(requestOf(slow, { timeout: 2000 }), () => undefined)).toEqual({ status: 'timed-out' })
    const stop = new AbortController()
    const building = engine.build(requestOf(slow, { signal: stop.signal }), () => undefined)
    setTimeout(() => {
      stop.abort(new ToolError('no scanner', 'Mend it.'))
    }, 1000)
    await expect(building).rejects.toThrow('no scanner')
  })
})

describe('DockerEngine', () => {
  it('says which image the engine does not have any more, and still exports the others', async () => {
    const { engine } = engineAt()
    await engine.prepare()
    const gone = `sha256:${'0'.repeat(64)}`
    await expect(engine.withExport([gone], async () => Promise.resolve())).rejects.toThrow('has none of the images')
    const id = idOf(await engine.build(requestOf(clean), () => undefined))
    await engine.withExport([gone, id], async all => {
      expect(all.image(id).digests.manifest).toBe(id)
      expect(() => all.image(gone)).toThrow('the engine did not export the image')
      expect(existsSync(all.image(id).layoutDir)).toBe(true)
    })
    await engine.clean()
  })

  it.each([
    ['no engine answers', { DOCKER_HOST: 'unix:///no/such/docker.sock' }, 'the Docker engine does not answer'],
    ['the client has no buildx', { DOCKER_CONFIG: temporaryFolder() }, 'the docker client has no buildx'],
  ])('says so when %s', async (_, env, message) => {
    const { engine } = engineAt({ env })
    // A machine whose client brings its own buildx cannot be without.
    const builtIn = 'DOCKER_CONFIG' in env && (await run('docker', ['buildx', 'version'], { env })).exitCode === 0
    await (builtIn
      ? expect(engine.prepare()).resolves.toBeDefined()
      : expect(engine.prepare()).rejects.toThrow(message))
    await (builtIn ? Promise.resolve() : expect(engine.prepare()).rejects.toThrow(ToolError))
  })

  it('takes the images from the engine that builds them, where the builder is a context', async () => {
    const name = 'image-gate-test-context'
    const host = bed.oldEngine.env['DOCKER_HOST'] ?? ''
    await run('docker', ['context', 'create', name, '--docker', `host=${host}`])
    try {
      const { engine } = engineAt({ builder: name })
      expect((await engine.prepare()).serverVersion).toBe(bed.oldEngine.version)
      const id = idOf(await engine.build(requestOf(clean), () => undefined))
      await engine.withExport([id], async all => {
        expect(all.image(id).digests.config).toBe(id)
      })
      await engine.clean()
    } finally {
      await run('docker', ['context', 'rm', '--force', name])
    }
  })

  it('says so when the builder does not exist', async () => {
    const preparing = engineAt({ builder: 'no-such-builder' }).engine.prepare()
    await expect(preparing).rejects.toThrow("builder: 'no-such-builder' cannot be used: ERROR: no builder")
    await expect(preparing).rejects.toThrow(ConfigurationError)
  })

  it('says so when the builder does not run', async () => {
    const env = { BUILDX_CONFIG: temporaryFolder() }
    const create = ['buildx', 'create', '--name', 'dead', '--driver', 'remote', 'unix:///no/such/buildkitd.sock']
    expect((await run('docker', create, { env })).exitCode).toBe(0)
    await expect(engineAt({ env, builder: 'dead' }).engine.prepare()).rejects.toThrow('the builder dead does not run')
  }, 180_000)
})
