import { settleBaseline } from '../../src/discover/change.js'
import type { Baseline, RunContext } from '../../src/model.js'
import { noHistory } from '../gate.js'

const contextOf = (more: Partial<RunContext>): RunContext => ({ workspace: '/repo', processors: 2, ...more })

describe('settleBaseline', () => {
  const otherwise: Baseline = { policy: { branch: 'main' }, base: { kind: 'merge-base', branch: 'main' } }
  const merged = { commit: 'abc', branch: 'main', otherwise }
  const context = contextOf({ event: 'repository_dispatch', baseline: { policy: 'checkout', merged } })

  it.each([
    [true, context.baseline],
    [false, otherwise],
  ])('asks whether the default branch has what is checked out: %s', async (answer, baseline) => {
    const asked: unknown[] = []
    const isMerged = async (...args: unknown[]): Promise<boolean> => {
      asked.push(args)
      return answer
    }
    expect((await settleBaseline(context, { ...noHistory, isMerged })).baseline).toEqual(baseline)
    expect(asked).toEqual([['abc', 'main']])
  })

  it('asks nothing where the event is about a change, or there is none', async () => {
    for (const one of [contextOf({}), contextOf({ event: 'pull_request', baseline: { policy: 'base' } })])
      expect(await settleBaseline(one, noHistory)).toBe(one)
  })
})
