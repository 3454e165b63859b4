/**
 * What the rooms need from outside. Adapters implement these for real, tests implement them as fakes that throw on
 * calls nobody expected.
 */
import type {
  BaseHint,
  DatabaseInfo,
  EngineInfo,
  ImageDigests,
  LineRange,
  Report,
  ScannerInfo,
  ScannerName,
} from './model.js'

/** What to build. All paths are absolute. */
export interface BuildRequest {
  readonly contextDir: string
  readonly dockerfile: string
  /** A name for this run only; removed again by `Engine.clean`. */
  readonly tag: string
  /** Use nothing that was there before the run. Absent: use what is there. */
  readonly fresh?: Freshness
  /** As Docker names it: `linux/arm64`. Absent: the engine's own. */
  readonly platform?: string
  /** Each as `NAME=VALUE`. */
  readonly buildArgs: readonly string[]
  /** Milliseconds after which the build is killed with everything it started. */
  readonly timeout: number
  /** Ends the build at once. */
  readonly signal?: AbortSignal
}

/** What sets a build apart from all that were not given the same. */
export interface Freshness {
  /** `NAME:ADDRESS`, a line of `/etc/hosts` in RUN steps: equal steps of one run are made once, none of another run is used. */
  readonly host: string
  /** The namespace of cache mounts. */
  readonly cacheMounts: string
  /** Ask the registries which image a name of FROM and COPY --from means, also where the engine has one of that name. */
  readonly pull: boolean
}

export type BuildResult =
  | {
      readonly status: 'built'
      readonly imageId: string
      /** What BuildKit recorded of how the image was built, as it came; absent where it records nothing. */
      readonly provenance?: unknown
    }
  | { readonly status: 'failed'; readonly exitCode: number }
  | { readonly status: 'timed-out' }

/** One image of an export. */
export interface ExportedImage {
  /** Absolute path of the OCI image layout that holds the image under its manifest's digest. */
  readonly layoutDir: string
  readonly digests: ImageDigests
  /** The packed layers, in order. */
  readonly layers: readonly { readonly digest: string; readonly bytes: number }[]
  /**
   * Reads the headers of a layer's archive.
   * @param at the layer, counted from 0
   * @returns the DiffID of the content, whatever the image's configuration says
   * @throws IntegrityError where readers of the archive need not read the same
   */
  readLayer(at: number, see: (entry: LayerEntry) => void): Promise<string>
  /** Makes the image that Trivy scans. @throws IntegrityError where a copy has no content */
  show(copies: readonly LayerCopy[]): Promise<ShownImage>
}

/** An entry of a layer's tar archive, as its header has it. Each character of a text is a byte. */
export interface LayerEntry {
  /** From the top of the image, without a slash or a dot at its beginning. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'hard-link' | 'symbolic-link' | 'other'
  /** Of a hard link another path, of a symbolic one what is written there. */
  readonly target: string
  /** Of the content. */
  readonly bytes: number
  readonly executable: boolean
}

/** A file of a layer that Trivy would pass over where it is, and that it is shown in a layer of its own. */
export interface LayerCopy {
  /** Of the layer, counted from 0. */
  readonly layer: number
  /** Under which path Trivy is shown it. */
  readonly path: string
  /** The file in the same layer that has the content. */
  readonly target: string
  /** True where a hard link under `path` leads to it: its content is the one that the file has there. */
  readonly linked: boolean
}

/** An image as Trivy is shown it: with the same files, and with nothing that makes Trivy look away. */
export interface ShownImage extends Pick<ExportedImage, 'layoutDir' | 'digests'> {
  /** DiffIDs of layers that were added, each with that of the layer that its content is from. */
  readonly standIns: ReadonlyMap<string, string>
}

/** Images outside of the engine, every layer once and checked against its digest. */
export interface Export {
  /** @throws IntegrityError for what is not what its digest says, ToolError for an image that is not there */
  image(imageId: string): ExportedImage
}

