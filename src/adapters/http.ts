/** Asks servers for what is downloaded: with patience, and with a bound on everything that they send. */
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnvHttpProxyAgent, request } from 'undici'
import { messageOf, ToolError } from '../errors.js'
import { isFullDisk } from './full-disk.js'

export interface HttpOptions {
  /** Ends what is asked or downloaded at once. */
  readonly signal: AbortSignal
  /** Milliseconds before the first repetition; each next one waits twice as long. */
  readonly backoff?: number
  /** Milliseconds for an answer to begin, and between two pieces of it. */
  readonly patience?: number
}

export interface Question {
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  /** True where the content is checked against a digest that is known: then any way to it will do. */
  readonly pinned?: boolean
}

/** As it came: nothing is unpacked on the way. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
  /** Where it came from in the end. */
  readonly url: string
}

/** How often one thing is asked for. With another server to turn to, more would only take longer. */
const attempts = 3

/** Milliseconds that a server may ask us to wait; one that wants more is as good as down. */
const maxWait = 20_000

const defaultHeaders = { accept: '*/*', 'user-agent': 'image-gate' }

/** Registries send a download once or twice to where it lies. */
const maxRedirects = 5

/** Honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export class HttpClient {
  readonly #options: HttpOptions
  readonly #dispatcher: EnvHttpProxyAgent

  /** @throws ToolError for a proxy in the environment that is none */
  constructor(options: HttpOptions) {
    this.#options = options
    this.#dispatcher = createDispatcher(options.patience ?? 30_000)
  }

  /**
   * Repeats what may go better the next time; waits as long as the server asks for.
   * @param deadline milliseconds for all tries together
   * @throws ToolError
   */
  async patiently<T>(deadline: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return within(deadline, this.#options.signal, async signal => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await work(signal)
        } catch (error) {
          signal.throwIfAborted()
          const wait = error instanceof Refusal ? error.wait : 0
          const inVain = error instanceof ToolError || isFullDisk(error)
          if (attempt === attempts || inVain || wait === undefined || wait > maxWait) throw explain(error)
          const pause = Math.max(wait, (this.#options.backoff ?? 1000) * 2 ** (attempt - 1))
          await sleep(pause, undefined, { signal }).catch(() => undefined)
          signal.throwIfAborted()
        }
      }
    })
  }

  /**
   * One question, sent on to where the server says. What the header `Authorization` has goes to the first origin alone, and
   * what is not pinned never comes from where others could change it on its way.
   */
  async ask(address: string, { pinned = false, headers = {}, signal }: Question): Promise<Answer> {
    const origin = new URL(address).origin
    const others = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'))
    let url = address
    for (let redirects = 0; ; redirects += 1) {
      const sent = { ...defaultHeaders, ...(new URL(url).origin === origin ? headers : others) }
      const response = await request(url, { headers: sent, signal, dispatcher: this.#dispatcher })
      const answer = { status: response.statusCode, headers: response.headers, body: response.body, url }
      const { location } = response.headers
      if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== 'string') return answer
      discard(answer)
      if (redirects === maxRedirects) throw new ToolError(`it sent us on more than ${String(maxRedirects)} times`, '')
      url = nextAddress(url, location, pinned)
    }
  }
}

/** Ends the connection of an answer that nothing is wanted of. */
export function discard({ body }: Answer): void {
  body.on('error', () => undefined).destroy()
}

/** @throws ToolError for a way that is not to be taken */
export function nextAddress(from: string, location: string, pinned: boolean): string {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (next === undefined || !/^https?:$/.test(next.protocol)) throw new ToolError('it sent us on to no web address', '')
  if (!pinned && next.protocol === 'http:' && new URL(from).protocol === 'https:') {
    throw new ToolError(`it sent us on from https:// to http://${next.host}, where others could answer`, '')
  }
  return next.href
}

