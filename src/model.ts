/**
 * What flows through the rooms, from a folder with a Dockerfile to the verdict. Everything is readonly: a room
 * makes a new value, it never changes one that another room made.
 */

/** Severities as Trivy names them, worst first. Trivy uses UNKNOWN where no source has rated a vulnerability. */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'] as const
export type Severity = (typeof severities)[number]

/** How many findings there are of each severity. */
export type SeverityCounts = Readonly<Record<Severity, number>>

export function countSeverities(findings: readonly { readonly severity: Severity }[]): SeverityCounts {
  const counts = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 }
  for (const { severity } of findings) counts[severity] += 1
  return counts
}

/** One image of the repository: a folder of `images-root` that holds a Dockerfile. */
export interface ImageContext {
  /** The folder's name, as people know the image. Comes from the repository under test: any characters at all. */
  readonly name: string
  /** The name made fit for an image reference: unique in a run, `[a-z0-9._-]`. */
  readonly safeName: string
  /** The build context, relative to the workspace, with forward slashes. */
  readonly contextDir: string
  /** The Dockerfile, relative to the workspace, with forward slashes. */
  readonly dockerfile: string
  /** Why this image must not be built at all, for instance because a link leads out of `images-root`. */
  readonly refusal?: string
}

/** An entry of `images-root` that is not an image, and why: said in the log, so that nobody believes it was gated. */
export interface IgnoredEntry {
  readonly path: string
  readonly reason: string
  /** True when somebody probably meant it to be gated (a Dockerfile lies deeper). */
  readonly suspicious: boolean
}

/** What `discover` found below `images-root`. */
export interface Discovery {
  readonly images: readonly ImageContext[]
  readonly ignored: readonly IgnoredEntry[]
  /** Images that the input `images` leaves out. */
  readonly skipped: readonly ImageContext[]
}

/** Lines of a Dockerfile, counted from 1, both inclusive. */
export interface LineRange {
  readonly start: number
  readonly end: number
}

/** Why a tool could not do its work for one image: what happened, and what to do next. */
export interface Failure {
  readonly message: string
  readonly advice: string
  /** The last lines that the tool printed, without control characters. */
  readonly log: readonly string[]
  /** The Dockerfile lines of the step that failed, where the engine tells. */
  readonly lines?: LineRange
}

/** One step of a build, as BuildKit tells it. */
export interface BuildStep {
  /** BuildKit's digest of the step with all that it depends on: equal steps of several images have the same. */
  readonly digest: string
  /** For instance `[2/3] RUN make`. */
  readonly name: string
  /** True when its result was there already: from another image of this run, or from before where the cache is on. */
  readonly cached: boolean
  /** Milliseconds. */
  readonly duration: number
}

export interface BuiltImage {
  readonly status: 'built'
  readonly image: ImageContext
  /** The engine's ID of the image, a digest: what is scanned, whatever happens to tags meanwhile. */
  readonly imageId: string
  readonly steps: readonly BuildStep[]
  /** Milliseconds. */
  readonly duration: number
}

export interface FailedBuild {
  readonly status: 'failed'
  readonly image: ImageContext
  readonly failure: Failure
  /** The steps that were completed. */
  readonly steps: readonly BuildStep[]
  /** Milliseconds. */
  readonly duration: number
}

export type BuildOutcome = BuiltImage | FailedBuild

/** The classes of Trivy's results that hold packages. */
export type PackageClass = 'os-pkgs' | 'lang-pkgs'

/** The package that a finding is about. */
export interface Package {
  readonly name: string
  readonly version: string
  /** Package URL (purl) with the version, where Trivy knows one. */
  readonly purl?: string
  /** Where the package lies in the image, for packages that are files. */
  readonly path?: string
  readonly class: PackageClass
  /** Trivy's name for the kind: `debian`, `node-pkg`, `python-pkg`, `jar`, ... */
  readonly type: string
}

/** The Dockerfile instruction that brought something into an image. */
export interface Origin {
  /** The Dockerfile, relative to the workspace. */
  readonly file: string
  readonly lines: LineRange
  /** The instruction's first line as written, for instance `RUN apt-get install -y wget`. */
  readonly instruction: string
  /** True when it is a FROM: the finding comes with the base image. */
  readonly fromBase: boolean
}

/** One vulnerability in one package of one image. */
export interface Finding {
  /** The vulnerability's identifier, usually a CVE. */
  readonly id: string
  readonly package: Package
  readonly severity: Severity
  /** Whose rating `severity` is (`debian`, `nvd`, `ghsa`); absent where Trivy does not say. */
  readonly severitySource?: string
  /** Trivy's status of the vulnerability in this package: `fixed`, `affected`, `will_not_fix`, ... */
  readonly status: string
  /** The versions that fix it, where there are any. */
  readonly fixedVersion?: string
  readonly title?: string
  readonly url?: string
  /** DiffID of the layer that holds the package. */
  readonly layer?: string
  readonly origin?: Origin
}

/** One layer of an image, in order, with the build step that made it as far as the image's history tells. */
export interface Layer {
  readonly diffId: string
  readonly createdBy?: string
  /** True when BuildKit made the layer, from the comment that it leaves in the history. */
  readonly byBuildKit: boolean
}

