/** Follows links below a folder as BuildKit does in a build context: the folder is the root, and `..` never leads above it. */
import { posix } from 'node:path'
import type { Files } from '../ports.js'

export interface Followed {
  /** Relative to the root, without a link in it. It need not exist. */
  readonly path: string
  /** True where the system itself would look outside of the root: BuildKit and the system then read different files. */
  readonly leaves: boolean
}

/** Components of paths. A system gives up after 40 links, which cannot have as many. */
const maxSteps = 10_000

/**
 * @param root absolute, with all links followed
 * @param path relative to the root
 * @returns undefined for links that lead round in a circle
 */
export async function followLinks(root: string, path: string, files: Files): Promise<Followed | undefined> {
  const waiting = path.split('/').reverse()
  const at: string[] = []
  let leaves = false
  for (let steps = 0; waiting.length > 0; steps += 1) {
    if (steps > maxSteps || waiting.length > maxSteps) return undefined
    const part = waiting.pop() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..') {
      leaves ||= at.length === 0
      at.pop()
      continue
    }
    const target = await files.readLink(posix.join(root, ...at, part))
    if (target === undefined) {
      at.push(part)
      continue
    }
    if (target.startsWith('/')) {
      leaves = true
      at.length = 0
    }
    for (const part of target.split('/').reverse()) waiting.push(part)
  }
  return { path: at.join('/'), leaves }
}
