import { GitHubApiError } from '../errors.js'
import type { CommentMode, Report } from '../model.js'
import type { Comments, Console } from '../ports.js'
import { commentMarker, planComment } from './comment.js'

/**
 * Brings the comment on the pull request up to date. By itself (`auto`), a token that may not is no trouble; to
 * somebody who asked for a comment it is one.
 * @throws GitHubApiError
 */
export async function postComment(
  report: Report,
  mode: CommentMode,
  comments: Comments,
  console: Console,
): Promise<void> {
  const { pullRequest } = report.context
  if (mode === 'never' || pullRequest === undefined) return
  try {
    const previous = await comments.find(pullRequest, commentMarker(report.context))
    const body = planComment(report, mode, previous?.body)
    if (body === undefined) return
    if (previous === undefined) await comments.create(pullRequest, body)
    else await comments.update(previous.id, body)
  } catch (error) {
    if (!(error instanceof GitHubApiError) || !error.forbidden || mode !== 'auto') throw error
    const line = `No comment on the pull request: ${error.message}. ${error.advice}`
    if (report.verdict.result === 'passed') console.debug(line)
    else console.info(line)
  }
}
