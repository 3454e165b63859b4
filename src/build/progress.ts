import { StringDecoder } from 'node:string_decoder'
import type { BuildStep, LineRange } from '../model.js'

/** What happened in a build, for people. */
export type ProgressEvent =
  | { readonly kind: 'step'; readonly name: string }
  | { readonly kind: 'done'; readonly step: BuildStep }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'failed'; readonly name: string; readonly error: string }
  /** A line that is not BuildKit's: the client's own words. */
  | { readonly kind: 'message'; readonly text: string }

interface RawVertex {
  readonly digest: string
  readonly name: string
  readonly started?: string
  readonly completed?: string
  readonly cached?: boolean
  readonly error?: string
}

interface RawStatus {
  readonly vertexes?: readonly RawVertex[]
  readonly logs?: readonly { readonly vertex: string; readonly data: string }[]
}

/**
 * Reads BuildKit's progress stream, one JSON object a line (`docker buildx build --progress=rawjson`). Keeps only
 * what it needs to say each step once and to put log lines together.
 */
export class ProgressReader {
  readonly #said = new Map<string, 'started' | 'done'>()
  readonly #decoders = new Map<string, { decoder: StringDecoder; rest: string }>()

  read(line: string): ProgressEvent[] {
    const status = parseStatus(line)
    if (status === undefined) return line.trim() === '' ? [] : [{ kind: 'message', text: line }]
    return [
      ...(status.vertexes ?? []).flatMap(vertex => this.#readVertex(vertex)),
      ...(status.logs ?? []).flatMap(({ vertex, data }) => this.#readLog(vertex, data)),
    ]
  }

  #readVertex(vertex: RawVertex): ProgressEvent[] {
    const events: ProgressEvent[] = []
    const internal = vertex.name.startsWith('[internal]')
    const { digest, name } = vertex
    if (vertex.started !== undefined && !this.#said.has(digest)) {
      this.#said.set(digest, 'started')
      if (!internal && vertex.cached !== true) events.push({ kind: 'step', name })
    }
    if (vertex.completed !== undefined && this.#said.get(digest) !== 'done') {
      this.#said.set(digest, 'done')
      events.push(...this.#flush(digest))
      if (vertex.error) events.push({ kind: 'failed', name, error: vertex.error })
      else if (!internal) events.push({ kind: 'done', step: toStep(vertex) })
    }
    return events
  }

  #readLog(vertex: string, data: string): ProgressEvent[] {
    const state = this.#decoders.get(vertex) ?? { decoder: new StringDecoder('utf8'), rest: '' }
    this.#decoders.set(vertex, state)
    const lines = (state.rest + state.decoder.write(Buffer.from(data, 'base64'))).split('\n')
    state.rest = lines.pop() ?? ''
    return lines.flatMap(toLogEvents)
  }

  #flush(vertex: string): ProgressEvent[] {
    const state = this.#decoders.get(vertex)
    this.#decoders.delete(vertex)
    const rest = state === undefined ? '' : state.rest + state.decoder.end()
    return toLogEvents(rest)
  }
}

function toStep({ digest, name, cached, started, completed }: RawVertex): BuildStep {
  const duration = Date.parse(completed ?? '') - Date.parse(started ?? '')
  return { digest, name, cached: cached === true, duration: Number.isNaN(duration) ? 0 : Math.max(0, duration) }
}

/** Of a line that was overwritten as it grew (a progress bar), only what it came to is worth a line. */
function toLogEvents(line: string): ProgressEvent[] {
  const text = line
    .split('\r')
    .filter(part => part.trim() !== '')
    .at(-1)
  return text === undefined ? [] : [{ kind: 'log', text }]
}

function parseStatus(line: string): RawStatus | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) return undefined
    const { vertexes, logs } = value as RawStatus
    const isStatus = [vertexes, logs].every(list => list === undefined || Array.isArray(list))
    return isStatus ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * The lines of the failing step, from the excerpt that the build client prints:
 * `Dockerfile:3` above lines such as `   3 | >>> RUN false`.
 */
export function parseFailingLines(messages: readonly string[]): LineRange | undefined {
  const marked = messages.flatMap(text => {
    const match = /^\s*(\d+) \| >>> /.exec(text)
    return match?.[1] === undefined ? [] : [Number(match[1])]
  })
  const start = marked[0]
  return start === undefined ? undefined : { start, end: marked.at(-1) ?? start }
}
