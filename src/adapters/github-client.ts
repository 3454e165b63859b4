/** GitHub's API with patience: for answers that do not come, for what is broken for a moment, and for its rate limits. */
import { randomUUID } from 'node:crypto'
import { getOctokit } from '@actions/github'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { messageOf } from '../errors.js'

export type Octokit = ReturnType<typeof getOctokit>

/** A rate limit that ends later than anybody waits. */
export interface RateLimit {
  /** GitHub's words: `primary` for so many requests an hour, `secondary` for too many at once. */
  readonly kind: 'primary' | 'secondary'
  readonly endsAt: Date
}

export interface ClientOptions {
  readonly token: string
  /** Absent: that of the runner, `GITHUB_API_URL`. */
  readonly apiUrl?: string
  /** Ends all questions. */
  readonly until?: AbortSignal
  /** Milliseconds for all questions together, with what is waited between them. */
  readonly patience?: number
}

/** Milliseconds: a comment is worth a minute, and one answer half of it. */
const limits = { together: 60_000, answer: 30_000 }

/** Wrong questions stay wrong. 403 and 429 are asked again by the clock that they come with, or not at all. */
const doNotRetry = [400, 401, 403, 404, 410, 422, 429, 451]

export class GitHubClient {
  readonly octokit: Octokit
  /** Set when a question was given up because of it. */
  rateLimit: RateLimit | undefined
  readonly #signal: AbortSignal
  readonly #deadline: number

  constructor({ token, apiUrl, until, patience = limits.together }: ClientOptions) {
    this.#deadline = Date.now() + patience
    const inTime = AbortSignal.timeout(patience)
    this.#signal = until === undefined ? inTime : AbortSignal.any([until, inTime])
    const onLimit =
      (kind: RateLimit['kind']) =>
      (seconds: number): boolean =>
        this.#mayWait(kind, seconds)
    const options = {
      ...(apiUrl === undefined ? {} : { baseUrl: apiUrl }),
      retry: { doNotRetry, retries: 2 },
      throttle: { id: randomUUID(), onRateLimit: onLimit('primary'), onSecondaryRateLimit: onLimit('secondary') },
      // Whatever they say would go to standard error, unread.
      log: { debug: silent, info: silent, warn: silent, error: silent },
    }
    // In this order, each try has a time of its own, and the last one is asked first whether to try again.
    this.octokit = getOctokit(token, options, octokit => this.#limitAnswers(octokit), retry, throttling)
  }

  /** @throws what the questions throw, and when there is no more time */
  async ask<T>(question: (octokit: Octokit) => Promise<T>): Promise<T> {
    const signal = this.#signal
    if (signal.aborted) throw new Error(this.#lateness())
    let onAbort = (): void => undefined
    // What waits for its next try does not hear that there will be none.
    const late = new Promise<never>((_, reject) => {
      onAbort = () => {
        reject(new Error(this.#lateness()))
      }
      signal.addEventListener('abort', onAbort)
    })
    try {
      return await Promise.race([question(this.octokit), late])
    } catch (error) {
      throw this.#signal.aborted ? new Error(this.#lateness(), { cause: error }) : error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #lateness(): string {
    const reason: unknown = this.#signal.reason
    return reason instanceof DOMException ? 'it took too long to answer' : messageOf(reason)
  }

  #mayWait(kind: RateLimit['kind'], seconds: number): boolean {
    const endsAt = Date.now() + seconds * 1000
    if (endsAt < this.#deadline) return true
    this.rateLimit = { kind, endsAt: new Date(endsAt) }
    return false
  }

  #limitAnswers(octokit: Pick<Octokit, 'hook'>): object {
    octokit.hook.wrap('request', async (request, options) => {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(limits.answer)])
      try {
        return await request({ ...options, request: { ...options.request, signal } })
      } catch (error) {
        // A wrong question is not asked again; one that nobody waits for need not be, either.
        if (this.#signal.aborted && error instanceof Error) throw Object.assign(error, { status: 400 })
        throw asRateLimit(error)
      }
    })
    return {}
  }
}

/** Says `secondary rate limit` where GitHub only says when to come again: these words are what the plugin looks for. */
function asRateLimit(error: unknown): unknown {
  const { status, response } = error as { status?: unknown; response?: { headers?: Record<string, unknown> } }
  const isLimit = status === 429 || (status === 403 && response?.headers?.['retry-after'] !== undefined)
  if (isLimit && error instanceof Error && !/secondary rate/i.test(error.message)) {
    error.message += ' (a secondary rate limit)'
  }
  return error
}

function silent(): void {
  return
}
