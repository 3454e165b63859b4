import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { DatabaseInfo, ScannerInfo, ScannerName } from '../model.js'
import type {
  AnalysisCache,
  Console,
  ExportedImage,
  FolderReport,
  ImageReport,
  RegistryCredentials,
  Scanner,
  ScanRequest,
  TrivySettings,
} from '../ports.js'
import { checkCanary, checksCanary, javaCanary, vulnerabilityCanary, writeCanary, type Canary } from './canary.js'
import { scanEnvironment } from './environment.js'
import { explainFullDisk } from './full-disk.js'
import type { ProcessResult, RunProcess } from './process.js'
import { javaDatabase, provideDatabase, vulnerabilityDatabase, type DatabaseKind } from './trivy-database.js'
import type { Shelf } from './shelf.js'
import { folderArgs, imageArgs, proofArgs } from './trivy-args.js'
import { withoutIgnores } from './trivy-ignores.js'
import { installTrivy, type InstalledTrivy } from './trivy-install.js'
import { TrivyLines } from './trivy-lines.js'
import { trivyReason } from './trivy-reason.js'

export interface TrivyOptions {
  readonly settings: TrivySettings
  readonly run: RunProcess
  /** Emptied when the run ends. Absolute. */
  readonly tempDir: string
  /** Where what was downloaded is kept from run to run. */
  readonly shelf: Shelf
  readonly credentials: readonly RegistryCredentials[]
  /** For instance `linux-x64`. */
  readonly platform: string
  /** Ends what is downloaded. */
  readonly signal: AbortSignal
  readonly console: Pick<Console, 'info'>
}

type Shown = Pick<ExportedImage, 'layoutDir' | 'digests'>

/** Trivy, verified, and run where nothing of the repository under test can speak to it. */
export class TrivyScanner implements Scanner {
  readonly #options: TrivyOptions
  #program = ''
  /** Absolute paths of the databases, by Trivy's folder for them in a cache directory. */
  readonly #databases = new Map<string, string>()
  /** Set at the first image that needs it: downloads the Java database once. */
  #providingJava: Promise<void> | undefined
  #javaDatabase: DatabaseInfo | undefined
  #folderCache: Promise<AnalysisCache> | undefined
  /** Caches whose analysis left something out, by directory: a scan that used one would not be told. */
  readonly #tainted = new Set<string>()

  constructor(options: TrivyOptions) {
    this.#options = options
  }

  async prepare(scanners: readonly ScannerName[]): Promise<ScannerInfo> {
    const [{ version, source, sha256 }, database] = await this.#installAndDownload()
    if (scanners.includes('misconfig')) await this.#proveChecks()
    return { version, source, sha256, database }
  }

  javaDatabase(): DatabaseInfo | undefined {
    return this.#javaDatabase
  }

