import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { EngineInfo } from '../model.js'
import type { BuildRequest, BuildResult, Engine, ExportedImage } from '../ports.js'
import { askCommand, type CommandOutput } from './command.js'
import type { Environment, RunProcess } from './process.js'

export interface DockerOptions {
  readonly run: RunProcess
  readonly env: Environment
  /** Where exported images lie while they are scanned. Absolute. */
  readonly tempDir: string
}

/** Milliseconds for an export: a big image on a slow disk, but not for ever. */
const exportTimeout = 30 * 60_000

/** The Docker engine, through the client on PATH and its buildx plugin. */
export class DockerEngine implements Engine {
  readonly #options: DockerOptions

  constructor(options: DockerOptions) {
    this.#options = options
  }

  async prepare(): Promise<EngineInfo> {
    const version = await this.#ask('version', '--format', '{{.Server.Version}}')
    if (version.exitCode === 127) {
      throw new ToolError(
        'Docker is not installed: there is no `docker` on PATH',
        'Use a runner with Docker (ubuntu-latest has it), or install Docker Engine: https://docs.docker.com/engine/install/',
      )
    }
    if (version.exitCode !== 0) {
      throw new ToolError(
        `the Docker engine does not answer: ${lastLine(version)}`,
        'Start it, check DOCKER_HOST and the docker context, and that this user may use its socket.',
      )
    }
    const buildx = await this.#ask('buildx', 'version')
    if (buildx.exitCode !== 0) {
      throw new ToolError(
        'the docker client has no buildx, which builds the images',
        'Install the buildx plugin: add docker/setup-buildx-action before this step, or the package docker-buildx-plugin.',
      )
    }
    return { serverVersion: version.stdout.trim(), buildxVersion: buildx.stdout.trim().split(/\s+/)[1] ?? 'unknown' }
  }

  async build(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult> {
    const { run, env } = this.#options
    const args = buildArgs(request)
    const result = await run({ command: 'docker', args, env, timeout: request.timeout, onLine })
    if (result.status === 'timed-out') return result
    if (result.status === 'killed') {
      throw new ToolError(
        `docker buildx build was killed by ${result.signal}`,
        'Look for a lack of memory on the runner.',
      )
    }
    if (result.exitCode !== 0) return { status: 'failed', exitCode: result.exitCode }
    // The tag is this run's own, so what it names now is what was built.
    const inspected = await this.#inspect(request.tag, '{{.Id}}')
    return { status: 'built', imageId: inspected.trim() }
  }

  async withExport<T>(imageId: string, use: (exported: ExportedImage) => Promise<T>): Promise<T> {
    const { run, env, tempDir } = this.#options
    const diffIds = JSON.parse(await this.#inspect(imageId, '{{json .RootFS.Layers}}')) as string[] | null
    const directory = await mkdtemp(join(tempDir, 'export-'))
    try {
      const archive = join(directory, 'image.tar')
      const said: string[] = []
      const args = ['image', 'save', '--output', archive, imageId]
      const onLine = (line: string): number => said.push(line)
      const result = await run({ command: 'docker', args, env, timeout: exportTimeout, onLine })
      if (result.status !== 'exited' || result.exitCode !== 0) {
        throw new ToolError(
          `docker could not export the image: ${said.at(-1) ?? result.status}`,
          'Check the free disk space on the runner, then run again.',
          said,
        )
      }
      return await use({ archive, diffIds: diffIds ?? [] })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async removeTags(tags: readonly string[]): Promise<void> {
    // Images that did not build have no tag: docker says so, and nobody needs to hear it.
    await this.#ask('image', 'rm', ...tags)
  }

  async #inspect(name: string, format: string): Promise<string> {
    const output = await this.#ask('image', 'inspect', '--format', format, name)
    if (output.exitCode !== 0) {
      throw new ToolError(
        `the built image is not in the engine: ${lastLine(output)}`,
        'Check that nothing prunes images on this runner while the gate runs.',
      )
    }
    return output.stdout
  }

  #ask(...args: string[]): Promise<CommandOutput> {
    return askCommand('docker', args, this.#options.env)
  }
}

/** The arguments of one build. Attestations are off: they would turn the image into an index of several. */
export function buildArgs({ contextDir, dockerfile, tag, noCache }: BuildRequest): string[] {
  return [
    'buildx',
    'build',
    '--progress=rawjson',
    '--provenance=false',
    '--load',
    ...(noCache ? ['--no-cache'] : []),
    '--tag',
    tag,
    '--file',
    dockerfile,
    contextDir,
  ]
}

function lastLine({ stderr, stdout }: CommandOutput): string {
  return (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
}
