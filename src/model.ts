/**
 * What flows through the rooms, from a folder with a Dockerfile to the verdict. Everything is readonly: a room
 * makes a new value, it never changes one that another room made.
 */
import type { Finding, LineRange, Origin, SeverityCounts } from './model-finding.js'
import type { Exception, ImageRules, JudgedFinding } from './model-policy.js'

export * from './model-finding.js'
export * from './model-policy.js'

/** Before and after a change: `head` is what is gated, `base` what it is compared with. */
export type Revision = 'head' | 'base'

/** Where each revision lies. Absolute; without a base, both are the same. */
export type Workspaces = Readonly<Record<Revision, string>>

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
  readonly revision: Revision
  /**
   * Where its context and its Dockerfile are, by their names and with links followed, relative to the workspace: who changes
   * something there changes the image.
   */
  readonly sources: readonly string[]
  /** The lock files of the context that the Dockerfile copies. */
  readonly lockFiles: readonly CopiedFile[]
  /** Why this image must not be built at all, for instance because a link leads out of `images-root`. */
  readonly refusal?: string
}

/** A file of a build context, and the instruction that copies it. */
export interface CopiedFile {
  /** Relative to the context, with forward slashes. */
  readonly path: string
  readonly origin: Origin
}

/** The image as a reader of the log knows it. */
export function imageTitle({ name, revision }: ImageContext): string {
  return revision === 'head' ? name : `${name} (before the change)`
}

/** An entry of `images-root` that is not an image, and why: said in the log, so that nobody believes it was gated. */
export interface IgnoredEntry {
  readonly path: string
  readonly reason: string
  /** True when somebody probably meant it to be gated (a Dockerfile lies deeper). */
  readonly suspicious: boolean
}

export interface SkippedImage {
  readonly image: ImageContext
  readonly reason: SkipReason
}

