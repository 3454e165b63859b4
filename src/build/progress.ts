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

/** A step, as one line tells of it. */
interface Vertex {
  readonly digest: string
  readonly name: string
  readonly started: string | undefined
  readonly completed: string | undefined
  readonly cached: boolean
  readonly error: string | undefined
}

interface Log {
  readonly vertex: string
  readonly data: string
}

interface Status {
  readonly vertexes: readonly Vertex[]
  readonly logs: readonly Log[]
}

/** Of a line that does not end, so many characters are kept: a progress bar is one line, and only its end matters. */
const maxRest = 65_536

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
      ...status.vertexes.flatMap(vertex => this.#readVertex(vertex)),
      ...status.logs.flatMap(log => this.#readLog(log)),
    ]
  }

  #readVertex(vertex: Vertex): ProgressEvent[] {
    const events: ProgressEvent[] = []
    const internal = vertex.name.startsWith('[internal]')
    const { digest, name } = vertex
    if (vertex.started !== undefined && !this.#said.has(digest)) {
      this.#said.set(digest, 'started')
      if (!internal && !vertex.cached) events.push({ kind: 'step', name })
    }
    if (vertex.completed !== undefined && this.#said.get(digest) !== 'done') {
      this.#said.set(digest, 'done')
      for (const event of this.#flush(digest)) events.push(event)
      if (vertex.error !== undefined) events.push({ kind: 'failed', name, error: vertex.error })
      else if (!internal) events.push({ kind: 'done', step: toStep(vertex) })
    }
    return events
  }

  #readLog({ vertex, data }: Log): ProgressEvent[] {
    const state = this.#decoders.get(vertex) ?? { decoder: new StringDecoder('utf8'), rest: '' }
    this.#decoders.set(vertex, state)
    const lines = (state.rest + state.decoder.write(Buffer.from(data, 'base64'))).split('\n')
    state.rest = (lines.pop() ?? '').slice(-maxRest)
    return lines.flatMap(toLogEvents)
  }

  #flush(vertex: string): ProgressEvent[] {
    const state = this.#decoders.get(vertex)
    this.#decoders.delete(vertex)
    const rest = state === undefined ? '' : state.rest + state.decoder.end()
    return toLogEvents(rest)
  }
}

function toStep({ digest, name, cached, started, completed }: Vertex): BuildStep {
  const duration = Date.parse(completed ?? '') - Date.parse(started ?? '')
  return { digest, name, cached, duration: Number.isNaN(duration) ? 0 : Math.max(0, duration) }
}

/** Of a line that was overwritten as it grew (a progress bar), only what it came to is worth a line. */
function toLogEvents(line: string): ProgressEvent[] {
  const text = line
    .split('\r')
    .filter(part => part.trim() !== '')
    .at(-1)
  return text === undefined ? [] : [{ kind: 'log', text }]
}

function parseStatus(line: string): Status | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { vertexes = [], logs = [] } = JSON.parse(line) as { readonly vertexes?: unknown; readonly logs?: unknown }
    if (!Array.isArray(vertexes) || !Array.isArray(logs)) return undefined
    return { vertexes: vertexes.flatMap(readVertex), logs: logs.flatMap(readLog) }
  } catch {
    return undefined
  }
}

/** What is no step is left out; what a step does not say well, it does not say. */
function readVertex(value: unknown): Vertex[] {
  const { digest, name, started, completed, cached, error } = propertiesOf(value)
  if (typeof digest !== 'string' || typeof name !== 'string') return []
  const [start, end, reason] = [started, completed, error].map(textOf)
  return [{ digest, name, started: start, completed: end, cached: cached === true, error: reason }]
}

function readLog(value: unknown): Log[] {
  const { vertex, data } = propertiesOf(value)
  return typeof vertex === 'string' && typeof data === 'string' ? [{ vertex, data }] : []
}

function propertiesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * The lines of the failing step, from the excerpt that the build client prints:
 * `Dockerfile:3` above lines such as `   3 | >>> RUN false`.
 */
export function parseFailingLines(messages: readonly string[]): LineRange | undefined {
  const marked = messages.flatMap(text => {
    const line = Number(/^\s*(\d+) \| >>> /.exec(text)?.[1])
    return Number.isSafeInteger(line) && line > 0 ? [line] : []
  })
  if (marked.length === 0) return undefined
  const [start, end] = [Math.min, Math.max].map(choose => marked.reduce((one, other) => choose(one, other)))
  return start === undefined || end === undefined ? undefined : { start, end }
}