  /** Both at once; where one fails, the other is no longer waited for. */
  async #installAndDownload(): Promise<[InstalledTrivy, DatabaseInfo]> {
    const { settings, run, platform, tempDir, shelf, signal } = this.#options
    const stop = new AbortController()
    // Not AbortSignal.any: on Node 24.21 it may tell the reason of another signal.
    const onEnd = (): void => {
      stop.abort(signal.reason)
    }
    signal.addEventListener('abort', onEnd)
    const installing = installTrivy(settings, { run, platform, tempDir, shelf, signal, tell: this.#tell }).then(
      installed => {
        this.#program = installed.path
        return installed
      },
    )
    installing.catch((error: unknown) => {
      stop.abort(error)
    })
    const downloading = this.#provide(
      vulnerabilityDatabase,
      async path => {
        await installing
        await this.#prove(vulnerabilityCanary, path)
      },
      stop.signal,
    )
    return Promise.all([installing, downloading]).finally(() => {
      signal.removeEventListener('abort', onEnd)
    })
  }

  /** Finds with a database what must be found, before anything is found clean with it. @param path of the database */
  async #prove(canary: Canary, path: string, { folder }: DatabaseKind = vulnerabilityDatabase): Promise<void> {
    const cache = await this.newCache()
    await symlink(path, join(cache.directory, folder))
    const { text } = await this.#run(cache, proofTimeout, async (output, cwd) => {
      const directory = join(cwd, 'canary')
      await writeCanary(canary, directory)
      return proofArgs({ scanners: ['vuln'], timeout: proofTimeout, output, cacheDir: cache.directory, directory })
    })
    checkCanary(canary, text)
  }

  /** The checks of misconfigurations are those inside of the program: they are pinned with it, and have no network. */
  async #proveChecks(): Promise<void> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'canary-'))
    await writeCanary(checksCanary, directory)
    const { text } = await this.scanDockerfile(join(directory, 'Dockerfile'), proofTimeout)
    checkCanary(checksCanary, text)
  }

  readonly #tell = (text: string): void => {
    this.#options.console.info(text)
  }

  async newCache(known?: AnalysisCache): Promise<AnalysisCache> {
    try {
      const directory = await mkdtemp(join(this.#options.tempDir, 'cache-'))
      const analysed =
        known === undefined || this.#tainted.has(known.directory) ? '' : join(known.directory, analysisFolder)
      if (existsSync(analysed)) await cp(analysed, join(directory, analysisFolder), { recursive: true })
      return { directory }
    } catch (error) {
      return explainFullDisk(error)
    }
  }

  async scanImage(image: Shown, cache: AnalysisCache, request: ScanRequest): Promise<ImageReport> {
    try {
      return await this.#scanImageOnce(image, cache, request)
    } catch (error) {
      if (!(error instanceof ToolError) || !needsJavaDatabase(error)) throw error
      this.#providingJava ??= this.#provideJava()
      await this.#providingJava
      return this.#scanImageOnce(image, cache, request)
    }
  }

  async makeSbom(report: string, name: string, timeout: number): Promise<string> {
    return this.#inEmptyDirectory(async cwd => {
      const input = join(cwd, 'report.json')
      await writeFile(input, withName(report, name))
      const directory = await mkdtemp(join(this.#options.tempDir, 'sbom-'))
      const output = join(directory, 'sbom.cdx.json')
      const args = ['convert', '--format', 'cyclonedx', '--output', output, '--quiet', input]
      const said: string[] = []
      const run = { command: this.#program, args, env: scanEnvironment(process.env, cwd), cwd, timeout }
      const result = await this.#options.run({ ...run, onLine: line => said.push(line) })
      if (result.status === 'exited' && result.exitCode === 0 && existsSync(output)) return output
      const reason = result.status === 'exited' ? trivyReason(said) : describeEnd(result)
      throw new ToolError(`Trivy made no SBOM: ${reason}`, 'Run again.', said.slice(-20))
    }).catch(explainFullDisk)
  }

  async scanLockFiles(directory: string, timeout: number): Promise<FolderReport> {
    const { directory: cacheDir } = await this.#sharedCache()
    const { text, lines } = await this.#run({ directory: cacheDir }, timeout, async output =>
      folderArgs({ scanners: ['vuln'], timeout, output, cacheDir, directory }),
    )
    return { text, complaints: lines.complaints }
  }

  async scanDockerfile(path: string, timeout: number): Promise<FolderReport> {
    const { directory: cacheDir } = await this.#sharedCache()
    const { text, lines } = await this.#run({ directory: cacheDir }, timeout, async (output, cwd) => {
      const directory = join(cwd, 'context')
      await mkdir(directory)
      await writeFile(join(directory, 'Dockerfile'), withoutIgnores(await readFile(path, 'utf8')))
      return folderArgs({ scanners: ['misconfig'], timeout, output, cacheDir, directory })
    })
    return { text, complaints: lines.complaints }
  }

  /** For scans that keep nothing: they only need the way to the databases. */
  #sharedCache(): Promise<AnalysisCache> {
    this.#folderCache ??= this.newCache()
    return this.#folderCache
  }

  async #scanImageOnce(
    { layoutDir, digests }: Shown,
    cache: AnalysisCache,
    request: ScanRequest,
  ): Promise<ImageReport> {
    const own = this.#tainted.has(cache.directory) ? await this.newCache() : cache
    const { text, lines } = await this.#run(own, request.timeout, async (output, cwd) => {
      // Trivy reads ':' and '@' in the path of a layout as the beginning of a reference.
      await symlink(layoutDir, join(cwd, 'layout'))
      return imageArgs({ ...request, output, cacheDir: own.directory, input: `layout@${digests.manifest}` })
    })
    return { text, ...lines.leftOut }
  }

  /** @param args makes the arguments, once it knows where the report goes and where Trivy runs */
  async #run(
    cache: AnalysisCache,
    timeout: number,
    args: (output: string, cwd: string) => Promise<readonly string[]>,
  ): Promise<{ text: string; lines: TrivyLines }> {
    await this.#linkDatabases(cache)
    return this.#inEmptyDirectory(async cwd => {
      const output = join(cwd, 'report.json')
      const lines = new TrivyLines()
      const result = await this.#options.run({
        command: this.#program,
        args: await args(output, cwd),
        env: scanEnvironment(process.env, cwd),
        cwd,
        // Trivy's own limit comes first, and says more.
        timeout: timeout + 5000,
        onLine: line => {
          lines.add(line)
        },
      })
      if (lines.tainted) this.#tainted.add(cache.directory)
      if (result.status === 'exited' && result.exitCode === 0 && existsSync(output)) {
        return { text: await readFile(output, 'utf8'), lines }
      }
      const reason = result.status === 'exited' ? trivyReason(lines.last) : describeEnd(result)
      throw new ToolError(
        `Trivy ended without a report: ${reason}`,
        /no space left on device/i.test(reason)
          ? 'Free space on the disk of the temporary folder (RUNNER_TEMP), then run again.'
          : 'Run again; for a time-out raise the input timeout. A scan that failed is never a pass.',
        lines.last,
      )
    }).catch(explainFullDisk)
  }

  async #linkDatabases({ directory }: AnalysisCache): Promise<void> {
    for (const [folder, path] of this.#databases) {
      // Scans of folders share a cache: another may have made the link meanwhile.
      await symlink(path, join(directory, folder)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      })
    }
  }

  async #provideJava(): Promise<void> {
    this.#javaDatabase = await this.#provide(javaDatabase, path => this.#prove(javaCanary, path, javaDatabase))
  }

  async #provide(
    kind: DatabaseKind,
    prove: (path: string) => Promise<void>,
    signal = this.#options.signal,
  ): Promise<DatabaseInfo> {
    const { credentials, tempDir, shelf, settings } = this.#options
    const [repositories, maxAge] =
      kind === javaDatabase
        ? [settings.javaDbRepositories, settings.javaDbMaxAge]
        : [settings.dbRepositories, settings.dbMaxAge]
    const { path, repository, updatedAt, digest } = await provideDatabase(kind, repositories, {
      credentials,
      signal,
      tempDir,
      shelf,
      now: new Date(),
      tell: this.#tell,
      prove,
      ...(maxAge === undefined ? {} : { maxAge }),
    }).catch(explainFullDisk)
    this.#databases.set(kind.folder, path)
    return { repository, updatedAt, digest }
  }

  /** Trivy silently loads `trivy.yaml`, `.trivyignore` and `trivy-secret.yaml` from where it runs. */
  async #inEmptyDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'empty-'))
    try {
      return await use(directory)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** Trivy's folder for its analysis of layers in a cache directory. */
const analysisFolder = 'fanal'

/** Milliseconds: there are two files to look at, on a machine that is busy. */
const proofTimeout = 2 * 60_000

/** A report that calls the image by its own name, and not by where it lay when it was scanned. */
function withName(report: string, name: string): string {
  const { Metadata: metadata, ...rest } = JSON.parse(report) as { Metadata?: Record<string, unknown> }
  return JSON.stringify({
    ...rest,
    ArtifactName: name,
    Metadata: { ...metadata, RepoTags: undefined, Reference: undefined },
  })
}

function needsJavaDatabase({ log }: ToolError): boolean {
  return log.some(line => /java.?db/i.test(line))
}

function describeEnd(result: Exclude<ProcessResult, { status: 'exited' }>): string {
  return result.status === 'killed' ? `it was killed by ${result.signal}` : 'it took too long'
}
