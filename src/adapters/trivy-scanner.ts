import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '../errors.js'
import type { ScannerInfo } from '../model.js'
import type { Console, Scanner, TrivySettings } from '../ports.js'
import { downloadEnvironment, scanEnvironment } from './environment.js'
import type { ProcessResult, RunProcess } from './process.js'
import { javaDatabase, provideDatabase, vulnerabilityDatabase, type DatabaseKind } from './trivy-database.js'
import { installTrivy } from './trivy-install.js'
import { trivyReason } from './trivy-reason.js'

export interface TrivyOptions {
  readonly settings: TrivySettings
  readonly run: RunProcess
  readonly console: Console
  /** Emptied when the run ends. Absolute. */
  readonly tempDir: string
  /** Where databases are kept from run to run. Absolute. */
  readonly databaseDir: string
  /** For instance `linux-x64`. */
  readonly platform: string
}

/** Trivy, verified, and run where nothing of the repository under test can speak to it. */
export class TrivyScanner implements Scanner {
  readonly #options: TrivyOptions
  #program = ''
  /** Trivy's cache directory of this run: links to the databases, and its analysis of layers. */
  #cacheDir = ''
  /** Set at the first image that needs it: downloads the Java database once. */
  #javaDatabase: Promise<void> | undefined

  constructor(options: TrivyOptions) {
    this.#options = options
  }

  async prepare(): Promise<ScannerInfo> {
    const { settings, console, platform, tempDir } = this.#options
    const { path, version, source } = await this.#inEmptyDirectory(home => installTrivy(settings, platform, home))
    console.info(`Trivy ${version}, from ${source}`)
    this.#program = path
    this.#cacheDir = join(tempDir, 'trivy')
    await mkdir(this.#cacheDir)
    const database = await this.#provide(vulnerabilityDatabase, settings.dbRepositories)
    console.info(`Vulnerability database of ${database.updatedAt.slice(0, 10)}, from ${database.repository}`)
    return { version, source, database }
  }

  async scan(archive: string, timeout: number): Promise<string> {
    try {
      return await this.#scanOnce(archive, timeout)
    } catch (error) {
      if (!(error instanceof ToolError) || !needsJavaDatabase(error)) throw error
      const { settings } = this.#options
      this.#javaDatabase ??= this.#provide(javaDatabase, settings.javaDbRepositories).then(() => undefined)
      await this.#javaDatabase
      return this.#scanOnce(archive, timeout)
    }
  }

  async #scanOnce(archive: string, timeout: number): Promise<string> {
    return this.#inEmptyDirectory(async directory => {
      const output = join(directory, 'report.json')
      const said: string[] = []
      const result = await this.#options.run({
        command: this.#program,
        args: scanArgs({ archive, output, cacheDir: this.#cacheDir, timeout }),
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
        'Run again; for a time-out raise the input timeout. A scan that failed is never a pass.',
        said.slice(-20),
      )
    })
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
    await symlink(path, join(this.#cacheDir, kind.folder))
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

export interface ScanArgs {
  readonly archive: string
  readonly output: string
  readonly cacheDir: string
  /** Milliseconds. */
  readonly timeout: number
}

/** One scan without any filter: Trivy measures, the policy decides. */
export function scanArgs({ archive, output, cacheDir, timeout }: ScanArgs): string[] {
  return [
    'image',
    ...['--input', archive],
    ...['--format', 'json', '--output', output],
    ...['--scanners', 'vuln', '--list-all-pkgs'],
    ...['--cache-dir', cacheDir, '--timeout', `${String(Math.ceil(timeout / 1000))}s`],
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
