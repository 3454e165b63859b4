/** One engine, each store: Docker's containerd store, its graphdriver store (new and old), and a builder without any. */
import { existsSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { proxySecrets, withGivenLogins, withOwnLogins } from '../../src/adapters/docker-config.js'
import { DockerEngine } from '../../src/adapters/docker-engine.js'
import { dockerEnvironment } from '../../src/adapters/environment.js'
import { createRunProcess, type Environment } from '../../src/adapters/process.js'
import { ProgressReader } from '../../src/build/progress.js'
import { readProvenance } from '../../src/build/provenance.js'
import { ConfigurationError, ToolError } from '../../src/errors.js'
import { placeByProvenance } from '../../src/explain/provenance.js'
import type { BuildRequest, BuildResult, ExportedImage } from '../../src/ports.js'
import { bed, clean, removeTemporaryFolders, repositoryWith, run, temporaryFolder } from '../testbed.js'

interface Where {
  readonly env?: Readonly<Record<string, string>>
  readonly builder?: string
  readonly secrets?: readonly string[]
}

/** Where the client has its plugins: a configuration of the test bed, or of the machine. */
const plugins = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker')

function engineAt({ env = {}, builder, secrets = [] }: Where = {}): { engine: DockerEngine; tempDir: string } {
  const tempDir = temporaryFolder()
  const engine = new DockerEngine({
    run: createRunProcess(new AbortController().signal),
    runCleaning: createRunProcess(new AbortController().signal),
    env: { ...dockerEnvironment(process.env), ...env },
    tempDir,
    secrets,
    ...(builder === undefined ? {} : { builder }),
  })
  return { engine, tempDir }
}

const tag = 'image-gate/test/engine:gate'

function requestOf(dockerfile: string, more: Partial<BuildRequest> = {}): BuildRequest {
  const contextDir = repositoryWith({ Dockerfile: dockerfile })
  return { contextDir, dockerfile: join(contextDir, 'Dockerfile'), tag, buildArgs: [], timeout: 60_000, ...more }
}

/** Docker itself, also where a builder beside it is meant. */
const dockerOf = ({ env = {}, builder }: Where): Record<string, string> => (builder === undefined ? { ...env } : {})

const idOf = (result: BuildResult): string => (result.status === 'built' ? result.imageId : result.status)

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

/** The last: whether the engine records how it built. */
const stores: [string, Where, boolean][] = [
  ['the containerd store', {}, true],
  ['the overlay2 store of a current Docker', { env: bed.overlayEngine.env }, true],
  ['the graphdriver store of Docker 20.10', { env: bed.oldEngine.env }, false],
  ['a builder', { env: bed.buildkit.env, builder: bed.buildkit.builder }, true],
]

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

  it('asks the registry which base image is meant, and takes that of the engine only where it must', async () => {
    const base = `${bed.registry.address}/image-gate-test/base:${String(process.pid)}`
    const make = async (text: string): Promise<void> => {
      const args = ['--quiet', '--provenance=false', '--load', '--tag', base, repositoryWith({ Dockerfile: text })]
      expect((await run('docker', ['buildx', 'build', ...args], { env: dockerOf(where) })).exitCode).toBe(0)
    }
    await make('FROM scratch\nCOPY Dockerfile /registry\n')
    expect((await run('docker', ['push', '--quiet', base], { env: dockerOf(where) })).exitCode).toBe(0)
    await make('FROM scratch\nCOPY Dockerfile /engine\n')
    const build = async (file: string, pull: boolean): Promise<BuildResult['status']> => {
      const fresh = { host: 'x.org:10.0.0.1', cacheMounts: 'x', pull }
      const dockerfile = `FROM ${base} AS base\nFROM scratch\nCOPY --from=base ${file} /\nCOPY --from=${base} ${file} /again\n`
      return (await engine.build(requestOf(dockerfile, { fresh }), () => undefined)).status
    }
    expect(await build('/registry', true)).toBe('built')
    expect(await build('/engine', true)).toBe('failed')
    // A builder of its own has no images but those of registries.
    expect(await build('/engine', false)).toBe(where.builder === undefined ? 'built' : 'failed')
    expect(await engine.holds(base)).toBe(where.builder === undefined)
    expect(await engine.holds('--help')).toBe(false)
    await run('docker', ['image', 'rm', base], { env: dockerOf(where) })
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

  it('builds what lies there, also where size and time of a file are those of before', async () => {
    const own = dockerEnvironment({ ...process.env, ...bed.env, BUILDX_CONFIG: temporaryFolder() })
    const context = repositoryWith({ Dockerfile: 'FROM scratch\nCOPY file /\n', file: '' })
    const build = async (text: string, env: Environment): Promise<string> => {
      writeFileSync(join(context, 'file'), text)
      utimesSync(join(context, 'file'), 1_000_000_000, 1_000_000_000)
      const { engine } = engineAt({ env })
      await engine.prepare()
      const request = { ...requestOf(''), contextDir: context, dockerfile: join(context, 'Dockerfile') }
      const id = idOf(await engine.build(request, () => undefined))
      return engine.withExport([id], async all => all.image(id).digests.diffIds[0] ?? '')
    }
    const twice = async (envOf: () => Promise<Environment>): Promise<boolean> =>
      (await build('good', await envOf())) !== (await build('evil', await envOf()))
    const folder = (): string => join(temporaryFolder(), 'docker')
    expect(await twice(() => withGivenLogins(own, [], folder()))).toBe(true)
    expect(await twice(() => withOwnLogins(own, folder()))).toBe(true)
    // The trap is real: a client that BuildKit knows gets what was there before.
    expect(await twice(async () => Promise.resolve(own))).toBe(false)
  })

  it('shows no login at a proxy that steps get', async () => {
    const config = temporaryFolder()
    const proxies = { default: { httpProxy: 'http://me:s%40crecy@127.0.0.1:9' } }
    writeFileSync(join(config, 'config.json'), JSON.stringify({ proxies }))
    for (const name of ['cli-plugins', 'buildx'].filter(entry => existsSync(join(plugins, entry))))
      symlinkSync(join(plugins, name), join(config, name))
    const env = { DOCKER_CONFIG: config }
    const { engine } = engineAt({ env, secrets: await proxySecrets(env) })
    await engine.prepare()
    const lines: string[] = []
    const command = 'echo "is $HTTP_PROXY" && echo "is s@crecy" && false'
    await engine.build(requestOf(`FROM debian:bookworm\nRUN ${command}\n`), line => lines.push(line))
    const reader = new ProgressReader()
    const said = lines.flatMap(line => reader.read(line)).map(event => JSON.stringify(event))
    expect(said.join('\n')).toContain('is http://***@127.0.0.1:9')
    expect(said.filter(line => /s@crecy|s%40crecy/.test(line))).toEqual([])
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
