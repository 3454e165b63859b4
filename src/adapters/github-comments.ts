import { GitHubApiError, messageOf } from '../errors.js'
import type { Comment, Comments } from '../ports.js'
import { GitHubClient, type ClientOptions, type Octokit } from './github-client.js'

export interface GitHubOptions extends Omit<ClientOptions, 'token'> {
  readonly token: string | undefined
  /** `owner/name`. */
  readonly repository: string
}

/** Comments through GitHub's API, or that of a GitHub Enterprise Server. */
export class GitHubComments implements Comments {
  readonly #options: GitHubOptions
  readonly #repository: { readonly owner: string; readonly repo: string }
  #client: GitHubClient | undefined

  constructor(options: GitHubOptions) {
    const [owner = '', repo = ''] = options.repository.split('/')
    this.#options = options
    this.#repository = { owner, repo }
  }

  async find(pullRequest: number, marker: string): Promise<Comment | undefined> {
    return this.#ask('read the comments', async ({ rest, paginate, graphql }) => {
      const { viewer } = await graphql<{ viewer: { login: string } }>('query { viewer { login } }')
      // GitHub names an app with and without `[bot]`; nobody else can have such a name.
      const names = new Set([viewer.login, `${viewer.login.replace(/\[bot\]$/, '')}[bot]`])
      const all = { ...this.#repository, issue_number: pullRequest, per_page: 100 }
      for await (const { data } of paginate.iterator(rest.issues.listComments, all)) {
        const own = data.find(({ user, body }) => names.has(user?.login ?? '') && body?.startsWith(marker) === true)
        if (own !== undefined) return { id: own.id, body: own.body ?? '' }
      }
      return undefined
    })
  }

  async create(pullRequest: number, body: string): Promise<void> {
    // Not asked again by itself: GitHub may have written the comment although its answer was lost.
    const comment = { ...this.#repository, issue_number: pullRequest, body, request: { retries: 0 } }
    const create = (): Promise<void> =>
      this.#ask('write a comment', async ({ rest }) => {
        await rest.issues.createComment(comment)
      })
    try {
      await create()
    } catch (error) {
      if (!isLost(error)) throw error
      if ((await this.find(pullRequest, body)) === undefined) await create()
    }
  }

  async update(id: number, body: string): Promise<void> {
    await this.#ask('change its comment', ({ rest }) =>
      rest.issues.updateComment({ ...this.#repository, comment_id: id, body }),
    )
  }

  async #ask<T>(what: string, ask: (octokit: Octokit) => Promise<T>): Promise<T> {
    const { token } = this.#options
    if (token === undefined) throw new GitHubApiError(`no token to ${what}`, permission, true)
    // One for all questions: they share the time.
    const client = (this.#client ??= new GitHubClient({ ...this.#options, token }))
    try {
      return await client.ask(ask)
    } catch (error) {
      throw explain(what, error, client)
    }
  }
}

const permission =
  'Give the job `permissions: pull-requests: write`; pull requests of forks and of Dependabot do not get it, see examples/workflows/comment.yml for them.'

function explain(what: string, error: unknown, { rateLimit }: GitHubClient): GitHubApiError {
  const status = statusOf(error)
  const reason = status === undefined ? messageOf(error) : `${String(status)} ${messageOf(error)}`
  const message = `GitHub did not let Image Gate ${what}: ${reason}`
  if (rateLimit !== undefined) {
    const end = rateLimit.endsAt.toISOString().replace(/\.\d+Z$/, 'Z')
    const advice = `Run again after ${end}, when the ${rateLimit.kind} rate limit of this token ends; jobs that share a token share its limit.`
    return new GitHubApiError(message, advice, false, { cause: error })
  }
  // To a token that may not see a repository, GitHub says that there is none.
  const forbidden = status === 401 || status === 403 || status === 404
  const advice = forbidden ? permission : 'Run again; see https://www.githubstatus.com if it stays.'
  return new GitHubApiError(message, advice, forbidden, { cause: error })
}

/** True where nobody knows whether GitHub did what it was asked. */
function isLost(error: unknown): boolean {
  const status = statusOf((error as { cause?: unknown } | null)?.cause)
  return status !== undefined && status >= 500
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = (error as { status?: unknown } | null)?.status
  return typeof status === 'number' ? status : undefined
}
