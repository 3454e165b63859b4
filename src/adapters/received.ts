/** Checks of what comes from a server, while it comes. */
import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { ToolError } from '../errors.js'
import { Refusal } from './http.js'

/** Content that is pinned: neither more nor fewer bytes, and these. */
export interface Descriptor {
  readonly digest: string
  readonly size: number
}

/** Lets exactly the bytes through that a descriptor names, as long as they keep up. */
export function exactly({ digest, size }: Descriptor, pace: Pace): Transform {
  const hash = createHash('sha256')
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      hash.update(chunk)
      if (bytes > size) done(new Refusal(`it sent more than ${String(size)} bytes`, 0))
      else if (pace.keepsUp(chunk.length, performance.now())) done(null, chunk)
      else done(new ToolError('it sends too slowly', ''))
    },
    flush(done) {
      const actual = `sha256:${hash.digest('hex')}`
      const wrong = bytes !== size || actual !== digest
      done(wrong ? new Refusal(`it sent ${String(bytes)} bytes of ${actual} instead of ${digest}`, 0) : null)
    },
  })
}

/** Lets so many bytes through, and no more. */
export function atMost(limit: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes > limit) done(new ToolError(`it sent more than ${String(limit)} bytes`, ''))
      else done(null, chunk)
    },
  })
}

/** Milliseconds in which a pause is made up for again. */
const period = 60_000

/**
 * Whether content comes at a pace at which it is there in time. A server that trickles is given up within three minutes, and
 * not when the time for all of it is over: the next one has it meanwhile.
 */
export class Pace {
  /** Bytes that each period must bring. */
  readonly #needed: number
  #since: number
  #bytes = 0

  /**
   * @param size bytes of all of it
   * @param deadline milliseconds for all of it
   * @param now milliseconds, of any clock that only goes forward
   */
  constructor(size: number, deadline: number, now: number) {
    this.#needed = (size * period) / deadline
    this.#since = now
  }

  /** @param bytes that came just now. @returns false where the period that ends now brought too few */
  keepsUp(bytes: number, now: number): boolean {
    this.#bytes += bytes
    if (now - this.#since < period) return true
    if (this.#bytes < this.#needed) return false
    this.#since = now
    this.#bytes = 0
    return true
  }
}
