/** GitHub's API as far as the comment needs it: pages, authors, a token that may or may not. */
import type { IncomingMessage, ServerResponse, RequestListener } from 'node:http'
import { serving } from './server.js'

export interface StoredComment {
  readonly id: number
  body: string
  readonly user: { readonly login: string }
}

export interface OpenPull {
  readonly number: number
  /** `repo` is null for one that was deleted. */
  readonly head: { readonly sha: string; readonly repo: { readonly id: number } | null }
}

/** An answer that is not what was asked for. */
export interface Refusal {
  readonly status: number
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** GitHub did what it was asked, and its answer was lost. */
  readonly done?: boolean
}

export class FakeGitHub {
  /** Answers to the next questions, one each. */
  readonly refusals: Refusal[] = []
  readonly comments: StoredComment[] = []
  /** What was asked, as `GET /path`. */
  readonly asked: string[] = []
  /** Open pull requests. */
  pulls: readonly OpenPull[] = []
  /** The answer to whoever wants to write. */
  refusal: number | undefined
  /** Whose token it is. */
  viewer = 'github-actions[bot]'
  /** The conversation of each comment; one without is in all of them. */
  readonly #paths = new WeakMap<StoredComment, string>()
  #address = ''
  readonly #prefix: string

  /** @param prefix of the API's paths, for a GitHub Enterprise Server: `/api` */
  constructor(prefix = '') {
    this.#prefix = prefix
  }

  /** Where the API is, without a slash at its end. */
  get address(): string {
    return this.#prefix === '' ? this.#address : `${this.#address}${this.#prefix}/v3`
  }

  add(body: string, login = 'somebody', path?: string): StoredComment {
    const comment = { id: this.comments.length + 1, body, user: { login } }
    if (path !== undefined) this.#paths.set(comment, path)
    this.comments.push(comment)
    return comment
  }

  async run<T>(use: () => Promise<T>): Promise<T> {
    const answer: RequestListener = (request, response) => {
      void this.#answer(request, response)
    }
    return serving(answer, address => {
      this.#address = `http://${address}`
      return use()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const sent = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { body?: string }
    const { pathname: path, searchParams } = new URL(request.url ?? '', this.#address)
    if (!path.startsWith(this.#prefix)) return void response.writeHead(404).end()
    // An Enterprise Server has REST below /api/v3, and GraphQL at /api/graphql.
    const pathname = this.#prefix === '' ? path : path.slice(this.#prefix.length).replace(/^\/v3/, '')
    this.asked.push(`${request.method ?? ''} ${pathname}`)
    const reply = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
    }
    const refusal = this.refusals.shift()
    if (refusal !== undefined) {
      if (refusal.done === true) this.add(sent.body ?? '', this.viewer)
      return reply(refusal.status, { message: refusal.message ?? 'Refused' }, refusal.headers)
    }
    if (pathname === '/graphql') return reply(200, { data: { viewer: { login: this.viewer } } })
    if (pathname.endsWith('/pulls')) return reply(200, this.pulls)
    if (request.method === 'GET') return this.#list(pathname, Number(searchParams.get('page') ?? '1'), reply)
    if (this.refusal !== undefined) return reply(this.refusal, { message: 'Resource not accessible by integration' })
    // The limit and the words are GitHub's.
    if ((sent.body ?? '').length > 65_536)
      return reply(422, { message: 'Body is too long (maximum is 65536 characters)' })
    if (request.method === 'POST') return reply(201, this.add(sent.body ?? '', this.viewer, pathname))
    const comment = this.comments.find(({ id }) => pathname.endsWith(`/issues/comments/${String(id)}`))
    if (comment === undefined) return reply(404, { message: 'Not Found' })
    comment.body = sent.body ?? ''
    return reply(200, comment)
  }

  #list(
    path: string,
    page: number,
    reply: (status: number, value: unknown, headers?: Record<string, string>) => void,
  ): void {
    const size = 100
    const all = this.comments.filter(comment => (this.#paths.get(comment) ?? path) === path)
    const more = all.length > page * size
    const next = `<${this.address}${path}?per_page=${String(size)}&page=${String(page + 1)}>; rel="next"`
    reply(200, all.slice((page - 1) * size, page * size), more ? { link: next } : {})
  }
}
