/**
 * Reads from a registry what is not an image: the pull half of the OCI distribution specification, with tokens as Docker
 * registries give them (`docs/spec/auth/token.md` in distribution/distribution).
 */
import { createHash } from 'node:crypto'
import { ToolError } from '../errors.js'
import type { RegistryCredentials } from '../ports.js'
import {
  discard,
  HttpClient,
  readLimited,
  receive,
  refuseFailure,
  type Answer,
  type HttpOptions,
  type Question,
} from './http.js'
import { exactly, Pace, type Descriptor } from './received.js'
import { parseReference, type Reference } from './reference.js'

/** A manifest, as its registry has it. */
export interface Manifest {
  /** Of the content. */
  readonly digest: string
  readonly content: Buffer
}

export interface RegistryOptions extends HttpOptions {
  readonly credentials: readonly RegistryCredentials[]
  /** Milliseconds for one download, with all tries, however it trickles in. */
  readonly deadline?: number
}

/** Milliseconds; the biggest database, Java's, then takes 1 MB a second. */
const defaultDeadline = 15 * 60_000

/** Milliseconds for what is no download: a manifest of a few hundred bytes, with the token that it needs and all tries. */
const answerDeadline = 60_000

/** No manifest of a database is a hundredth of that (4 MiB is the specification's own limit). */
export const maxManifest = 4 * 1024 * 1024

/** Bytes: a token has a few thousand. */
const maxToken = 64 * 1024

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** One repository of a registry. */
export class Repository {
  readonly #reference: Reference
  readonly #options: RegistryOptions
  readonly #http: HttpClient
  /** Milliseconds. */
  readonly #deadline: number
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
    this.#http = new HttpClient(options)
    this.#deadline = options.deadline ?? defaultDeadline
  }

  /** What the name stands for now. @throws ToolError */
  async readManifest(): Promise<Manifest> {
    const { version } = this.#reference
    return this.#answer(version)
  }

  /** Whether the repository shows a manifest with exactly this content. */
  async hasManifest(digest: string): Promise<boolean> {
    try {
      // The content and not the status: whatever stands before a registry may have a friendly answer to everything.
      return (await this.#answer(digest)).digest === digest
    } catch (error) {
      if (error instanceof ToolError && !this.#options.signal.aborted) return false
      throw error
    }
  }

  #answer(version: string): Promise<Manifest> {
    return this.#http.patiently(Math.min(answerDeadline, this.#deadline), async signal => {
      const headers = { accept: manifestTypes.join(', ') }
      const content = await readLimited(await this.#ask(`manifests/${version}`, { headers, signal }), maxManifest)
      const digest = digestOf(content)
      // A tag cannot have a colon.
      if (version.includes(':') && version !== digest)
        throw new ToolError(`it answered with the manifest ${digest}`, '')
      return { content, digest }
    })
  }

  /**
   * Downloads content to a file.
   * @throws ToolError, also where it is not what the descriptor says; nothing is left then
   */
  async download(descriptor: Descriptor, path: string): Promise<void> {
    await this.#http.patiently(this.#deadline, async signal => {
      const response = await this.#ask(`blobs/${descriptor.digest}`, { signal, pinned: true })
      await receive(response, path, exactly(descriptor, new Pace(descriptor.size, this.#deadline, performance.now())))
    })
  }

  async #ask(path: string, question: Question): Promise<Answer> {
    return refuseFailure(await this.#send(path, question))
  }

  async #send(path: string, question: Question): Promise<Answer> {
    const { base, name } = this.#reference
    const url = `${base}/v2/${name}/${path}`
    const send = (): Promise<Answer> =>
      this.#http.ask(url, {
        ...question,
        headers: {
          ...question.headers,
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
      })
    const response = await send()
    // Credentials are the registry's, not of whoever it sends us to.
    if (response.status !== 401 || new URL(response.url).origin !== new URL(base).origin) return response
    discard(response)
    const granted = await this.#authorize(response.headers['www-authenticate'] ?? '', question)
    return granted ? send() : response
  }

  /** Does what a registry's challenge asks for. @returns false where there is nothing to answer it with */
  async #authorize(challenge: string, { signal }: Question): Promise<boolean> {
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
    const response = refuseFailure(await this.#http.ask(url.href, { headers, signal }))
    const token = readToken((await readLimited(response, maxToken)).toString())
    this.#authorization = token === undefined ? undefined : `Bearer ${token}`
    return token !== undefined
  }
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
