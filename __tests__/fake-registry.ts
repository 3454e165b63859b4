/** A registry as far as pulling goes, with every way in which it can fail. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse, RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { serving } from './server.js'

const digestOf = (content: Buffer | string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/** Answers instead of the registry; `undefined` lets it answer itself. */
export type Intervention = (
  request: { readonly method: string; readonly path: string; readonly count: number },
  response: ServerResponse,
) => 'done' | undefined

export class FakeRegistry {
  readonly #manifests = new Map<string, Buffer>()
  readonly #blobs = new Map<string, Buffer>()
  /** What was asked, as `GET /path`. */
  readonly asked: string[] = []
  /** The last header `Authorization`. */
  authorization: string | undefined
  /** `user:password`, where it wants to know who asks. */
  login: string | undefined
  /** How it wants to be told. */
  scheme: 'bearer' | 'basic' = 'bearer'
  intervene: Intervention = () => undefined
  #address = ''

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return this.#address
  }

  /** @returns the digest of the manifest that the tag now stands for */
  push(name: string, tag: string, archive: Buffer, manifest: object = {}): string {
    const layer = { mediaType: 'application/x', digest: digestOf(archive), size: archive.length }
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [layer], ...manifest }))
    this.#blobs.set(`/v2/${name}/blobs/${layer.digest}`, archive)
    for (const version of [tag, digestOf(content)]) this.#manifests.set(`/v2/${name}/manifests/${version}`, content)
    return digestOf(content)
  }

  forget(name: string, version: string): void {
    this.#manifests.delete(`/v2/${name}/manifests/${version}`)
  }

  async run<T>(use: (address: string) => Promise<T>): Promise<T> {
    const answer: RequestListener = (request, response) => {
      this.#answer(request, response)
    }
    return serving(answer, address => {
      this.#address = address
      return use(address)
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '' } = request
    this.asked.push(`${method} ${path}`)
    const count = this.asked.filter(line => line === `${method} ${path}`).length
    if (this.intervene({ method, path, count }, response) === 'done') return
    const given = request.headers.authorization
    if (given !== undefined) this.authorization = given
    if (path.startsWith('/token')) return this.#giveToken(given, response)
    if (!this.#admits(given)) {
      const challenge =
        this.scheme === 'basic'
          ? 'Basic realm="registry"'
          : `Bearer realm="http://${this.#address}/token",service="registry",scope="repository:db:pull"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return
    }
    const content = this.#manifests.get(path) ?? this.#blobs.get(path)
    if (content === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-length': content.length }).end(method === 'HEAD' ? undefined : content)
  }

  #admits(given: string | undefined): boolean {
    if (this.login === undefined) return true
    const basic = `Basic ${Buffer.from(this.login).toString('base64')}`
    return given === (this.scheme === 'basic' ? basic : 'Bearer letmein')
  }

  #giveToken(given: string | undefined, response: ServerResponse): void {
    const known = given === `Basic ${Buffer.from(this.login ?? '').toString('base64')}`
    response.writeHead(known ? 200 : 403).end(JSON.stringify(known ? { token: 'letmein' } : {}))
  }
}

/** A tar.gz of these files. */
export async function archiveOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}
