/**
 * Reads from a registry what is not an image: the pull half of the OCI distribution specification, with tokens as Docker
 * registries give them (`docs/spec/auth/token.md` in distribution/distribution).
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnvHttpProxyAgent, fetch, type RequestInit, type Response } from 'undici'
import { messageOf, ToolError } from '../errors.js'
import type { RegistryCredentials } from '../ports.js'
import { isFullDisk } from './full-disk.js'
import { parseReference, type Reference } from './reference.js'

/** A manifest, as its registry has it. */
export interface Manifest {
  /** Of the content. */
  readonly digest: string
  readonly content: Buffer
}

/** Content that is pinned: neither more nor fewer bytes, and these. */
export interface Descriptor {
  readonly digest: string
  readonly size: number
}

export interface RegistryOptions {
  readonly credentials: readonly RegistryCredentials[]
  /** Ends what is asked or downloaded at once. */
  readonly signal: AbortSignal
  /** Milliseconds before the first repetition; each next one waits twice as long. */
  readonly backoff?: number
  /** Milliseconds for an answer to begin, and between two pieces of it. */
  readonly patience?: number
  /** Milliseconds for one thing, however it trickles in. */
  readonly deadline?: number
}

/** How often one thing is asked for. With another repository to turn to, more would only take longer. */
const attempts = 3

/** Milliseconds that a registry may ask us to wait; one that wants more is as good as down. */
const maxWait = 20_000

/** Milliseconds; the biggest database, Java's, then takes 1 MB a second. */
const defaultDeadline = 15 * 60_000

/** No manifest of a database is a hundredth of that (4 MiB is the specification's own limit). */
export const maxManifest = 4 * 1024 * 1024

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** One repository of a registry. Honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export class Repository {
  readonly #reference: Reference
  readonly #options: RegistryOptions
  readonly #dispatcher: EnvHttpProxyAgent
  /** The header `Authorization` that the registry accepts; absent until it asks for one. */
  #authorization: string | undefined

  /**
   * @param name as people write it: `ghcr.io/aquasecurity/trivy-db:2`
   * @param tag where the name has none
   * @throws ToolError for a proxy in the environment that is none
   */
  constructor(name: string, tag: string, options: RegistryOptions) {
    this.#reference = parseReference(name, tag)
    this.#options = options
    this.#dispatcher = createDispatcher(options.patience ?? 30_000)
  }

  /** What the name stands for now. @throws ToolError */
  async readManifest(): Promise<Manifest> {
    const { version } = this.#reference
    return this.#patiently(signal => this.#readManifest(version, signal))
  }

  /** Whether the repository shows a manifest with exactly this content. */
  async hasManifest(digest: string): Promise<boolean> {
    try {
      // The content and not the status: whatever stands before a registry may have a friendly answer to everything.
      return (await this.#patiently(signal => this.#readManifest(digest, signal))).digest === digest
    } catch (error) {
      if (error instanceof ToolError && !this.#options.signal.aborted) return false
      throw error
    }
  }

  async #readManifest(version: string, signal: AbortSignal): Promise<Manifest> {
    const response = await this.#ask(`manifests/${version}`, { headers: { accept: manifestTypes.join(', ') }, signal })
    const content = await readLimited(response)
    const digest = digestOf(content)
    // A tag cannot have a colon.
    if (version.includes(':') && version !== digest) throw new ToolError(`it answered with the manifest ${digest}`, '')
    return { content, digest }
  }

  /**
   * Downloads content to a file.
   * @throws ToolError, also where it is not what the descriptor says; nothing is left then
   */
  async download({ digest, size }: Descriptor, path: string): Promise<void> {
    await this.#patiently(async signal => {
      const response = await this.#ask(`blobs/${digest}`, { signal })
      if (response.body === null) throw new Refusal('it sent nothing', 0)
      try {
        await pipeline(Readable.fromWeb(response.body), exactly(digest, size), createWriteStream(path))
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
    })
  }

  /** Repeats what may go better the next time; waits as long as the registry asks for. */
  async #patiently<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, backoff = 1000, deadline = defaultDeadline } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await within(deadline, signal, work)
      } catch (error) {
        signal.throwIfAborted()
        const wait = error instanceof Refusal ? error.wait : 0
        const inVain = error instanceof ToolError || isFullDisk(error)
        if (attempt === attempts || inVain || wait === undefined || wait > maxWait) throw explain(error)
        await sleep(Math.max(wait, backoff * 2 ** (attempt - 1)), undefined, { signal })
      }
    }
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const response = await this.#send(path, init)
    if (response.ok) return response
    await response.body?.cancel()
    throw refusal(response)
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const { base, name } = this.#reference
    const url = `${base}/v2/${name}/${path}`
    const send = (): Promise<Response> =>
      this.#fetch(url, {
        ...init,
        headers: {
          ...(init.headers as Record<string, string> | undefined),
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
      })
    const response = await send()
    // Credentials are the registry's, not of whoever it sends us to.
    if (response.status !== 401 || new URL(response.url).origin !== new URL(base).origin) return response
    await response.body?.cancel()
    const granted = await this.#authorize(response.headers.get('www-authenticate') ?? '', init)
    return granted ? send() : response
  }

  /** Does what a registry's challenge asks for. @returns false where there is nothing to answer it with */
  async #authorize(challenge: string, { signal }: RequestInit): Promise<boolean> {
    const { registry, name } = this.#reference
    const known = this.#options.credentials.find(one => one.registry === registry)
    const basic =
      known === undefined ? undefined : `Basic ${Buffer.from(`${known.username}:${known.password}`).toString('base64')}`
    if (/^basic\b/i.test(challenge)) {
      const again = this.#authorization === basic
      this.#authorization = basic
      return basic !== undefined && !again
    }
    const realm = /^bearer\b.*?\brealm="([^"]*)"/i.exec(challenge)?.[1]
    if (realm === undefined || !isConfidential(realm)) return false
    const service = /\bservice="([^"]*)"/i.exec(challenge)?.[1]
    const url = new URL(realm)
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', `repository:${name}:pull`)
    const headers = basic === undefined ? {} : { authorization: basic }
    const response = await this.#fetch(url.href, { headers, signal: signal ?? null })
    if (!response.ok) {
      await response.body?.cancel()
      throw refusal(response)
    }
    const token = readToken((await readLimited(response)).toString())
    this.#authorization = token === undefined ? undefined : `Bearer ${token}`
    return token !== undefined
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, { ...init, dispatcher: this.#dispatcher })
  }
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
class Refusal extends Error {
  constructor(
    message: string,
    /** Milliseconds until it is worth asking again; undefined: never. */
    readonly wait: number | undefined,
  ) {
    super(message)
  }
}