/** What Trivy measured in one image, without any opinion of ours. */
export interface ImageScan {
  readonly findings: readonly Finding[]
  readonly layers: readonly Layer[]
  /** The operating system, where Trivy recognised one. */
  readonly os?: { readonly family: string; readonly name: string; readonly endOfLife: boolean }
  /** How many packages Trivy recognised: 0 packages and no OS mean that "clean" says nothing. */
  readonly packages: number
}

/** What an exported image consists of. All are digests of the form `sha256:...`. */
export interface ImageDigests {
  /** The manifest: what a registry would call the image. */
  readonly manifest: string
  /** The configuration: the image's identity, however its layers are compressed. */
  readonly config: string
  /** The unpacked layers, in order. */
  readonly diffIds: readonly string[]
}

export interface ScannedImage {
  readonly status: 'scanned'
  readonly image: ImageContext
  readonly imageId: string
  readonly digests: ImageDigests
  readonly scan: ImageScan
  /** Milliseconds. */
  readonly duration: number
}

export interface FailedScan {
  readonly status: 'failed'
  readonly image: ImageContext
  readonly imageId: string
  readonly failure: Failure
  /** Milliseconds. */
  readonly duration: number
}

export type ScanOutcome = ScannedImage | FailedScan

/** The one state that every image ends in. */
export type ImageState = 'clean' | 'vulnerable' | 'build-failed' | 'scan-failed' | 'skipped'

/** Why a finding does or does not count against the image. */
export type Ruling = 'gating' | 'below-threshold' | 'unfixed'

export interface JudgedFinding extends Finding {
  readonly ruling: Ruling
}

/** What is decided about one image. */
export interface ImageVerdict {
  readonly image: ImageContext
  readonly state: ImageState
  readonly imageId?: string
  /** Of what was scanned. */
  readonly digests?: ImageDigests
  /** Every finding, gating or not, worst first. */
  readonly findings: readonly JudgedFinding[]
  /** The gating findings by severity. */
  readonly counts: SeverityCounts
  readonly failure?: Failure
  readonly os?: ImageScan['os']
  readonly packages?: number
  /** Milliseconds spent on building and on scanning; 0 for what did not happen. */
  readonly buildDuration: number
  readonly scanDuration: number
}

export type Result = 'passed' | 'blocked' | 'error'

/** What makes a finding count. */
export interface Policy {
  readonly severity: readonly Severity[]
  readonly ignoreUnfixed: boolean
  readonly warnOnly: boolean
}

/** What went wrong for the whole run rather than for one image. */
export interface Problem {
  /** As the error's class says; `unexpected` for a defect of ours. */
  readonly kind: 'configuration' | 'tool' | 'integrity' | 'unexpected'
  /** One or more mistakes: wrong inputs are reported all at once. */
  readonly messages: readonly string[]
  readonly advice: string
}

/** The decision. Everything that is shown to anybody is a rendering of it. */
export interface Verdict {
  readonly result: Result
  readonly images: readonly ImageVerdict[]
  /** Sum of the gating findings of all images. */
  readonly counts: SeverityCounts
  readonly policy: Policy
  readonly problem?: Problem
}

/** The scanner that was used, for the report. */
export interface ScannerInfo {
  readonly version: string
  /** Where the program came from, for people: `tool cache`, `trivy-path ...`. */
  readonly source: string
  readonly database?: DatabaseInfo
}

export interface DatabaseInfo {
  readonly repository: string
  /** ISO 8601, UTC: when the database was built. */
  readonly updatedAt: string
}

/** The engine that builds, for the report. */
export interface EngineInfo {
  /** Of Docker; of BuildKit where a builder does without Docker's image store. */
  readonly serverVersion: string
  readonly buildxVersion: string
  /** The builder that is not Docker itself. */
  readonly builder?: { readonly name: string; readonly driver: string }
}

/** Where the time of a run went, and what the images shared. Times are in milliseconds, as the clock on the wall. */
export interface WorkDone {
  readonly build: number
  readonly export: number
  readonly scan: number
  /** Build steps: how many had to run, how often a result served one more image, and the time that this saved. */
  readonly steps: { readonly ran: number; readonly shared: number; readonly saved: number }
  /** Layers: how many different ones there are, how many the images have in all, and the size of the different ones. */
  readonly layers: { readonly distinct: number; readonly total: number; readonly bytes: number }
}

/** Where and why the gate runs; all absent values mean "on somebody's own machine". */
export interface RunContext {
  /** Absolute path of the checked-out repository. */
  readonly workspace: string
  /** `pull_request`, `push`, ...; absent on the command line. */
  readonly event?: string
  /** `owner/name`. */
  readonly repository?: string
  /** The commit that is checked out. */
  readonly sha?: string
  readonly pullRequest?: number
  /** Processors that this process may use. */
  readonly processors: number
  /** Web address of the run, for links back to the log. */
  readonly runUrl?: string
}

/** All of it: what the JSON report holds and what every other output renders. */
export interface Report {
  readonly verdict: Verdict
  readonly ignored: readonly IgnoredEntry[]
  readonly context: RunContext
  readonly imagesRoot: string
  readonly scanner?: ScannerInfo
  readonly engine?: EngineInfo
  readonly work?: WorkDone
  /** ISO 8601, UTC. */
  readonly startedAt: string
  /** Milliseconds. */
  readonly duration: number
}
