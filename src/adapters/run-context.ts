import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ConfigurationError, messageOf } from '../errors.js'
import { unknownRepository, type RunContext } from '../model.js'
import { baselineOf } from './event-baseline.js'

/**
 * What the runner tells about this run, with the event behind it. Not by the toolkit's `context`: that reads the event as
 * soon as it is imported, and a file that is none ends the process before anybody can say so.
 * @throws ConfigurationError for an event that cannot be read
 */
export function readRunContext(env: NodeJS.ProcessEnv): RunContext {
  const runner = readRunner(env)
  const payload = readEvent(env['GITHUB_EVENT_PATH'])
  const { event = '', sha = '', repository = '' } = runner
  const ref = env['GITHUB_REF'] ?? ''
  return {
    ...runner,
    ...pullRequestOf(payload),
    ...headOf(payload),
    ...headRepositoryOf(event, payload),
    ...(event === '' ? {} : { baseline: baselineOf({ event, ref, sha, repository, payload }) }),
  }
}

/** The same without the event: what can be said of a run in any case. */
export function readRunner(env: NodeJS.ProcessEnv): RunContext {
  const { GITHUB_REPOSITORY: repository, GITHUB_EVENT_NAME: event, GITHUB_SHA: sha, GITHUB_RUN_ID: run = '' } = env
  const runUrl = `${env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${repository ?? ''}/actions/runs/${run}`
  return {
    workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
    processors: availableParallelism(),
    ...(event === undefined ? {} : { event }),
    ...(sha === undefined ? {} : { sha }),
    ...(repository === undefined ? {} : { repository, runUrl }),
    ...(isCount(Number(run)) ? { runId: Number(run) } : {}),
    ...placeOf(env),
    ...workflowOf(env['GITHUB_WORKFLOW_REF']),
  }
}

/** @param path of the event's payload; without one there is none, as on a machine that is no runner */
function readEvent(path: string | undefined): EventPayload {
  if (path === undefined || path === '') return {}
  try {
    const payload: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof payload === 'object' && payload !== null && !Array.isArray(payload)) return payload
    throw new Error('it is not an object')
  } catch (error) {
    throw new ConfigurationError(
      `the event behind this run cannot be read: GITHUB_EVENT_PATH: ${messageOf(error)}`,
      'Run it on an event of GitHub’s, with the payload that GitHub gives.',
      { cause: error },
    )
  }
}

function pullRequestOf({ pull_request: pullRequest }: EventPayload): { readonly pullRequest?: number } {
  const number = pullRequest?.number
  return isCount(number) ? { pullRequest: number } : {}
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** What is looked at of the event's payload; nothing of it is believed to be there. */
export interface EventPayload {
  readonly before?: unknown
  readonly pull_request?:
    | {
        readonly number?: unknown
        readonly base?: { readonly ref?: unknown } | undefined
        readonly head?: { readonly sha?: unknown; readonly repo?: NamedRepository } | undefined
      }
    | undefined
  readonly merge_group?: { readonly base_sha?: unknown } | undefined
  readonly repository?: { readonly default_branch?: unknown } | undefined
  readonly workflow_run?:
    | {
        readonly event?: unknown
        readonly head_branch?: unknown
        readonly head_sha?: unknown
        readonly head_repository?: NamedRepository
      }
    | undefined
  readonly issue?: { readonly pull_request?: unknown } | undefined
}

/** Null for a fork that is gone. */
type NamedRepository = { readonly full_name?: unknown } | null | undefined

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
    case 'pull_request_review':
    case 'pull_request_review_comment':
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
