import { jest } from '@jest/globals'
import { RunEnding } from '../../src/adapters/run-ending.js'
import { ToolError } from '../../src/errors.js'

let ending: RunEnding
beforeEach(() => {
  jest.useFakeTimers()
  ending = new RunEnding()
})
afterEach(() => {
  ending.done()
  jest.useRealTimers()
})

const stages = (): boolean[] =>
  [ending.cancelled, ending.overdue, ending.cleaning, ending.reporting].map(s => s.aborted)

describe('RunEnding', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('cancels on %s at once, and gives the rest its time', signal => {
    process.emit(signal)
    expect(stages()).toEqual([true, false, false, false])
    expect(ending.cancelled.reason).toMatchObject({ message: 'the run was cancelled', advice: 'Run it again.' })
    expect(ending.cancelled.reason).toBeInstanceOf(ToolError)
    jest.advanceTimersByTime(2000)
    expect(stages()).toEqual([true, true, false, false])
    jest.advanceTimersByTime(1500)
    expect(stages()).toEqual([true, true, true, false])
    jest.advanceTimersByTime(2000)
    expect(stages()).toEqual([true, true, true, true])
  })

  it('ends all before a runner would kill, and a second signal changes nothing', () => {
    process.emit('SIGINT')
    const reason: unknown = ending.cancelled.reason
    jest.advanceTimersByTime(5000)
    process.emit('SIGTERM')
    expect(ending.cancelled.reason).toBe(reason)
    jest.advanceTimersByTime(500)
    expect(stages()).toEqual([true, true, true, true])
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never)
    jest.advanceTimersByTime(1500)
    expect(exit).toHaveBeenCalledWith(1)
    exit.mockRestore()
  })

  it.each([
    [5 * 3_600_000, 'the run was not done after 5 h'],
    [5_430_000, 'the run was not done after 1 h 30 min 30 s'],
    [3000, 'the run was not done after 3 s'],
  ])('cancels when the whole run takes longer than %i ms', (limit, message) => {
    ending.limit(limit)
    jest.advanceTimersByTime(limit - 1)
    expect(stages()).toEqual([false, false, false, false])
    jest.advanceTimersByTime(1)
    expect(ending.cancelled.reason).toMatchObject({
      message,
      advice: expect.stringContaining('total-timeout') as string,
    })
  })

  it('has the time to report, where nobody would kill it', () => {
    ending.limit(1000)
    jest.advanceTimersByTime(1000 + 10_000)
    expect(stages()).toEqual([true, true, true, false])
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never)
    jest.advanceTimersByTime(50_000)
    expect(stages()).toEqual([true, true, true, true])
    expect(exit).not.toHaveBeenCalled()
    jest.advanceTimersByTime(30_000)
    expect(exit).toHaveBeenCalledWith(1)
    exit.mockRestore()
  })

  it('leaves no listener and no timer when all is done', () => {
    const before = process.listenerCount('SIGTERM')
    ending.limit(1000)
    ending.done()
    expect(process.listenerCount('SIGTERM')).toBe(before - 1)
    expect(jest.getTimerCount()).toBe(0)
  })
})