/** Builds images. */
export interface Engine {
  /** Checks that the engine answers and can build. @throws ToolError, ConfigurationError */
  prepare(): Promise<EngineInfo>
  /**
   * Builds one image. A build that fails is a result; only an engine that cannot be asked throws.
   * @param onLine gets each line of BuildKit's progress (`--progress=rawjson`) and anything else the client prints
   * @throws ToolError
   */
  build(request: BuildRequest, onLine: (line: string) => void): Promise<BuildResult>
  /**
   * Exports the images with exactly these IDs together; the export exists while `use` runs. It comes last: what was
   * built may be gone from the engine afterwards.
   * @throws ToolError when nothing could be exported, for instance because the disk is full
   */
  withExport<T>(imageIds: readonly string[], use: (exported: Export) => Promise<T>): Promise<T>
  /** Whether the engine itself has an image of this name, whatever a registry has. Never throws but for the run's end. */
  holds(name: string): Promise<boolean>
  /** Removes the names that this run gave, and the images that nothing else names. Never throws. */
  clean(): Promise<void>
}

/** Whom a registry knows us as. */
export interface RegistryCredentials {
  /** As image names begin: `ghcr.io`; `docker.io` for Docker Hub. */
  readonly registry: string
  readonly username: string
  readonly password: string
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
  /** Milliseconds since the vulnerability database was built; absent: any age will do. */
  readonly dbMaxAge?: number
  /** The same of the Java database. */
  readonly javaDbMaxAge?: number
}

/** The login at one registry. */
export interface RegistryCredentials {
  /** Its host, with a port where it has one, in lower case; `docker.io` is Docker Hub. */
  readonly registry: string
  readonly username: string
  /** Never to be shown to anybody. */
  readonly password: string
}

/** What is known about layers already, so that none is analysed twice. Serves one scan at a time. */
export interface AnalysisCache {
  /** Absolute. */
  readonly directory: string
}

/** What Trivy looks for, and for how long. */
export interface ScanRequest {
  readonly scanners: readonly ScannerName[]
  /** Milliseconds. */
  readonly timeout: number
}

export interface FolderReport {
  /** Trivy's JSON report. */
  readonly text: string
  /** What Trivy said of files that it could not read: it leaves them out of the report and is content. */
  readonly complaints: readonly string[]
}

export interface ImageReport {
  /** Trivy's JSON report. */
  readonly text: string
  /** What Trivy said of packages of the distribution that it left out of the report, and is content. */
  readonly lostPackages: readonly string[]
  /** What else it left out, each as a short text: files that it cannot read, packages that it cannot compare. */
  readonly leftOut: readonly string[]
  /** The distribution and its release, where it knows no such release. */
  readonly unknownRelease?: string
}

/** Finds out what is in an image. */
export interface Scanner {
  /**
   * Installs and verifies the scanner and gets its database, once.
   * @param scanners all that will be asked for
   * @throws ConfigurationError, ToolError, IntegrityError
   */
  prepare(scanners: readonly ScannerName[]): Promise<ScannerInfo>
  /** The Java database; undefined while no scan needed it. */
  javaDatabase(): DatabaseInfo | undefined
  /** @param known a cache that no scan uses meanwhile: what it knows, the new one knows */
  newCache(known?: AnalysisCache): Promise<AnalysisCache>
  /**
   * Scans an exported image without any filter.
   * @throws ToolError
   */
  scanImage(
    image: Pick<ExportedImage, 'layoutDir' | 'digests'>,
    cache: AnalysisCache,
    request: ScanRequest,
  ): Promise<ImageReport>
  /**
   * Lists what is in an image, as a CycloneDX SBOM.
   * @param report the text that `scanImage` gave
   * @param name of the image, for people
   * @param timeout milliseconds
   * @returns the absolute path of the SBOM, which exists while the run lasts
   * @throws ToolError
   */
  makeSbom(report: string, name: string, timeout: number): Promise<string>
  /**
   * Looks for vulnerable packages in the lock files of a build context.
   * @param directory absolute
   * @param timeout milliseconds
   * @throws ToolError
   */
  scanLockFiles(directory: string, timeout: number): Promise<FolderReport>
  /**
   * Looks for misconfigurations in a Dockerfile. What it says in comments to make Trivy look away counts for nothing.
   * @param path absolute
   * @param timeout milliseconds
   * @returns Trivy's report on a file `Dockerfile`
   * @throws ToolError
   */
  scanDockerfile(path: string, timeout: number): Promise<FolderReport>
}

/** The comments on a pull request that the token's own account wrote. */
export interface Comments {
  /** @returns the first one that starts with the marker, undefined where there is none. @throws GitHubApiError */
  find(pullRequest: number, marker: string): Promise<Comment | undefined>
  /** @throws GitHubApiError */
  create(pullRequest: number, body: string): Promise<void>
  /** @throws GitHubApiError */
  update(id: number, body: string): Promise<void>
}

