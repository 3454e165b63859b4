import { getOctokit } from '@actions/github'
import { GitHubApiError, messageOf } from '../errors.js'
import type { Comment, Comments } from '../ports.js'

type Octokit = ReturnType<typeof getOctokit>

export interface GitHubOptions {
  readonly token: string | undefined
  /** `owner/name`. */
  readonly repository: string
  /** Absent: that of the runner, `GITHUB_API_URL`. */
  readonly apiUrl?: string
  /** Ends every question when it is aborted. */
  readonly until?: AbortSignal
}

/** Milliseconds for one answer. */
const patience = 30_000

/** Comments through GitHub's API, or that of a GitHub Enterprise Server. */
export class GitHubComments implements Comments {
  readonly #token: string | undefined
  readonly #api: { readonly baseUrl?: string }
  readonly #repository: { readonly owner: string; readonly repo: string }

  constructor({ token, repository, apiUrl }: GitHubOptions) {
    const [owner = '', repo = ''] = repository.split('/')
    this.#token = token
    this.#api = apiUrl === undefined ? {} : { baseUrl: apiUrl }
    this.#repository = { owner, repo }
  }

  async find(pullRequest: number, marker: string): Promise<Comment | undefined> {
    return this.#ask('read the comments', async ({ rest, paginate, graphql }) => {
      const { viewer } = await graphql<{ viewer: { login: string } }>('query { viewer { login } }', limited())
      // GitHub names an app with and without `[bot]`; nobody else can have such a name.
      const names = new Set([viewer.login, `${viewer.login.replace(/\[bot\]$/, '')}[bot]`])
      const all = { ...this.#repository, issue_number: pullRequest, per_page: 100, ...limited() }
      for await (const { data } of paginate.iterator(rest.issues.listComments, all)) {
        const own = data.find(({ user, body }) => names.has(user?.login ?? '') && body?.includes(marker) === true)
        if (own !== undefined) return { id: own.id, body: own.body ?? '' }
      }
      return undefined
    })
  }

  async create(pullRequest: number, body: string): Promise<void> {
    await this.#ask('write a comment', ({ rest }) =>
      rest.issues.createComment({ ...this.#repository, issue_number: pullRequest, body, ...limited() }),
    )
  }

  async update(id: number, body: string): Promise<void> {
    await this.#ask('change its comment', ({ rest }) =>
      rest.issues.updateComment({ ...this.#repository, comment_id: id, body, ...limited() }),
    )
  }

  async #ask<T>(what: string, ask: (octokit: Octokit) => Promise<T>): Promise<T> {
    if (this.#token === undefined) throw new GitHubApiError(`no token to ${what}`, permission, true)
    try {
      return await ask(getOctokit(this.#token, this.#api))
    } catch (error) {
      const status = statusOf(error)
      // To a token that may not see a repository, GitHub says that there is none.
      const forbidden = status === 401 || status === 403 || status === 404
      const reason = status === undefined ? messageOf(error) : `${String(status)} ${messageOf(error)}`
      const advice = forbidden ? permission : 'Run again; see https://www.githubstatus.com if it stays.'
      throw new GitHubApiError(`GitHub did not let Image Gate ${what}: ${reason}`, advice, forbidden, { cause: error })
    }
  }
}

const permission =
  'Give the job `permissions: pull-requests: write`; pull requests of forks and of Dependabot do not get it, see examples/workflows/comment.yml for them.'

function limited(): { request: { signal: AbortSignal } } {
  return { request: { signal: AbortSignal.timeout(patience) } }
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = (error as { status?: unknown } | null)?.status
  return typeof status === 'number' ? status : undefined
}
