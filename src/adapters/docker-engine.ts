import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigurationError, ToolError } from '../errors.js'
import type { EngineInfo } from '../model.js'
import type { BuildRequest, BuildResult, Engine, Export } from '../ports.js'
import { buildArgs, exportedDigest, hideSecrets, parseObject, readMetadata } from './build-command.js'
import { askCommand, type CommandOutput } from './command.js'
import { BuilderStore, DockerStore, type Ask, type ImageStore } from './image-store.js'
import { frontendIn, Frontends } from './frontends.js'
import { explainFullDisk } from './full-disk.js'
import type { Environment, RunProcess } from './process.js'

export interface DockerOptions {
  readonly run: RunProcess
  /** Runs what cleans up, also when the run was cancelled. */
  readonly runCleaning: RunProcess
  readonly env: Environment
  /** What no line of a build may show. */
  readonly secrets?: readonly string[]
  /** Where exported images lie while they are scanned. Absolute. */
  readonly tempDir: string
  /** The builder of buildx; absent: the client's own choice. */
  readonly builder?: string
}

/** Characters: a line of BuildKit's progress holds what several steps printed at once, and is worth nothing when it is cut. */
const maxProgressLine = 4 * 1024 * 1024

/** Milliseconds. */
const bootstrapTimeout = 5 * 60_000

/** Builds through the docker client on PATH and its buildx plugin, on Docker itself or on a builder beside it. */
export class DockerEngine implements Engine {
  readonly #options: DockerOptions
  #env: Environment
  #store: ImageStore | undefined
  #readsPolicies = false
  readonly #frontends = new Frontends((args, timeout) =>
    askCommand('docker', args, this.#env, { run: this.#options.run, timeout }),
  )

  constructor(options: DockerOptions) {
    this.#options = options
    this.#env = options.env
  }

