/** Whose policy decides: on a proposed change that of the base, so that a change cannot exempt itself. */
import { ConfigurationError } from '../errors.js'
import type { Policy } from '../model.js'
import { readPolicy, type ReadText } from './read.js'

export interface Policies {
  /** What decides. */
  readonly inForce: Policy
  /** What will decide when the change is merged, where that is something else. */
  readonly proposed?: Policy
  readonly revision: 'base' | 'default' | 'head'
  /** What the policy of the base has against it: then the defaults decide, so that a change can mend it. */
  readonly broken: readonly string[]
}

export interface PolicyRequest {
  /** Relative to the workspace. */
  readonly file: string
  readonly head: ReadText
  /** Only where another revision decides than the one that is checked out. */
  readonly base?: {
    readonly revision: 'base' | 'default'
    readonly read: ReadText
    /** Whether the change touches one of these files. */
    readonly changed: (paths: readonly string[]) => boolean
  }
  readonly now: Date
}

/** @throws ConfigurationError with every mistake in the policy that decides, or would after the merge */
export async function readPolicies({ file, head, base, now }: PolicyRequest): Promise<Policies> {
  if (base === undefined) return { inForce: await readPolicy(file, head, now), revision: 'head', broken: [] }
  const { revision } = base
  const before = await readPolicy(file, base.read, now).catch((error: unknown) => {
    if (error instanceof ConfigurationError) return error
    throw error
  })
  if (before instanceof ConfigurationError) {
    const proposed = await readPolicy(file, head, now)
    return { inForce: noPolicy(proposed.files), proposed, revision, broken: before.messages }
  }
  if (!base.changed(before.files)) return { inForce: before, revision, broken: [] }
  return { inForce: before, proposed: await readPolicy(file, head, now), revision, broken: [] }
}

function noPolicy(files: readonly string[]): Policy {
  return { rules: {}, images: [], exceptions: [], warnings: [], files }
}
