/** What a build takes that was there before: of the engine, of the client, and of registries. */
import { existsSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { proxySecrets, withGivenLogins, withOwnLogins } from '../../src/adapters/docker-config.js'
import { dockerEnvironment } from '../../src/adapters/environment.js'
import type { Environment } from '../../src/adapters/process.js'
import { ProgressReader } from '../../src/build/progress.js'
import type { BuildResult } from '../../src/ports.js'
import { dockerOf, engineAt, idOf, plugins, requestOf, stores } from '../engines.js'
import { bed, removeTemporaryFolders, repositoryWith, run, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

describe.each(stores)('a fresh build on %s', (_, where) => {
  const { engine } = engineAt(where)

  beforeAll(() => engine.prepare())

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
})

describe('a fresh build', () => {
  it('builds with the frontend that its registry has, not with one that the engine has under that name', async () => {
    const frontend = `${bed.registry.address}/image-gate-test/frontend:${String(process.pid)}`
    // With its store, Docker always takes the engine's.
    const { env } = bed.oldEngine
    const { engine } = engineAt({ env })
    await engine.prepare()
    const make = async (text: string): Promise<string> => {
      const args = ['--quiet', '--provenance=false', '--load', '--tag', frontend, repositoryWith({ Dockerfile: text })]
      await run('docker', ['buildx', 'build', ...args], { env })
      return idThere()
    }
    const idThere = async (): Promise<string> =>
      (await run('docker', ['image', 'inspect', '--format', '{{.Id}}', frontend], { env })).stdout.trim()
    const genuine = await make('FROM scratch\nCOPY Dockerfile /genuine\n')
    await run('docker', ['push', '--quiet', frontend], { env })
    const planted = await make('FROM scratch\nCOPY Dockerfile /planted\n')
    const tries = async (pull: boolean): Promise<number> => {
      const said: string[] = []
      const fresh = { host: 'x.org:10.0.0.1', cacheMounts: 'x', pull }
      const request = requestOf(`# syntax=${frontend}\nFROM scratch\nCOPY Dockerfile /\n`, { fresh })
      // Neither is one that works.
      expect((await engine.build(request, line => said.push(line))).status).toBe('failed')
      return said.filter(line => line.startsWith('ERROR: ')).length
    }
    expect([await tries(false), await idThere()]).toEqual([1, planted])
    expect([await tries(true), await idThere()]).toEqual([2, genuine])
    expect(await tries(true)).toBe(1)
    await run('docker', ['image', 'rm', frontend], { env })
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
})