function refusal({ status, statusText, headers }: Response): Refusal {
  const text = `it answered ${String(status)} ${statusText}`.trim()
  const again = status === 408 || status === 429 || status >= 500
  return new Refusal(status === 429 ? `${text} (a rate limit)` : text, again ? readRetryAfter(headers) : undefined)
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers: Response['headers']): number {
  const text = headers.get('retry-after') ?? ''
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : 0
}

function explain(error: unknown): Error {
  if (error instanceof ToolError || isFullDisk(error)) return error as Error
  // What undici throws says only `fetch failed` or `terminated`; the reason is its cause, or the code of that.
  const { cause } = error as { cause?: Partial<NodeJS.ErrnoException> }
  const reason = cause?.message || cause?.code || messageOf(error)
  return new ToolError(reason, '', [], { cause: error })
}

/** Lets exactly the bytes through that a descriptor names. */
function exactly(digest: string, size: number): Transform {
  const hash = createHash('sha256')
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      hash.update(chunk)
      done(bytes > size ? new Refusal(`it sent more than ${String(size)} bytes`, 0) : null, chunk)
    },
    flush(done) {
      const actual = `sha256:${hash.digest('hex')}`
      const wrong = bytes !== size || actual !== digest
      done(wrong ? new Refusal(`it sent ${String(bytes)} bytes of ${actual} instead of ${digest}`, 0) : null)
    },
  })
}

async function readLimited(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxManifest) throw new Refusal(`it sent more than ${String(maxManifest)} bytes`, undefined)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function readToken(text: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(text) as Record<string, unknown>
    return [token, accessToken].find(value => typeof value === 'string')
  } catch {
    return undefined
  }
}

/** Credentials go out over TLS, or not out of this machine at all. */
function isConfidential(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return (
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && /^(127(\.\d+){3}|localhost|\[::1\])$/.test(url.hostname))
  )
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
