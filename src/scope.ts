/** What there is to gate, what it was before the change, and whose policy decides about it. */
import { join, relative, resolve, sep } from 'node:path'
import { comparesAny, resolveRules } from './decide/rules.js'
import { findBaseImages, type BaseImages } from './discover/base.js'
import {
  compareWithBase,
  describeChange,
  readHistory,
  selectChanged,
  settleBaseline,
  type History,
} from './discover/change.js'
import { discoverImages } from './discover/images.js'
import { findLockFiles } from './discover/lock-files.js'
import { ConfigurationError, messageOf } from './errors.js'
import type { Inputs } from './inputs.js'
import type { Change, Discovery, Rules, RunContext } from './model.js'
import { idlePatterns } from './policy/patterns.js'
import { readPolicies, type Policies, type PolicyRequest } from './policy/revisions.js'
import type { Ports } from './ports.js'

/** What was asked, where, and with what. */
export interface Run {
  readonly inputs: Inputs
  readonly context: RunContext
  readonly ports: Ports
}

export interface Scope extends Before, Found {
  /** The images before the change, where it matters what the change brings. */
  readonly base: BaseImages
}

/** @throws GateError for anything that makes the answer uncertain */
export async function readScope(run: Run): Promise<Scope> {
  const before = await readBefore(run)
  const found = await findImages(before, run)
  const { history, policies } = before
  const { images } = found.discovery
  const comparisons = compareWithBase(images, history)
  const comparable = images.filter(({ name }) =>
    everyRules(policies, run.inputs, name).some(({ gateOn }) => gateOn === 'introduced'),
  )
  const base = await findBaseImages(comparable, { history, comparisons, imagesRoot: imagesRootOf(run) }, run.ports)
  return { ...before, ...found, base }
}

/** The rules of an image by every policy that it is judged by. */
export function everyRules({ inForce, proposed }: Policies, { rules }: Inputs, name: string): readonly Rules[] {
  return [inForce, ...(proposed === undefined ? [] : [proposed])].map(policy => resolveRules(policy, rules, name).rules)
}

interface Before {
  readonly history: History
  readonly policies: Policies
}

/** What there was before the change, and by whose policy it is judged. Both are only asked for where they matter. */
async function readBefore({ inputs, ports, ...asked }: Run): Promise<Before> {
  const { repository } = ports
  const context = await settleBaseline(asked.context, repository)
  const imagesRoot = imagesRootOf({ inputs, context })
  const own = (context.baseline?.policy ?? 'checkout') === 'checkout'
  const early = own ? undefined : await readHistory(context, repository, imagesRoot)
  const base = early === undefined ? undefined : await judgeOf(early, context, repository)
  const policies = await readPolicies({
    file: inputs.policyFile,
    head: path => readHead(path, context.workspace, ports.files),
    now: ports.clock.now(),
    ...(base === undefined ? {} : { base }),
  })
  const needed = inputs.onlyChanged || comparesAny(policies.inForce, inputs.rules)
  const notAsked: History = { status: 'none', reason: 'nothing asks for a comparison' }
  const history = early ?? (needed ? await readHistory(context, repository, imagesRoot) : notAsked)
  return { history, policies }
}

/** The revision whose policy decides. @throws GateError where it cannot be read */
async function judgeOf(
  history: History,
  { baseline }: RunContext,
  repository: Ports['repository'],
): Promise<PolicyRequest['base']> {
  const source = baseline?.policy
  const touched = history.status === 'known' ? history.files : undefined
  // Where nothing is compared, the policy of what is checked out may be another one.
  const changed = (paths: readonly string[]): boolean =>
    touched?.some(({ path, from }) => paths.includes(path) || (from !== undefined && paths.includes(from))) ?? false
  if (typeof source === 'object') {
    const commit = await repository.resolveBase({ kind: 'branch', name: source.branch })
    return { revision: 'default', read: path => repository.readText(commit, path), changed }
  }
  if (history.status !== 'known') return undefined
  return { revision: 'base', read: path => repository.readText(history.base, path), changed }
}

/**
 * Links are refused, as they are in a commit: one that leads out of the repository could show what is there to whoever
 * reads the error.
 */
async function readHead(path: string, workspace: string, files: Ports['files']): Promise<string | undefined> {
  const real = await files.realPath(join(workspace, path))
  if (real === undefined) return undefined
  const advice = 'Put the file itself there.'
  const top = (await files.realPath(workspace)) ?? workspace
  if (real !== join(top, path)) throw new ConfigurationError(`${path} is a link, not a file`, advice)
  try {
    return await files.readText(real)
  } catch (error) {
    throw new ConfigurationError(`${path} cannot be read: ${messageOf(error)}`, advice, { cause: error })
  }
}

interface Found {
  readonly discovery: Discovery
  readonly change: Change | undefined
}

async function findImages({ history, policies }: Before, run: Run): Promise<Found> {
  const { inputs, context, ports } = run
  const { workspace } = context
  const all = await discoverImages({ workspace, include: inputs.images, ...inputs }, ports.files)
  const images = [...all.images, ...all.skipped.map(({ image }) => image)]
  const idle = idlePatterns(
    policies.proposed ?? policies.inForce,
    images.map(({ name }) => name),
  )
  if (idle.length > 0)
    throw new ConfigurationError(idle, 'Name images that there are, or take the entry out of the policy.')
  const imagesRoot = imagesRootOf(run)
  const policyFiles = [...policies.inForce.files, ...(policies.proposed?.files ?? [])]
  const change = describeChange({ history, imagesRoot, images, policyFiles })
  const discovery = inputs.onlyChanged ? selectChanged(all, history, change, imagesRoot) : all
  return { discovery: { ...discovery, images: await findLockFiles(discovery.images, workspace, ports.files) }, change }
}

/** Relative to the workspace, with forward slashes, whichever way it was given. */
function imagesRootOf({ inputs, context: { workspace } }: Pick<Run, 'inputs' | 'context'>): string {
  return relative(workspace, resolve(workspace, inputs.imagesRoot)).split(sep).join('/')
}