/** The proxies of the environment, also written without `http://`, as curl takes them. @throws ToolError */
function createDispatcher(patience: number): EnvHttpProxyAgent {
  const { env } = process
  const read = (name: string): string | undefined => {
    const text = env[name.toLowerCase()] ?? env[name]
    return text === undefined || text === '' || text.includes('://') ? text : `http://${text}`
  }
  const proxies = { HTTP_PROXY: read('HTTP_PROXY'), HTTPS_PROXY: read('HTTPS_PROXY') }
  for (const [name, text = ''] of Object.entries(proxies)) {
    if (text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) continue
    // Its value may hold a password.
    throw new ToolError(`${name} in the environment is not the address of an HTTP proxy`, '')
  }
  return new EnvHttpProxyAgent({
    headersTimeout: patience,
    bodyTimeout: patience,
    ...(proxies.HTTP_PROXY === undefined ? {} : { httpProxy: proxies.HTTP_PROXY }),
    ...(proxies.HTTPS_PROXY === undefined ? {} : { httpsProxy: proxies.HTTPS_PROXY }),
  })
}

/** Ends work that takes too long, or when the run must end. */
async function within<T>(
  milliseconds: number,
  cancelled: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const onCancel = (): void => {
    stop.abort(cancelled.reason)
  }
  const timer = setTimeout(() => {
    stop.abort(new ToolError(`it was not done after ${String(milliseconds / 1000)} s`, ''))
  }, milliseconds)
  cancelled.throwIfAborted()
  cancelled.addEventListener('abort', onCancel)
  try {
    return await work(stop.signal)
  } finally {
    clearTimeout(timer)
    cancelled.removeEventListener('abort', onCancel)
  }
}

/** An answer that is none. */
export class Refusal extends Error {
  constructor(
    message: string,
    /** Milliseconds until it is worth asking again; undefined: never. */
    readonly wait: number | undefined,
    /** The status, where that is what it is about. */
    readonly status?: number,
  ) {
    super(message)
  }
}

/** @throws Refusal where the answer is not what was asked for */
export function refuseFailure(answer: Answer): Answer {
  const { status, headers } = answer
  if (status >= 200 && status < 300) return answer
  discard(answer)
  // The server's own words are anybody's.
  const text = `it answered ${String(status)} ${STATUS_CODES[status] ?? ''}`.trim()
  const again = status === 408 || status === 429 || status >= 500
  const message = status === 429 ? `${text} (a rate limit)` : text
  throw new Refusal(message, again ? readRetryAfter(headers) : undefined, status)
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers: IncomingHttpHeaders): number {
  const text = headers['retry-after'] ?? ''
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : 0
}

function explain(error: unknown): Error {
  if (error instanceof ToolError || isFullDisk(error)) return error as Error
  // Several addresses that all refuse are an error without a message.
  const reason = messageOf(error) || ((error as NodeJS.ErrnoException).code ?? 'it failed')
  return new ToolError(reason, '', [], { cause: error })
}

/** Reads an answer into memory. @throws Refusal where it is longer than so many bytes */
export async function readLimited({ body }: Answer, limit: number): Promise<Buffer> {
  // One piece of memory: an answer in pieces of one byte would take a hundred times as much.
  const content = Buffer.alloc(limit)
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (bytes + chunk.length > limit) throw new Refusal(`it sent more than ${String(limit)} bytes`, undefined)
    content.set(chunk, bytes)
    bytes += chunk.length
  }
  return Buffer.from(content.subarray(0, bytes))
}

/** @throws ToolError where an answer says that it is longer than so many bytes */
export function refuseLonger(answer: Answer, limit: number): Answer {
  if (!(Number(answer.headers['content-length'] ?? 0) > limit)) return answer
  discard(answer)
  throw new ToolError(`it is about to send more than ${String(limit)} bytes`, '')
}

/** Writes an answer to a file, through a check. Nothing is left of what the check refuses. */
export async function receive({ body }: Answer, path: string, check: Transform): Promise<void> {
  try {
    await pipeline(body, check, createWriteStream(path))
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}
