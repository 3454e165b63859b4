/** What a change touches: which images, and what of the gate itself. Pure but for `readHistory`. */
import { posix } from 'node:path'
import { ConfigurationError, GateError } from '../errors.js'
import type { Baseline, Change, Comparison, Discovery, ImageContext, RunContext } from '../model.js'
import type { FileChange, Repository } from '../ports.js'

/** What there was before the change, as far as it can be known. */
export type History =
  | { readonly status: 'known'; readonly base: string; readonly files: readonly FileChange[] }
  /** `none`: the event has nothing to compare with. `unreadable`: there is something, but it cannot be had. */
  | { readonly status: 'none'; readonly reason: string }
  | { readonly status: 'unreadable'; readonly reason: string }

/** Work that is not merged yet: it cannot decide about itself, and what was before must be known. */
export function isProposal({ baseline }: RunContext): boolean {
  return baseline?.policy === 'base'
}

/**
 * The run with the rules that hold for the commit that is checked out.
 * @throws GateError where that commit cannot be read
 */
export async function settleBaseline(context: RunContext, repository: Repository): Promise<RunContext> {
  const { merged } = context.baseline ?? {}
  if (merged === undefined || (await repository.isMerged(merged.commit, merged.branch))) return context
  return { ...context, baseline: merged.otherwise }
}

/**
 * @param imagesRoot relative to the workspace, with forward slashes
 * @throws GateError where it must be known and cannot be read
 */
export async function readHistory(context: RunContext, repository: Repository, imagesRoot: string): Promise<History> {
  const { baseline, event } = context
  if (baseline !== undefined) await checkCheckout(context, baseline, repository)
  const hint = baseline?.base
  if (hint === undefined) {
    if (isProposal(context)) throw new ConfigurationError(`the event ${event ?? ''} names no base`, withoutBase)
    const when = event === undefined ? 'on the command line' : `on the event ${event}`
    return { status: 'none', reason: `${when} there is nothing to compare with` }
  }
  try {
    const base = await repository.resolveBase(hint)
    if (baseline?.differs === true && (await repository.checkedOut()).commit === base) throw notTheChange(context)
    return { status: 'known', base, files: await repository.changesSince(base, imagesRoot) }
  } catch (error) {
    if (isProposal(context) || error instanceof ConfigurationError || !(error instanceof GateError)) throw error
    return { status: 'unreadable', reason: error.message }
  }
}

/** The check of a pull request must not be the check of another commit, for instance of the base. */
async function checkCheckout(context: RunContext, { expected }: Baseline, repository: Repository): Promise<void> {
  if (expected === undefined) return
  const { commit, parents } = await repository.checkedOut()
  // GitHub's merge commit has the head as a parent; so has a commit that an earlier step made.
  if (![commit, ...parents].some(one => expected.includes(one))) throw notTheChange(context)
}

const withoutBase = 'Run it on an event of GitHub’s, with the payload that GitHub gives.'

function notTheChange({ event = '' }: RunContext): ConfigurationError {
  return new ConfigurationError(
    `what is checked out is not the change that the event ${event} is about, perhaps its base branch`,
    event.startsWith('pull_request') && event !== 'pull_request_target'
      ? 'Call actions/checkout without `ref`: it then checks out what would be merged.'
      : 'Use the event pull_request, which checks out what would be merged. Other events need a `ref` for actions/checkout that names the commit of the change.',
  )
}

export interface ChangeRequest {
  readonly history: History
  /** Relative to the workspace, with forward slashes. */
  readonly imagesRoot: string
  /** Every image that there is now. */
  readonly images: readonly ImageContext[]
  /** All that the policy is read from. */
  readonly policyFiles: readonly string[]
}