  async prepare(): Promise<EngineInfo> {
    const [client, builder, help] = await Promise.all([
      this.#readClient(),
      this.#ask('buildx', 'inspect', ...this.#builderArgs),
      this.#ask('buildx', 'build', '--help'),
    ])
    const { buildxVersion, server } = client
    if (buildxVersion === undefined) {
      throw new ToolError(
        'the docker client has no buildx, which builds the images',
        'Install the buildx plugin: add docker/setup-buildx-action before this step, or the package docker-buildx-plugin.',
      )
    }
    const { name, driver } = this.#readBuilder(builder, server)
    this.#readsPolicies = readOptions(help).includes('--policy')
    if (driver === 'docker') return { ...(await this.#prepareDocker(name, server)), buildxVersion }
    const { version } = await this.#bootstrap(name)
    this.#store = new BuilderStore(join(this.#options.tempDir, 'builder'))
    return { serverVersion: version, buildxVersion, builder: { name, driver } }
  }

  async #prepareDocker(name: string, current: Server): Promise<Pick<EngineInfo, 'serverVersion'>> {
    let server = current
    if (this.#options.builder !== undefined && name !== 'default') {
      // Such a builder is a context of the client: what it builds is in the engine of that context.
      const others = Object.entries(this.#env).filter(([key]) => key !== 'DOCKER_HOST')
      this.#env = { ...Object.fromEntries(others), DOCKER_CONTEXT: name }
      server = (await this.#readClient()).server
    }
    if ('reason' in server) throw notAnswering(server.reason)
    const { run, runCleaning } = this.#options
    const env = this.#env
    const ask: Ask = (...args) => askCommand('docker', args, env, { run })
    const clear: Ask = (...args) => askCommand('docker', args, env, { run: runCleaning })
    this.#store = new DockerStore({ run, env, ask, clear, containerd: server.containerd })
    return { serverVersion: server.version }
  }

  async build(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult> {
    return this.#build(request, onLine).catch(explainFullDisk)
  }

  /** Once more where the engine had another frontend than its registry has. */
  async #build(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult> {
    const known = this.#frontends.certain
    const used = new Set<string>()
    const readLine = (line: string): void => {
      const frontend = frontendIn(line)
      if (frontend !== undefined && !known.has(frontend)) used.add(frontend)
      onLine(line)
    }
    const result = await this.#buildOnce(request, readLine)
    const asksRegistries = request.fresh?.pull === true && this.#store instanceof DockerStore
    if (!asksRegistries || result.status === 'timed-out') return result
    const again = await this.#frontends.refresh([...used], request.timeout)
    return again ? this.#buildOnce(request, onLine) : result
  }

  async #buildOnce(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult> {
    const { run, tempDir } = this.#options
    const directory = await mkdtemp(join(tempDir, 'build-'))
    try {
      const metadataFile = join(directory, 'metadata.json')
      const output = await this.#prepared.prepareOutput(request.tag, directory)
      const args = [
        'buildx',
        'build',
        ...this.#builderArgs,
        ...output,
        ...buildArgs(request, metadataFile, this.#readsPolicies),
      ]
      const signal = request.signal === undefined ? {} : { signal: request.signal }
      const said = new Set<string>()
      const readLine = (line: string): void => {
        const digest = exportedDigest(line)
        if (digest !== undefined) said.add(digest)
        onLine(hideSecrets(line, this.#options.secrets ?? []))
      }
      const limits = { timeout: request.timeout, maxLine: maxProgressLine, ...signal }
      const result = await run({ command: 'docker', args, env: this.#env, onLine: readLine, ...limits })
      if (result.status === 'timed-out') return result
      if (result.status === 'killed') {
        throw new ToolError(
          `docker buildx build was killed by ${result.signal}`,
          'Look for a lack of memory on this machine; a lower max-parallel needs less of it.',
        )
      }
      if (result.exitCode !== 0) return { status: 'failed', exitCode: result.exitCode }
      return { status: 'built', ...(await readMetadata(metadataFile, said)) }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async withExport<T>(imageIds: readonly string[], use: (exported: Export) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'export-'))
    try {
      return await use(await this.#prepared.export([...new Set(imageIds)], join(directory, 'layout')))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async holds(name: string): Promise<boolean> {
    if (!(this.#store instanceof DockerStore)) return false
    return (await this.#ask('image', 'inspect', '--format', '{{.Id}}', '--', name)).exitCode === 0
  }

  async clean(): Promise<void> {
    await this.#store?.clean()
  }

  get #prepared(): ImageStore {
    if (this.#store === undefined) throw new Error('the engine was not prepared')
    return this.#store
  }

  get #builderArgs(): string[] {
    const { builder } = this.#options
    return builder === undefined ? [] : ['--builder', builder]
  }

  /** What the client knows of itself and of the server, in one question. */
  async #readClient(): Promise<{ buildxVersion: string | undefined; server: Server }> {
    const output = await this.#ask('info', '--format', '{{json .}}')
    if (output.exitCode === 127) {
      throw new ToolError(
        'Docker is not installed: there is no `docker` on PATH',
        'Use a runner with Docker (ubuntu-latest has it), or install Docker Engine: https://docs.docker.com/engine/install/',
      )
    }
    const info = parseObject(output.stdout) as DockerInfo | undefined
    if (info === undefined) {
      throw new ToolError(
        `docker info says nothing that can be read: ${lastLine(output).slice(0, 200) || `exit code ${String(output.exitCode)}`}`,
        'Check that the docker on PATH is Docker’s own client, 20.10 or later, and what docker info prints.',
      )
    }
    const plugin = info.ClientInfo?.Plugins?.find(({ Name }) => Name === 'buildx')
    return { buildxVersion: plugin?.Version, server: readServer(info, output) }
  }

  #readBuilder(output: CommandOutput, server: Server): { name: string; driver: string } {
    const name = fieldOf('Name', output.stdout)
    const driver = fieldOf('Driver', output.stdout)
    if (output.exitCode === 0 && name !== undefined && driver !== undefined) return { name, driver }
    const { builder } = this.#options
    // Without a name it is the engine that buildx asks.
    if (builder === undefined && 'reason' in server) throw notAnswering(server.reason)
    throw new ConfigurationError(
      `builder: ${builder === undefined ? 'there is none to build with' : `'${builder}' cannot be used`}: ${lastLine(output)}`,
      'Create it before this step (docker/setup-buildx-action), see docker buildx ls for those that exist, or leave the input empty.',
    )
  }

  async #bootstrap(name: string): Promise<{ version: string }> {
    // A builder in a container may have to fetch its image first.
    const args = ['buildx', 'inspect', '--bootstrap', name]
    const output = await askCommand('docker', args, this.#env, { run: this.#options.run, timeout: bootstrapTimeout })
    const status = fieldOf('Status', output.stdout)
    if (output.exitCode !== 0 || status !== 'running') {
      const reason = fieldOf('Error', output.stdout) ?? lastLine(output)
      throw new ToolError(
        `the builder ${name} does not run: ${reason}`,
        'Start it, or create it anew; see docker buildx ls.',
      )
    }
    return { version: fieldOf('BuildKit version', output.stdout) ?? 'unknown' }
  }

  #ask(...args: string[]): Promise<CommandOutput> {
    return askCommand('docker', args, this.#env, { run: this.#options.run })
  }
}

interface DockerInfo {
  readonly ServerVersion?: string
  readonly ServerErrors?: readonly string[]
  readonly DriverStatus?: readonly (readonly string[])[]
  readonly ClientInfo?: { readonly Plugins?: readonly { readonly Name: string; readonly Version?: string }[] | null }
}

type Server = { readonly version: string; readonly containerd: boolean } | { readonly reason: string }

function readServer(info: DockerInfo, output: CommandOutput): Server {
  const version = info.ServerVersion
  if (version === undefined || version === '') return { reason: info.ServerErrors?.[0] ?? lastLine(output) }
  // Docker's documented way to tell the containerd image store from the older ones.
  const containerd = info.DriverStatus?.some(row => row.includes('io.containerd.snapshotter.v1')) === true
  return { version, containerd }
}

/** The options of `docker buildx build`. One that is not known must not be given, and one that is must not be left out. */
function readOptions(help: CommandOutput): readonly string[] {
  const options = [...help.stdout.matchAll(/^.{0,8}(--[a-z][a-z-]*)/gm)].map(match => match[1] ?? '')
  if (help.exitCode === 0 && options.includes('--file')) return options
  throw new ToolError(
    `docker buildx build does not say which options it has: ${lastLine(help).slice(0, 200) || `exit code ${String(help.exitCode)}`}`,
    'Check the buildx plugin of the docker client, and what docker buildx build --help prints.',
  )
}

function notAnswering(reason: string): ToolError {
  return new ToolError(
    `the Docker engine does not answer: ${reason}`,
    'Start it, check DOCKER_HOST and the docker context, and that this user may use its socket.',
  )
}

/** The first `Field:   value` of what `docker buildx inspect` prints. */
function fieldOf(field: string, text: string): string | undefined {
  return new RegExp(`^${field}:[ \\t]*(\\S.*)$`, 'm').exec(text)?.[1]?.trim()
}

function lastLine({ stderr, stdout }: CommandOutput): string {
  return (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
}
