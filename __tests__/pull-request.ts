/** Pull requests on real repositories, gated as GitHub would have them gated. */
import { readFileSync } from 'node:fs'
import type { Origin, FileTree } from './git.js'
import { runGate } from './testbed.js'

export type Gated = Awaited<ReturnType<typeof runGate>>

export interface JsonFinding {
  id: string
  ruling: string
  rule?: string
  change?: string
  place?: { file: string; lines?: { start: number } }
  exception?: { reason: string }
  package?: { name: string }
}

export interface JsonReport {
  images: { name: string; state: string; comparison?: object; findings: JsonFinding[] }[]
  warnings: string[]
  change?: { base: string; deleted: string[]; renamed: object[] }
  policyEffects?: { image: string; before: string; after: string }[]
}

export const reportOf = ({ outputs }: Gated): JsonReport =>
  JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport

export const findingsOf = (gated: Gated, ruling: string): JsonFinding[] =>
  reportOf(gated).images.flatMap(({ findings }) => findings.filter(finding => finding.ruling === ruling))

/** Gates a pull request as GitHub would: its merge commit, checked out alone. */
export async function gatePullRequest(
  origin: Origin,
  change: FileTree,
  inputs: Record<string, string> = {},
  env: Record<string, string> = {},
  more: { onStart?: (pid: number) => void } = {},
): Promise<Gated> {
  const head = origin.branch('feature', change)
  const merge = origin.pullRequest(7, head)
  return gateMerge(origin, merge, head, inputs, env, more)
}

export async function gateMerge(
  origin: Origin,
  merge: string,
  head: string,
  inputs: Record<string, string> = {},
  more: Record<string, string> = {},
  options: { onStart?: (pid: number) => void } = {},
): Promise<Gated> {
  const event = {
    number: 7,
    pull_request: { number: 7, head: { sha: head }, base: { ref: 'main', sha: '0'.repeat(40) } },
  }
  const env = { GITHUB_SHA: merge, GITHUB_WORKFLOW_REF: 'o/r/.github/workflows/images.yml@refs/pull/7/merge', ...more }
  return runGate(origin.checkOut(merge), inputs, env, { ...options, eventName: 'pull_request', event })
}