/** What `discover` found below `images-root`. */
export interface Discovery {
  readonly images: readonly ImageContext[]
  readonly ignored: readonly IgnoredEntry[]
  readonly skipped: readonly SkippedImage[]
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

/** A step on the way to an image, as BuildKit's provenance tells of it. */
export interface ProvenStep {
  /** How many layers it adds to what was there before; absent for a base image, which has as many as it has. */
  readonly adds?: number
  /**
   * The packed layers of its result, by digest, from the first one up: one list for each way in which they were packed,
   * none where BuildKit recorded them for an equal step of another build.
   */
  readonly results: readonly (readonly string[])[]
  /** The Dockerfile instructions that it stands for: equal ones of several stages are one step. */
  readonly instructions: readonly LineRange[]
}

/** An image that another one was built on, or took files of. */
export interface BaseImage {
  /** As BuildKit writes it out: `docker.io/library/debian:bookworm`. */
  readonly name: string
  /** What the name meant in this build: `sha256:...`; absent where the engine does not tell. */
  readonly digest?: string
}

export interface BuiltImage {
  readonly status: 'built'
  readonly image: ImageContext
  /** The engine's ID of the image, a digest: what is scanned, whatever happens to tags meanwhile. */
  readonly imageId: string
  readonly steps: readonly BuildStep[]
  /** The steps that the image consists of, in order; empty where the engine records nothing. */
  readonly provenance: readonly ProvenStep[]
  /** By name. */
  readonly baseImages: readonly BaseImage[]
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

/** One layer of an image, in order, with the build step that made it as far as the image's history tells. */
export interface Layer {
  readonly diffId: string
  /** Of the packed layer, as the manifest names it. */
  readonly digest?: string
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
  /** Why nothing could be found among the packages of the image's distribution, where that is so. */
  readonly unexamined?: string
  /** What Trivy left out, each as a short text: files that it cannot read, packages that it cannot compare. */
  readonly leftOut?: readonly string[]
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
  /** Absolute path of its SBOM, which exists while the run lasts. */
  readonly sbom?: string
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

/** How an image was compared with the one before the change. */
export type Comparison =
  | { readonly status: 'unchanged' | 'compared' | 'new' }
  /** Everything counts as introduced. */
  | { readonly status: 'failed'; readonly reason: string }

/** What is decided about one image. */
export interface ImageVerdict {
  readonly image: ImageContext
  readonly state: ImageState
  /** Why it is `skipped`. */
  readonly skipped?: SkipReason
  readonly rules?: ImageRules
  /** Only where `gate-on: introduced` applies. */
  readonly comparison?: Comparison
  readonly imageId?: string
  /** Absent where it was not built. */
  readonly baseImages?: readonly BaseImage[]
  /** Of what was scanned. */
  readonly digests?: ImageDigests
  /** Absolute path of its SBOM, which exists while the run lasts. */
  readonly sbom?: string
  /** Every finding, gating or not, worst first. */
  readonly findings: readonly JudgedFinding[]
  /** The gating findings by severity. */
  readonly counts: SeverityCounts
  readonly failure?: Failure
  readonly os?: ImageScan['os']
  readonly packages?: number
  readonly leftOut?: ImageScan['leftOut']
  /** Milliseconds spent on building and on scanning; 0 for what did not happen. */
  readonly buildDuration: number
  readonly scanDuration: number
}

/** The input that leaves an image out: `images`, or `only-changed` for one that this change does not touch. */
export type SkipReason = 'images' | 'only-changed'

export type Result = 'passed' | 'blocked' | 'error'

/** What went wrong for the whole run rather than for one image. */
export interface Problem {
  /** As the error's class says; `unexpected` for a defect of ours. */
  readonly kind: 'configuration' | 'tool' | 'integrity' | 'github' | 'unexpected'
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
  readonly warnOnly: boolean
  readonly exceptions: ExceptionUse
  readonly problem?: Problem
}

/** What became of the exceptions of the policy. */
export interface ExceptionUse {
  /** They let nothing pass any more; what they once did counts. */
  readonly expired: readonly Exception[]
  /** They will expire within two weeks. */
  readonly expiring: readonly Exception[]
  /** No finding of any image that was gated is theirs. */
  readonly unused: readonly Exception[]
}

/** What a change is compared with, and what in it concerns the gate itself. */
export interface Change {
  /** The commit before the change. */
  readonly base: string
  /** Names of images that are gone. */
  readonly deleted: readonly string[]
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  /** Changed files that decide how the gate is called. */
  readonly workflows: readonly string[]
  /** Changed files of the policy. */
  readonly policyFiles: readonly string[]
}

/** Where the policy of a run came from. */
export interface PolicyOrigin {
  /** `head`: what is checked out. `base`: the commit before the change. `default`: the tip of the default branch. */
  readonly revision: 'base' | 'default' | 'head'
  readonly file?: string
  readonly exceptions: number
}

/** One thing to do, and how many of the gating findings it removes, in which images. */
export type Advice = {
  readonly removes: number
  /** By name, sorted. */
  readonly images: readonly string[]
} & (
  | {
      readonly action: 'upgrade'
      readonly package: string
      /** Absent where the versions that fix the findings cannot be compared. */
      readonly version?: string
    }
  /** On a newer base image than this one, as FROM names it. */
  | { readonly action: 'rebuild'; readonly base: string }
  /** What is no matter of versions: by its ID and title. */
  | { readonly action: 'mend'; readonly id: string; readonly title?: string }
  /** Until there is a version that fixes it. */
  | { readonly action: 'wait' }
)

/** What an image's verdict becomes when the policy of the change is merged. */
export interface PolicyEffect {
  readonly image: string
  readonly before: ImageState
  readonly after: ImageState
  /** Findings that would count no more, and those that would newly count. */
  readonly released: readonly JudgedFinding[]
  readonly caught: readonly JudgedFinding[]
}

/** The scanner that was used, for the report. */
export interface ScannerInfo {
  readonly version: string
  /** Where the program came from, for people: `tool cache`, `trivy-path ...`. */
  readonly source: string
  /** SHA-256 of the program that ran. */
  readonly sha256: string
  readonly database?: DatabaseInfo
  /** Which file is which Java package; absent where no image needed it. */
  readonly javaDatabase?: DatabaseInfo
}

export interface DatabaseInfo {
  readonly repository: string
  /** ISO 8601, UTC: when the database was built. */
  readonly updatedAt: string
  /** Of its manifest in the repository. */
  readonly digest: string
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

/**
 * Where the commit before a change is found: the first parent of the merge commit that GitHub makes for a pull request,
 * the tip of a branch, a commit that the event names, or the commit where a branch began.
 */
export type BaseHint =
  /** `head`: the commit that it must merge, where the event tells. */
  | { readonly kind: 'merge-commit'; readonly commit: string; readonly head?: string }
  | { readonly kind: 'branch'; readonly name: string }
  | { readonly kind: 'commit'; readonly commit: string }
  /** Where what is checked out left this branch. */
  | { readonly kind: 'merge-base'; readonly branch: string }

/**
 * Whose policy decides: that of what is checked out, that of the commit before the change, or that of the tip of a branch.
 */
export type PolicySource = 'checkout' | 'base' | { readonly branch: string }

/** The event is about the default branch, while its workflow may check out anything. */
export interface MergedOnly {
  /** A commit of that branch. */
  readonly commit: string
  readonly branch: string
  /** What holds instead where the branch does not have the commit that is checked out. */
  readonly otherwise: Baseline
}

/** What an event says of the commit that is gated, and of those that it is judged by. */
export interface Baseline {
  readonly policy: PolicySource
  /** What the change is compared with; absent where there is nothing to compare with. */
  readonly base?: BaseHint
  /** The commits of which one must be checked out, or be merged into what is. Absent: any. */
  readonly expected?: readonly string[]
  /** Absent: all of this holds whatever is checked out. */
  readonly merged?: MergedOnly
  /** True where the event is about a change, so that the default branch itself cannot be meant. */
  readonly differs?: true
}

/** Instead of a repository's name: the event is about somebody's code, and does not say whose. */
export const unknownRepository = 'unknown'

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
  /** The newest commit of the pull request; what is checked out is its merge with the base. */
  readonly head?: string
  /**
   * `owner/name` of where the code of the pull request behind this run comes from, or `unknownRepository`; absent where
   * the event is about none.
   */
  readonly headRepository?: string
  /** What the event says of the commits that matter; absent on a person's own machine. */
  readonly baseline?: Baseline
  /** The file of the workflow that runs, relative to the workspace. */
  readonly workflow?: string
  /** The job's ID in that file, and the step's: the one that it has, or one that the runner gave it. */
  readonly job?: string
  readonly step?: string
  /** Processors that this process may use. */
  readonly processors: number
  /** Web address of the run, for links back to the log. */
  readonly runUrl?: string
  /** GitHub's number of the run: later runs have higher ones. */
  readonly runId?: number
}

/** When to comment on the pull request. */
export const commentModes = ['auto', 'on-failure', 'always', 'never'] as const
export type CommentMode = (typeof commentModes)[number]

/** All of it: what the JSON report holds and what every other output renders. */
export interface Report {
  readonly verdict: Verdict
  readonly ignored: readonly IgnoredEntry[]
  readonly context: RunContext
  readonly imagesRoot: string
  /** What to do, best first. */
  readonly advice: readonly Advice[]
  /** For the reader's first glance: what makes this verdict worth less than it looks. */
  readonly warnings: readonly string[]
  readonly change?: Change
  readonly policy?: PolicyOrigin
  /** Only where the change touches the policy. */
  readonly policyEffects?: readonly PolicyEffect[]
  readonly scanner?: ScannerInfo
  readonly engine?: EngineInfo
  readonly work?: WorkDone
  /** ISO 8601, UTC. */
  readonly startedAt: string
  /** Milliseconds. */
  readonly duration: number
}