/** What the change does, apart from what is in the images; undefined where that is not known. */
export function describeChange({ history, imagesRoot, images, policyFiles }: ChangeRequest): Change | undefined {
  if (history.status !== 'known') return undefined
  const { base, files } = history
  const names = new Set(images.map(({ name }) => name))
  const nameOf = (path: string): string | undefined => imageNameOf(path, imagesRoot)
  const renamed = files.flatMap(({ path, from }) => {
    const [before, after] = [from === undefined ? undefined : nameOf(from), nameOf(path)]
    return before === undefined || after === undefined || names.has(before) ? [] : [{ from: before, to: after }]
  })
  const deleted = files
    .filter(({ status }) => status === 'deleted')
    .flatMap(({ path }) => nameOf(path) ?? [])
    .filter(name => !names.has(name))
  const paths = pathsOf(files)
  return {
    base,
    deleted,
    renamed,
    workflows: paths.filter(path => /^\.github\/(workflows|actions)\//.test(path)),
    policyFiles: paths.filter(path => policyFiles.includes(path)),
  }
}

/** The image whose Dockerfile this is. */
function imageNameOf(path: string, imagesRoot: string): string | undefined {
  const [name, file, ...rest] = posix.relative(imagesRoot, path).split('/')
  return file === 'Dockerfile' && rest.length === 0 && name !== '..' ? name : undefined
}

/**
 * Leaves out the images that the change does not touch. Where it touches something that all of them depend on (the policy,
 * a workflow, a file of the images folder that belongs to no image), or is not known, none is left out.
 */
export function selectChanged(
  discovery: Discovery,
  history: History,
  change: Change | undefined,
  imagesRoot: string,
): Discovery {
  if (history.status !== 'known' || change === undefined) return discovery
  if (change.policyFiles.length > 0 || change.workflows.length > 0) return discovery
  const all = [...discovery.images, ...discovery.skipped.map(({ image }) => image)]
  const gone = [...change.deleted, ...change.renamed.map(({ from }) => from)]
  const owned = [...all.map(({ contextDir }) => contextDir), ...gone.map(name => posix.join(imagesRoot, name))]
  const shared = touchedBy(history.files).filter(path => isBelow(path, imagesRoot) || isBelow(imagesRoot, path))
  if (shared.some(path => !owned.some(directory => isBelow(path, directory)))) return discovery
  // What is refused may be so because of what is gone.
  const untouched = discovery.images.filter(image => image.refusal === undefined && !touches(history.files, image))
  return {
    ...discovery,
    images: discovery.images.filter(image => !untouched.includes(image)),
    skipped: [...discovery.skipped, ...untouched.map(image => ({ image, reason: 'only-changed' as const }))],
  }
}

/** How each image is compared with what it was; empty where nothing is compared. */
export function compareWithBase(images: readonly ImageContext[], history: History): ReadonlyMap<string, Comparison> {
  if (history.status === 'none') return new Map()
  return new Map(images.map(image => [image.name, compareImage(image, history)]))
}

function compareImage(image: ImageContext, history: Exclude<History, { readonly status: 'none' }>): Comparison {
  if (history.status !== 'known') return { status: 'failed', reason: history.reason }
  const dockerfile = history.files.find(({ path }) => path === image.dockerfile)
  if (dockerfile?.status === 'added' || dockerfile?.from !== undefined) return { status: 'new' }
  return { status: touches(history.files, image) ? 'compared' : 'unchanged' }
}

/** True when the change touches something that the image is made of. */
function touches(files: readonly FileChange[], { sources }: ImageContext): boolean {
  // What lies above it and is no folder any more, or a submodule, brings or takes all below.
  return touchedBy(files).some(path => sources.some(source => isBelow(path, source) || isBelow(source, path)))
}

/** @param directory empty for the whole repository */
export function isBelow(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`)
}

/** They say how git, its submodules and Git LFS write other files. */
const writers: ReadonlySet<string> = new Set(['.gitattributes', '.gitmodules', '.lfsconfig'])

/** The paths of the change; for a file that decides about others, the folder that they are in. */
function touchedBy(files: readonly FileChange[]): string[] {
  return pathsOf(files).map(path => {
    if (!writers.has(posix.basename(path))) return path
    const folder = posix.dirname(path)
    return folder === '.' ? '' : folder
  })
}

/** Before and after the change. */
function pathsOf(files: readonly FileChange[]): string[] {
  return [...new Set(files.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])))].sort()
}
