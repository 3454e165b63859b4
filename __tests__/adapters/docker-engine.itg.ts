import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildArgs, DockerEngine } from '../../src/adapters/docker-engine.js'
import { dockerEnvironment } from '../../src/adapters/environment.js'
import { createRunProcess } from '../../src/adapters/process.js'
import { ToolError } from '../../src/errors.js'
import type { BuildRequest } from '../../src/ports.js'
import { clean, removeTemporaryFolders, repositoryWith, run, temporaryFolder } from '../testbed.js'

const tempDir = temporaryFolder()
const engineWith = (env: Record<string, string> = {}): DockerEngine =>
  new DockerEngine({
    run: createRunProcess(new AbortController().signal),
    env: { ...dockerEnvironment(process.env), ...env },
    tempDir,
  })
const engine = engineWith()
const tag = 'image-gate/test/engine:gate'

function requestOf(dockerfile: string, more: Partial<BuildRequest> = {}): BuildRequest {
  const contextDir = repositoryWith({ Dockerfile: dockerfile })
  return { contextDir, dockerfile: join(contextDir, 'Dockerfile'), tag, noCache: true, timeout: 60_000, ...more }
}

afterAll(removeTemporaryFolders)

describe('DockerEngine', () => {
  it('tells its versions', async () => {
    const info = await engine.prepare()
    expect(info.serverVersion).not.toBe('')
    expect(info.buildxVersion).toMatch(/^v?\d/)
  })

  it('builds, exports by ID with the layers that the engine tells of, and removes what it named', async () => {
    const lines: string[] = []
    const result = await engine.build(requestOf(clean), line => lines.push(line))
    expect(result).toEqual({ status: 'built', imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string })
    expect(lines.some(line => line.startsWith('{"vertexes"'))).toBe(true)
    const { imageId } = result as { imageId: string }
    const layers = await engine.withExport(imageId, async ({ archive, diffIds }) => {
      expect((await run('tar', ['-tf', archive])).stdout).toContain('manifest.json')
      return diffIds.length
    })
    expect(layers).toBe(2)
    expect(readdirSync(tempDir)).toEqual([])
    await engine.removeTags([tag, 'image-gate/test/never-built:gate'])
    expect((await run('docker', ['image', 'inspect', tag])).exitCode).not.toBe(0)
  })

  it('takes a build that fails for a result', async () => {
    const lines: string[] = []
    expect(await engine.build(requestOf('FROM debian:bookworm\nRUN exit 3\n'), line => lines.push(line))).toEqual({
      status: 'failed',
      exitCode: 1,
    })
    expect(lines.join('\n')).toContain('exit code: 3')
  })

  it('ends a build that takes too long', async () => {
    const request = requestOf('FROM debian:bookworm\nRUN sleep 120\n', { timeout: 2000 })
    expect(await engine.build(request, () => undefined)).toEqual({ status: 'timed-out' })
  })

  it('does not export what is not there', async () => {
    const gone = `sha256:${'0'.repeat(64)}`
    await expect(engine.withExport(gone, async () => Promise.resolve())).rejects.toThrow(
      'the built image is not in the engine',
    )
  })

  it.each([
    ['no engine answers', { DOCKER_HOST: 'unix:///no/such/docker.sock' }, 'the Docker engine does not answer'],
    ['the client has no buildx', { DOCKER_CONFIG: temporaryFolder() }, 'the docker client has no buildx'],
  ])('says so when %s', async (_, env, message) => {
    const other = engineWith(env)
    // A machine whose client brings its own buildx cannot be without.
    const builtIn = 'DOCKER_CONFIG' in env && (await run('docker', ['buildx', 'version'], { env })).exitCode === 0
    await (builtIn ? expect(other.prepare()).resolves.toBeDefined() : expect(other.prepare()).rejects.toThrow(message))
    await (builtIn ? Promise.resolve() : expect(other.prepare()).rejects.toThrow(ToolError))
  })
})

describe('buildArgs', () => {
  it('builds afresh, unless told otherwise', () => {
    const request = { contextDir: '/c', dockerfile: '/c/Dockerfile', tag: 't', noCache: true, timeout: 1 }
    expect(buildArgs(request)).toContain('--no-cache')
    expect(buildArgs({ ...request, noCache: false })).not.toContain('--no-cache')
    expect(buildArgs(request).slice(-5)).toEqual(['--tag', 't', '--file', '/c/Dockerfile', '/c'])
  })
})
