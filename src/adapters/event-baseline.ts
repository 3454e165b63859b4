/** For each event of GitHub: what must be checked out, whose policy decides, and what it is compared with. Pure. */
import type { Baseline, BaseHint } from '../model.js'
import type { EventPayload } from './run-context.js'

/** What the runner and the event's payload say of a run. */
export interface EventFacts {
  readonly event: string
  /** GITHUB_REF: `refs/heads/main`; empty where the event has none. */
  readonly ref: string
  /** GITHUB_SHA. */
  readonly sha: string
  /** `owner/name` of the repository that the workflow runs in. */
  readonly repository: string
  readonly payload: EventPayload
}

/** Events whose GITHUB_SHA is the merge commit that GitHub makes for a pull request. */
const mergeEvents: ReadonlySet<string> = new Set(['pull_request', 'pull_request_review', 'pull_request_review_comment'])

/** Of a push that creates a branch GitHub says that the commit before is this one. */
const noCommit = /^0+$/

/**
 * The rules are those of the table in docs/policy.md, which a test holds against this function. GITHUB_SHA and GITHUB_REF of
 * each event: "Events that trigger workflows" in GitHub's documentation.
 */
export function baselineOf(facts: EventFacts): Baseline {
  const { event, sha, payload } = facts
  if (mergeEvents.has(event)) {
    const head = headOf(payload)
    return {
      base: { kind: 'merge-commit', commit: sha, ...(head === undefined ? {} : { head }) },
      policy: 'base',
      expected: [sha, head].filter(isText),
    }
  }
  switch (event) {
    case 'pull_request_target': {
      const name = payload.pull_request?.base?.ref
      // Without a head no commit is the right one.
      const expected = [headOf(payload) ?? '']
      return { policy: 'base', expected, ...(isText(name) ? { base: { kind: 'branch', name } } : {}) }
    }
    case 'merge_group': {
      const commit = payload.merge_group?.base_sha
      return { policy: 'base', expected: [sha], ...(isText(commit) ? { base: { kind: 'commit', commit } } : {}) }
    }
    case 'workflow_run':
      return ofWorkflowRun(facts)
    case 'issue_comment':
      return payload.issue?.pull_request === undefined ? ofRef(facts) : { ...proposed(facts), differs: true }
    default:
      return ofRef(facts)
  }
}

/** The run that was before can have been that of any commit; only what the default branch holds is judged by itself. */
function ofWorkflowRun(facts: EventFacts): Baseline {
  const { repository, payload } = facts
  const { event, head_branch: branch, head_sha: commit, head_repository: owner } = payload.workflow_run ?? {}
  const isOwn = owner?.full_name === repository && branch === payload.repository?.default_branch
  const isMerged = isOwn && isText(event) && !event.startsWith('pull_request')
  return isMerged ? ofRef(facts) : { ...proposed(facts), expected: [isText(commit) ? commit : ''] }
}

/** By the branch or tag that the run is of. */
function ofRef(facts: EventFacts): Baseline {
  const { event, ref, sha, payload } = facts
  const branch = defaultBranchOf(payload)
  if (branch === undefined || ref === `refs/heads/${branch}`) {
    const base: BaseHint | undefined = event === 'push' ? beforeOf(payload) : undefined
    const merged = branch === undefined ? {} : { merged: { commit: sha, branch, otherwise: proposed(facts) } }
    return { policy: 'checkout', ...(base === undefined ? {} : { base }), ...merged }
  }
  return ref.startsWith('refs/heads/') ? proposed(facts) : { policy: { branch } }
}

/** Work that is not in the default branch yet: that one decides, and what it does not have is new. */
function proposed({ payload }: EventFacts): Baseline {
  const branch = defaultBranchOf(payload)
  return branch === undefined ? { policy: 'base' } : { policy: { branch }, base: { kind: 'merge-base', branch } }
}

function beforeOf({ before }: EventPayload): BaseHint | undefined {
  return isText(before) && !noCommit.test(before) ? { kind: 'commit', commit: before } : undefined
}

function defaultBranchOf({ repository }: EventPayload): string | undefined {
  const name = repository?.default_branch
  return isText(name) && name !== '' ? name : undefined
}

function headOf({ pull_request: pullRequest }: EventPayload): string | undefined {
  const sha = pullRequest?.head?.sha
  return isText(sha) ? sha : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
