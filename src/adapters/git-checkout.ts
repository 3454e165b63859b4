/** A folder of a commit, written beside the work tree as a checkout of that commit would write it. */
import { lstat, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckedOut } from '../ports.js'
import type { GitCall, GitCommand } from './git-command.js'

export interface CheckOutRequest {
  readonly commit: string
  /** Relative to the workspace; empty for all of it. */
  readonly folder: string
  /** Where it is written to. Absolute, empty. */
  readonly directory: string
  /** Absolute. */
  readonly workspace: string
}

/** Sparse checkouts and submodules are settings of the work tree that is there, and none of the commit's. */
const whole = ['-c', 'core.sparseCheckout=false', '-c', 'index.sparse=false', '-c', 'submodule.recurse=false']

/**
 * With an index and a work tree of its own, so that attributes (line ends, encodings, filters) are those of the commit: in
 * the work tree that is there, the change would decide how the files before it look. Not `git archive`, which leaves out
 * what `export-ignore` names.
 */
export async function checkOutFolder(git: GitCommand, request: CheckOutRequest): Promise<CheckedOut> {
  const { commit, folder, directory, workspace } = request
  const tree = join(directory, 'tree')
  await mkdir(tree)
  const call: GitCall = { env: { GIT_INDEX_FILE: join(directory, 'index'), GIT_WORK_TREE: tree }, cwd: tree }
  const prefix = await git.ask('rev-parse', '--show-prefix')
  const path = `${prefix}${folder}`.replace(/\/$/, '')
  const top = join(tree, prefix)
  if (path !== '') {
    const [, type] = (await git.ask('ls-tree', '--full-tree', commit, '--', path)).split(/\s+/)
    if (type !== 'tree') return { directory: top, incomplete: [] }
  }
  // All of it, since the attributes of a file may stand in any folder above it.
  await git.call([...whole, 'read-tree', '--no-sparse-checkout', commit], call)
  const below = path === '' ? ':/' : `:(top,literal)${path}`
  const isEmpty = (await git.call(['ls-files', '-z', '--', below], call)).output === ''
  if (!isEmpty) await git.call([...whole, 'checkout', '--quiet', '--ignore-skip-worktree-bits', '--', below], call)
  const missing = await findMissing(git, call, below, { base: tree, head: workspace, prefix })
  return { directory: top, incomplete: missing }
}

interface Trees {
  readonly base: string
  readonly head: string
  /** Of the workspace in the repository. */
  readonly prefix: string
}

/** What a checkout does not write by itself, and the work tree may have: submodules, and big files that Git LFS keeps. */
async function findMissing(
  git: GitCommand,
  call: GitCall,
  below: string,
  trees: Trees,
): Promise<CheckedOut['incomplete']> {
  const { base, head, prefix } = trees
  const entries = (await git.call(['ls-files', '-z', '--stage', '--', below], call)).output.split('\0')
  const submodules = entries
    .filter(entry => entry.startsWith('160000 '))
    .map(entry => entry.slice(entry.indexOf('\t') + 1))
  const attribute = below === ':/' ? ':(top,attr:filter=lfs)' : below.replace('literal)', 'literal,attr:filter=lfs)')
  const big = (await git.call(['ls-files', '-z', '--', attribute], call)).output.split('\0').filter(path => path !== '')
  const missing = submodules.map(path => ({ path, what: 'a submodule' }))
  for (const path of big) {
    const own = path.slice(prefix.length)
    if (!(await isSame(join(base, path), join(head, own)))) missing.push({ path, what: 'a file of Git LFS' })
  }
  return missing.map(({ path, what }) => ({ path: path.slice(prefix.length), what }))
}

/** Bytes: a pointer of Git LFS is shorter ("The pointer file", in its specification). */
const maxPointer = 1024

async function isSame(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map(readPointer))
  return first !== undefined && second !== undefined && first.equals(second)
}

async function readPointer(path: string): Promise<Buffer | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isFile() === true && stats.size < maxPointer ? readFile(path) : undefined
}
