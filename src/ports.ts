/**
 * What the rooms need from outside. Adapters implement these for real, tests implement them as fakes that throw on
 * calls nobody expected.
 */
import type { EngineInfo, LineRange, Report, ScannerInfo } from './model.js'

/** What to build. All paths are absolute. */
export interface BuildRequest {
  readonly contextDir: string
  readonly dockerfile: string
  /** A name for this run only; removed again by `Engine.removeTags`. */
  readonly tag: string
  /** Take nothing from earlier builds. */
  readonly noCache: boolean
  /** Milliseconds after which the build is killed with everything it started. */
  readonly timeout: number
}

export type BuildResult =
  | { readonly status: 'built'; readonly imageId: string }
  | { readonly status: 'failed'; readonly exitCode: number }
  | { readonly status: 'timed-out' }

export interface ExportedImage {
  /** Absolute path of a `docker save` archive. */
  readonly archive: string
  /** The engine's own word on what is in it: the digests of the unpacked layers, in order. */
  readonly diffIds: readonly string[]
}

/** Builds images. */
export interface Engine {
  /** Checks that the engine answers and can build. @throws ToolError */
  prepare(): Promise<EngineInfo>
  /**
   * Builds one image. A build that fails is a result; only an engine that cannot be asked throws.
   * @param onLine gets each line of BuildKit's progress (`--progress=rawjson`) and anything else the client prints
   * @throws ToolError
   */
  build(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult>
  /**
   * Exports the image with exactly this ID as an archive, which exists while `use` runs.
   * @throws ToolError
   */
  withExport<T>(imageId: string, use: (exported: ExportedImage) => Promise<T>): Promise<T>
  /** Removes the names that this run gave, and the images that nothing else names. Never throws. */
  removeTags(tags: readonly string[]): Promise<void>
}

/** Which Trivy to use, and where it gets what it needs. */
export interface TrivySettings {
  readonly version: string
  readonly sha256?: string
  /** Base URL of the releases, without a slash at its end. */
  readonly mirror: string
  readonly path?: string
  readonly dbRepositories: readonly string[]
  readonly javaDbRepositories: readonly string[]
}

/** Finds out what is in an image. */
export interface Scanner {
  /** Installs and verifies the scanner and gets its database, once. @throws ConfigurationError, ToolError, IntegrityError */
  prepare(): Promise<ScannerInfo>
  /**
   * Scans an image archive without any filter.
   * @param timeout milliseconds
   * @returns Trivy's JSON report, as text
   * @throws ToolError
   */
  scan(archive: string, timeout: number): Promise<string>
}

export type EntryKind = 'file' | 'directory' | 'other'

export interface DirectoryEntry {
  readonly name: string
  /** What the entry is, with links followed; `missing` for a link that leads nowhere. */
  readonly kind: EntryKind | 'missing'
  /** Where it really is, all links followed; absent for a link that leads nowhere. */
  readonly realPath?: string
}

/** The files of the repository under test. All paths are absolute. */
export interface Files {
  /** @returns undefined where there is no such directory */
  list(directory: string): Promise<readonly DirectoryEntry[] | undefined>
  /** The path with all links followed, undefined where it does not exist. */
  realPath(path: string): Promise<string | undefined>
  readText(path: string): Promise<string>
  /** Writes a file and the folders above it. */
  writeText(path: string, text: string): Promise<void>
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  /** Relative to the workspace. */
  readonly file?: string
  readonly lines?: LineRange
}

/** Speaks to the person who watches. Nothing that is printed here can be a command to the runner. */
export interface Console {
  info(text: string): void
  warning(text: string): void
  /** Only shown when somebody debugs. */
  debug(text: string): void
  /** A line that comes from a child process or from the repository under test. */
  foreign(line: string): void
  /** Folds what is printed while `work` runs under a title, and ends the fold in every outcome. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** Time, as a value. */
export interface Clock {
  now(): Date
}

/** One place that a report goes to: the job summary, the outputs, a file, the terminal. */
export interface Outlet {
  /** For the warning, should it refuse: `job summary`. */
  readonly name: string
  deliver(report: Report): Promise<void>
}

export interface Ports {
  readonly engine: Engine
  readonly scanner: Scanner
  readonly files: Files
  readonly console: Console
  readonly clock: Clock
}
