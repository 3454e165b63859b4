import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { ScannerInfo } from '../model.js'
import type { AnalysisCache, ExportedImage, Scanner, TrivySettings } from '../ports.js'
import { downloadEnvironment, scanEnvironment } from './environment.js'
import type { ProcessResult, RunProcess } from './process.js'
import { javaDatabase, provideDatabase, vulnerabilityDatabase, type DatabaseKind } from './trivy-database.js'
import { installTrivy } from './trivy-install.js'
import { trivyReason } from './trivy-reason.js'

export interface TrivyOptions {
  readonly settings: TrivySettings
  readonly run: RunProcess
  /** Emptied when the run ends. Absolute. */
  readonly tempDir: string
  /** Where databases are kept from run to run. Absolute. */
  readonly databaseDir: string
  /** For instance `linux-x64`. */
  readonly platform: string
  /** What Trivy looks for. */
  readonly scanners?: readonly TrivyScannerName[]
}

export type TrivyScannerName = 'vuln' | 'secret'

/** Trivy, verified, and run where nothing of the repository under test can speak to it. */
export class TrivyScanner implements Scanner {
  readonly #options: TrivyOptions
  readonly #scanners: readonly TrivyScannerName[]
  #program = ''
  /** Absolute paths of the databases, by Trivy's folder for them in a cache directory. */
  readonly #databases = new Map<string, string>()
  /** Set at the first image that needs it: downloads the Java database once. */
  #javaDatabase: Promise<void> | undefined

  constructor(options: TrivyOptions) {
    this.#options = options
    this.#scanners = options.scanners ?? ['vuln']
  }

  async prepare(): Promise<ScannerInfo> {
    const { settings, platform } = this.#options
    const { path, version, source } = await this.#inEmptyDirectory(home => installTrivy(settings, platform, home))
    this.#program = path
    const database = await this.#provide(vulnerabilityDatabase, settings.dbRepositories)
    return { version, source, database }
  }

  async newCache(known?: AnalysisCache): Promise<AnalysisCache> {
    const directory = await mkdtemp(join(this.#options.tempDir, 'cache-'))
    const analysed = known === undefined ? '' : join(known.directory, analysisFolder)
    if (existsSync(analysed)) await cp(analysed, join(directory, analysisFolder), { recursive: true })
    return { directory }
  }

  async scan(image: ExportedImage, cache: AnalysisCache, timeout: number): Promise<string> {
    try {
      return await this.#scanOnce(image, cache, timeout)
    } catch (error) {
      if (!(error instanceof ToolError) || !needsJavaDatabase(error)) throw error
      const { settings } = this.#options
      this.#javaDatabase ??= this.#provide(javaDatabase, settings.javaDbRepositories).then(() => undefined)
      await this.#javaDatabase
      return this.#scanOnce(image, cache, timeout)
    }
  }

  async #scanOnce({ layoutDir, digests }: ExportedImage, cache: AnalysisCache, timeout: number): Promise<string> {
    await this.#linkDatabases(cache)
    return this.#inEmptyDirectory(async directory => {
      const output = join(directory, 'report.json')
      // Trivy reads ':' and '@' in the path of a layout as the beginning of a reference.
      await symlink(layoutDir, join(directory, 'layout'))
      const said: string[] = []
      const result = await this.#options.run({
        command: this.#program,
        args: scanArgs({
          input: `layout@${digests.manifest}`,
          output,
          cacheDir: cache.directory,
          timeout,
          scanners: this.#scanners,
        }),
        env: scanEnvironment(process.env, directory),
        cwd: directory,
        // Trivy's own limit comes first, and says more.
        timeout: timeout + 5000,
        onLine: line => said.push(line),
      })
      if (result.status === 'exited' && result.exitCode === 0 && existsSync(output)) return readFile(output, 'utf8')
      const reason = result.status === 'exited' ? trivyReason(said) : describeEnd(result)
      throw new ToolError(
        `Trivy ended without a report: ${reason}`,
        /no space left on device/i.test(reason)
          ? 'Free space on the disk of the temporary folder (RUNNER_TEMP), then run again.'
          : 'Run again; for a time-out raise the input timeout. A scan that failed is never a pass.',
        said.slice(-20),
      )
    })
  }

  async #linkDatabases({ directory }: AnalysisCache): Promise<void> {
    for (const [folder, path] of this.#databases) {
      const link = join(directory, folder)
      if (!existsSync(link)) await symlink(path, link)
    }
  }

  async #provide(
    kind: DatabaseKind,
    repositories: readonly string[],
  ): Promise<{ repository: string; updatedAt: string }> {
    const { run, databaseDir } = this.#options
    const { path, repository, updatedAt } = await this.#inEmptyDirectory(cwd => {
      const env = downloadEnvironment(process.env, cwd)
      return provideDatabase(kind, repositories, {
        run,
        trivy: this.#program,
        env,
        cwd,
        cacheDir: databaseDir,
        now: new Date(),
      })
    })
    this.#databases.set(kind.folder, path)
    return { repository, updatedAt }
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

export interface ScanArgs {
  /** As Trivy reads it: `LAYOUT@DIGEST`. */
  readonly input: string
  readonly output: string
  readonly cacheDir: string
  /** Milliseconds. */
  readonly timeout: number
  readonly scanners: readonly TrivyScannerName[]
}

/** One scan without any filter: Trivy measures, the policy decides. */
export function scanArgs({ input, output, cacheDir, timeout, scanners }: ScanArgs): string[] {
  return [
    'image',
    ...['--input', input],
    ...['--format', 'json', '--output', output],
    ...['--scanners', scanners.join(','), '--list-all-pkgs'],
    ...['--cache-dir', cacheDir, '--timeout', `${String(Math.ceil(timeout / 1000))}s`],
    // Which secrets Trivy finds in a layer depends on where the layer was seen first: nothing may be shared then.
    ...(scanners.includes('secret') ? ['--cache-backend', 'memory'] : []),
    '--skip-db-update',
    '--skip-java-db-update',
    '--offline-scan',
    // Both are needed to stop Trivy from calling home.
    '--skip-version-check',
    '--disable-telemetry',
    '--no-progress',
    '--quiet',
  ]
}

function needsJavaDatabase({ log }: ToolError): boolean {
  return log.some(line => /java.?db/i.test(line))
}

function describeEnd(result: Exclude<ProcessResult, { status: 'exited' }>): string {
  return result.status === 'killed' ? `it was killed by ${result.signal}` : 'it took too long'
}
