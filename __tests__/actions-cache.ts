/** The service behind the Actions cache, as far as its client asks it (`_apis/artifactcache`, the first version). */
import type { IncomingMessage, ServerResponse, RequestListener } from 'node:http'
import { serving } from './server.js'

interface Entry {
  readonly key: string
  readonly version: string
  archive: Buffer
  whole: boolean
}

export class FakeActionsCache {
  readonly entries: Entry[] = []
  /** Answers everything with this status. */
  refusal: number | undefined
  /** Never answers. */
  hangs = false
  #address = ''

  /** What a runner gives to its actions. */
  get env(): Record<string, string> {
    return { ACTIONS_CACHE_URL: `${this.#address}/`, ACTIONS_RUNTIME_TOKEN: 'runtime-token' }
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
    const body = Buffer.concat(chunks)
    if (this.hangs) return
    const reply = (status: number, value?: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(value === undefined ? undefined : JSON.stringify(value))
    }
    if (this.refusal !== undefined) return reply(this.refusal, { message: 'refused' })
    const { pathname, searchParams } = new URL(request.url ?? '', this.#address)
    const id = Number(/\d+$/.exec(pathname)?.[0])
    const entry = this.entries[id - 1]
    if (pathname.startsWith('/archives/')) return void response.end(entry?.archive)
    if (request.headers.authorization !== 'Bearer runtime-token') return reply(401)
    if (pathname.endsWith('/cache')) {
      const keys = searchParams.get('keys')?.split(',') ?? []
      const at = this.entries.findIndex(
        ({ key, version, whole }) =>
          whole && version === searchParams.get('version') && keys.some(one => key.startsWith(one)),
      )
      const location = `${this.#address}/archives/${String(at + 1)}`
      return at < 0 ? reply(204) : reply(200, { archiveLocation: location, cacheKey: this.entries[at]?.key })
    }
    if (pathname.endsWith('/caches')) {
      const { key, version } = JSON.parse(body.toString()) as { key: string; version: string }
      this.entries.push({ key, version, archive: Buffer.alloc(0), whole: false })
      // Not 0, which the client takes for none.
      return reply(201, { cacheId: this.entries.length })
    }
    if (entry !== undefined && request.method === 'PATCH') put(body, entry, request.headers['content-range'])
    else if (entry !== undefined) entry.whole = true
    return reply(204)
  }
}

/** Pieces come several at a time, in any order. */
function put(piece: Buffer, entry: Entry, range = ''): void {
  const start = Number(/^bytes (\d+)-/.exec(range)?.[1])
  const archive = Buffer.alloc(Math.max(entry.archive.length, start + piece.length))
  entry.archive.copy(archive)
  piece.copy(archive, start)
  entry.archive = archive
}