export interface Comment {
  readonly id: number
  readonly body: string
}

export type EntryKind = 'file' | 'directory' | 'other'

export interface DirectoryEntry {
  readonly name: string
  /** What the entry is, with links followed; `missing` for a link that leads nowhere. */
  readonly kind: EntryKind | 'missing'
  /** Where it really is, all links followed; absent for a link that leads nowhere. */
  readonly realPath?: string
}

/** Writes reports. All paths are absolute; folders are made as needed. */
export interface ReportWriter {
  /** @param text whole, or in parts */
  writeText(path: string, text: string | Iterable<string>): Promise<void>
  copy(from: string, to: string): Promise<void>
  /**
   * Makes a folder ready for reports: a real folder, not a link, without files of this ending. What else is in it stays.
   * @param ending of file names: `.cdx.json`
   */
  clear(directory: string, ending: string): Promise<void>
}

/** The files of the repository under test. All paths are absolute. */
export interface Files {
  /** @returns undefined where there is no such directory */
  list(directory: string): Promise<readonly DirectoryEntry[] | undefined>
  /** The path with all links followed, undefined where it does not exist. */
  realPath(path: string): Promise<string | undefined>
  /** Where a link leads, as it is written; undefined for what is no link, or does not exist. */
  readLink(path: string): Promise<string | undefined>
  /** @returns undefined where there is no such file */
  readText(path: string): Promise<string | undefined>
  /** @returns undefined where there is no such file */
  readBytes(path: string): Promise<Uint8Array | undefined>
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
  /**
   * How far an image is. A terminal shows the newest for each image; elsewhere only a new stage is said, if at all.
   * @param stage `building`, `clean`, ...
   * @param detail what changes while the stage lasts: `3/7`
   */
  progress(image: string, stage: string, detail?: string): void
  /** Folds what is printed while `work` runs under a title, and ends the fold in every outcome. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** Lets only so many of the works that it is given run at once; the others wait for their turn, in order. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** How a run ends that must end before its time, since somebody cancelled it or it took too long. */
export interface Ending {
  /** Aborted when the run must end. Its reason is a GateError: why, and what to do next. */
  readonly cancelled: AbortSignal
  /** Aborted for the same reason when everything that heeds it has ended: nobody waits for the rest. */
  readonly overdue: AbortSignal
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

/** A file that a change touches. All paths are relative to the workspace, with forward slashes. */
export interface FileChange {
  readonly path: string
  readonly status: 'added' | 'deleted' | 'modified'
  /** For one that was moved: its path before. */
  readonly from?: string
}

/** The history of the repository under test. */
export interface Repository {
  /**
   * The commit before the change, fetched where the checkout does not have it.
   * @returns its full SHA
   * @throws ToolError where it cannot be had, saying why and what to do
   */
  resolveBase(hint: BaseHint): Promise<string>
  /** The commit that is checked out, and those that it comes after. Full SHAs. @throws ToolError */
  checkedOut(): Promise<{ readonly commit: string; readonly parents: readonly string[] }>
  /**
   * Whether a branch has the commit that is checked out. True where there is no repository that could tell.
   * @param commit one that the branch has for certain
   * @throws ToolError where git cannot read the checkout
   */
  isMerged(commit: string, branch: string): Promise<boolean>
  /** @returns the text of a file in a commit; undefined where there is no such file */
  readText(commit: string, path: string): Promise<string | undefined>
  /**
   * What differs between a commit and the work tree. Files that are not tracked count.
   * @param folder relative to the workspace: below it, files that git ignores count too, or the whole folder that they are in
   */
  changesSince(commit: string, folder: string): Promise<readonly FileChange[]>
  /** Writes a folder beside the work tree, as a checkout of the commit would write it. */
  checkOut(commit: string, folder: string): Promise<CheckedOut>
}

/** A folder of a commit, outside of the repository. */
export interface CheckedOut {
  /** Absolute path of a directory that holds the folder at its path; nothing where the commit has no such folder. */
  readonly directory: string
  /** What the commit names and does not hold, and the work tree may have: with its path, relative to the workspace. */
  readonly incomplete: readonly { readonly path: string; readonly what: string }[]
}

export interface Ports {
  readonly engine: Engine
  readonly scanner: Scanner
  readonly repository: Repository
  readonly files: Files
  readonly console: Console
  readonly clock: Clock
  readonly ending: Ending
}
