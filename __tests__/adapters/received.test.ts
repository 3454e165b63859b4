import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { atMost, Pace } from '../../src/adapters/received.js'

const second = 1000
const minute = 60 * second

/** Seconds after which content of 900 bytes, for which there are 15 minutes, is given up; undefined: it all came. */
function givenUpAfter(pieces: Iterable<readonly [bytes: number, at: number]>): number | undefined {
  const pace = new Pace(900, 15 * minute, 0)
  for (const [bytes, at] of pieces) {
    if (!pace.keepsUp(bytes, at * second)) return at
  }
  return undefined
}

function* everySeconds(step: number, bytes: number, until = 900): Generator<readonly [number, number]> {
  for (let at = step; at <= until; at += step) yield [bytes, at]
}

describe('the pace of a download', () => {
  it('is kept by a server that is slow, and in time', () => {
    expect(givenUpAfter(everySeconds(1, 1))).toBeUndefined()
    expect(givenUpAfter(everySeconds(29, 29))).toBeUndefined()
    // Nothing for most of a minute, then much.
    expect(
      givenUpAfter([
        [1, 1],
        [1, 25],
        [1, 50],
        [100, 59],
        [1, 61],
        [1, 85],
        [1, 110],
        [100, 119],
        [1, 122],
      ]),
    ).toBeUndefined()
  })

  it('is not kept by one that trickles, which costs three minutes and not the time for all of it', () => {
    expect(givenUpAfter(everySeconds(29, 1))).toBe(87)
    expect(givenUpAfter(everySeconds(1, 0.9))).toBe(60)
    // Half of it at once, to have time for the rest.
    expect(givenUpAfter([[450, 1], ...everySeconds(29, 1)].map(([bytes = 0, at = 0]) => [bytes, at] as const))).toBe(
      174,
    )
  })
})

describe('content without a known size', () => {
  it('is let through up to a limit', async () => {
    const content = [Buffer.alloc(6), Buffer.alloc(4)]
    expect(await buffer(Readable.from(content).pipe(atMost(10)))).toHaveLength(10)
    await expect(buffer(Readable.from(content).pipe(atMost(9)))).rejects.toThrow('it sent more than 9 bytes')
  })
})
