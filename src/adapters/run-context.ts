import { availableParallelism } from 'node:os'
import { context } from '@actions/github'
import { unknownRepository, type BaseHint, type RunContext } from '../model.js'

/** What the runner tells about this run. */
export function readRunContext(env: NodeJS.ProcessEnv): RunContext {
  const repository = env['GITHUB_REPOSITORY']
  const pullRequest = context.payload.pull_request?.number
  const runUrl = `${context.serverUrl}/${repository ?? ''}/actions/runs/${String(context.runId)}`
  return {
    workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
    event: context.eventName,
    sha: context.sha,
    processors: availableParallelism(),
    ...(repository === undefined ? {} : { repository, runUrl }),
    runId: context.runId,
    ...(pullRequest === undefined ? {} : { pullRequest }),
    ...headOf(context.payload as EventPayload),
    ...headRepositoryOf(context.eventName, context.payload as EventPayload),
    ...placeOf(env),
    ...baseOf(context.eventName, context.sha, context.payload as EventPayload),
    ...workflowOf(env['GITHUB_WORKFLOW_REF']),
  }
}

/** Of a push that creates a branch GitHub says that the commit before is this one. */
const noCommit = /^0+$/

/** What is looked at of the event's payload; nothing of it is believed to be there. */
export interface EventPayload {
  readonly before?: unknown
  readonly pull_request?:
    | {
        readonly base?: { readonly ref?: unknown } | undefined
        readonly head?: { readonly sha?: unknown; readonly repo?: NamedRepository } | undefined
      }
    | undefined
  readonly merge_group?: { readonly base_sha?: unknown } | undefined
  readonly workflow_run?: { readonly head_repository?: NamedRepository } | undefined
  readonly issue?: { readonly pull_request?: unknown } | undefined
}

/** Null for a fork that is gone. */
type NamedRepository = { readonly full_name?: unknown } | null | undefined

/**
 * What the event says of the commit before the change. Not `pull_request.base.sha`: that is where the branch was when
 * somebody last looked, while the merge commit is made with its tip.
 */
export function baseOf(event: string, sha: string, payload: EventPayload): { readonly base?: BaseHint } {
  switch (event) {
    case 'pull_request':
      return { base: { kind: 'merge-commit', commit: sha } }
    case 'pull_request_target': {
      const name = payload.pull_request?.base?.ref
      return typeof name === 'string' ? { base: { kind: 'branch', name } } : {}
    }
    case 'merge_group': {
      const commit = payload.merge_group?.base_sha
      return typeof commit === 'string' ? { base: { kind: 'commit', commit } } : {}
    }
    case 'push': {
      const { before } = payload
      return typeof before === 'string' && !noCommit.test(before) ? { base: { kind: 'commit', commit: before } } : {}
    }
    default:
      return {}
  }
}

/** `OWNER/NAME/PATH@REF`. */
export function workflowOf(ref: string | undefined): { readonly workflow?: string } {
  const path = /^[^/]+\/[^/]+\/(.+?)@/.exec(ref ?? '')?.[1]
  return path === undefined ? {} : { workflow: path }
}

function headOf({ pull_request: pullRequest }: EventPayload): { readonly head?: string } {
  const sha = pullRequest?.head?.sha
  return typeof sha === 'string' ? { head: sha } : {}
}

/** Whose code the event is about. A run that another one started has that one's; a comment on a pull request does not tell. */
export function headRepositoryOf(event: string, payload: EventPayload): { readonly headRepository?: string } {
  switch (event) {
    case 'pull_request':
    case 'pull_request_target':
      return { headRepository: nameOf(payload.pull_request?.head?.repo) }
    case 'workflow_run':
      return { headRepository: nameOf(payload.workflow_run?.head_repository) }
    case 'issue_comment':
      return payload.issue?.pull_request === undefined ? {} : { headRepository: unknownRepository }
    default:
      return {}
  }
}

function nameOf(repository: NamedRepository): string {
  const name = repository?.full_name
  return typeof name === 'string' && /^[\w.-]+\/[\w.-]+$/.test(name) ? name : unknownRepository
}

/** The job and the step: where in the workflow this gate stands. */
function placeOf({ GITHUB_JOB: job, GITHUB_ACTION: step }: NodeJS.ProcessEnv): Pick<RunContext, 'job' | 'step'> {
  return { ...(job === undefined ? {} : { job }), ...(step === undefined ? {} : { step }) }
}
