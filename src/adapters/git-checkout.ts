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
  let files = 0
  const isSubmodule = (entry: string): boolean => {
    files += 1
    return entry.startsWith(submoduleMode)
  }
  const entries = await git.records(['ls-files', '-z', '--stage', '--', below], isSubmodule, call)
  if (files === 0) return { directory: top, incomplete: [] }
  await git.call([...whole, 'checkout', '--quiet', '--ignore-skip-worktree-bits', '--', below], call)
  const attribute = below === ':/' ? ':(top,attr:filter=lfs)' : below.replace('literal)', 'literal,attr:filter=lfs)')
  const big = await git.records(['ls-files', '-z', '--', attribute], () => true, call)
  const missing = entries.map(entry => ({ path: pathOf(entry), what: 'a submodule' }))
  for (const path of big) {
    const own = path.slice(prefix.length)
    if (await isCut(join(tree, path), join(workspace, own))) missing.push({ path, what: 'a file of Git LFS' })
  }
  return { directory: top, incomplete: missing.map(({ path, what }) => ({ path: path.slice(prefix.length), what })) }
}

/** As `git ls-files --stage` has it: `MODE OBJECT STAGE TAB PATH`. */
export const submoduleMode = '160000 '

export function pathOf(entry: string): string {
  return entry.slice(entry.indexOf('\t') + 1)
}

/** Bytes: a pointer of Git LFS is shorter ("The pointer file", in its specification). */
const maxPointer = 1024

/** True for a pointer whose content was not there, unless the head has that pointer too: then both are alike. */
async function isCut(base: string, head: string): Promise<boolean> {
  const pointer = await readPointer(base)
  return pointer !== undefined && pointer !== (await readPointer(head))
}

async function readPointer(path: string): Promise<string | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isFile() !== true || stats.size >= maxPointer) return undefined
  const text = await readFile(path, 'latin1')
  return text.startsWith('version ') ? text : undefined
}
