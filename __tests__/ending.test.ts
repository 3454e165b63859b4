import { setImmediate } from 'node:timers/promises'
import { causeOf, unlessOverdue } from '../src/ending.js'
import { noEnding, TestEnding } from './builders.js'

const never = new Promise<string>(() => undefined)

describe('unlessOverdue', () => {
  it('gives what the work gives, and throws what it throws', async () => {
    expect(await unlessOverdue(Promise.resolve('done'), noEnding)).toBe('done')
    await expect(unlessOverdue(Promise.reject(new Error('no')), noEnding)).rejects.toThrow('no')
  })

  it('waits for work that ends because the run must, and for nothing else', async () => {
    const ending = new TestEnding()
    const waiting = unlessOverdue(never, ending)
    const ended = { early: false }
    void waiting.catch(() => (ended.early = true))
    ending.end()
    await setImmediate()
    expect(ended.early).toBe(false)
    ending.giveUp()
    await expect(waiting).rejects.toBe(ending.reason)
    await expect(unlessOverdue(never, ending)).rejects.toBe(ending.reason)
  })
})

describe('causeOf', () => {
  it('is the run’s end, once there is one', () => {
    const ending = new TestEnding()
    expect(causeOf('error', undefined)).toBe('error')
    expect(causeOf('error', ending.cancelled)).toBe('error')
    ending.end()
    expect(causeOf('error', ending.cancelled)).toBe(ending.reason)
  })
})
