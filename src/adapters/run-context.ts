import { availableParallelism } from 'node:os'
import { context } from '@actions/github'
import type { RunContext } from '../model.js'

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
    ...(pullRequest === undefined ? {} : { pullRequest }),
  }
}
