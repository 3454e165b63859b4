/** Whether the code of strangers would be built with what belongs to the repository. Pure. */
import { ConfigurationError } from './errors.js'
import { unknownRepository, type RunContext } from './model.js'

/**
 * Events that run with the rights of the repository although a pull request of a fork may be behind them. On
 * `pull_request` GitHub gives a fork's code neither secrets nor a token that may write.
 */
const privileged: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run', 'issue_comment'])

/** What would happen to whom, in a sentence; undefined where nothing would. */
export function strangersCode({ event = '', repository, headRepository }: RunContext): string | undefined {
  if (!privileged.has(event) || headRepository === undefined) return undefined
  if (repository !== undefined && headRepository.toLowerCase() === repository.toLowerCase()) return undefined
  const whose = headRepository === unknownRepository ? 'a repository that it does not name' : headRepository
  return `the event ${event} builds code of ${whose} with the rights, secrets and caches of ${repository ?? 'this repository'}`
}

/**
 * @param allowed the input `allow-untrusted-head`
 * @returns what a reader of the report must know of it, where it is allowed
 * @throws ConfigurationError where it is not
 */
export function admitHead(context: RunContext, allowed: boolean): string | undefined {
  const reason = strangersCode(context)
  if (reason === undefined || allowed) return reason
  throw new ConfigurationError(
    reason,
    'Use the event pull_request, which gives a fork’s code none of them (examples/workflows/pull-request-forks.yml). Only if you know that what is checked out is yours, or the runner has nothing to lose: allow-untrusted-head: true.',
  )
}
