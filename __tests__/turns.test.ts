import { setImmediate } from 'node:timers/promises'
import { takeTurns } from '../src/turns.js'

describe('takeTurns', () => {
  it('lets so many run at once, the others in order, also after one that failed', async () => {
    const turns = takeTurns(2)
    const started: number[] = []
    const finish: (() => void)[] = []
    const works = [0, 1, 2, 3].map(number =>
      turns(async () => {
        started.push(number)
        await new Promise<void>(resolve => finish.push(resolve))
        if (number === 0) throw new Error('zero')
        return number
      }),
    )
    const settled = Promise.allSettled(works)
    await setImmediate()
    expect(started).toEqual([0, 1])
    finish[0]?.()
    await setImmediate()
    expect(started).toEqual([0, 1, 2])
    finish[1]?.()
    finish[2]?.()
    await setImmediate()
    finish[3]?.()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  })
})
