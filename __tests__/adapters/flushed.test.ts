import { Writable } from 'node:stream'
import { flushed } from '../../src/adapters/flushed.js'

/** A stream whose reader takes a piece when it is told to. */
class Slow extends Writable {
  readonly #waiting: (() => void)[] = []

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    this.#waiting.push(done)
  }

  take(): void {
    this.#waiting.shift()?.()
  }
}

describe('flushed', () => {
  it('waits for the slowest reader, to the last piece', async () => {
    const [one, other] = [new Slow(), new Slow()]
    for (const text of ['a', 'b']) one.write(text)
    let done = false
    const waiting = flushed(one, other).then(() => {
      done = true
    })
    other.take()
    for (const expected of [false, false, false]) {
      await new Promise(setImmediate)
      expect(done).toBe(expected)
      one.take()
    }
    await waiting
    expect(done).toBe(true)
  })

  it('does not wait for a reader that is gone', async () => {
    const gone = new Writable({
      write: (_chunk, _encoding, done) => {
        done(new Error('EPIPE'))
      },
    })
    gone.on('error', () => undefined)
    gone.write('a')
    await expect(flushed(gone)).resolves.toBeUndefined()
  })
})
