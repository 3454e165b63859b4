import { measureSharing } from '../../src/build/sharing.js'
import type { BuildOutcome, BuildStep } from '../../src/model.js'
import { anImage, built } from '../builders.js'

const step = (digest: string, more: Partial<BuildStep> = {}): BuildStep => ({
  digest,
  name: '[2/3] RUN make',
  cached: false,
  duration: 1000,
  ...more,
})
const build = (...steps: BuildStep[]): BuildOutcome => ({ ...built(anImage()), steps })

describe('measureSharing', () => {
  it('counts a step that several images need once, and the time of the others as saved', () => {
    const builds = [
      build(step('a', { duration: 5000 }), step('own-1')),
      build(step('a', { duration: 0, cached: true }), step('own-2')),
      build(step('a', { duration: 4900 }), step('own-3')),
    ]
    expect(measureSharing(builds)).toEqual({ ran: 4, shared: 2, saved: 10_000 })
  })

  it('leaves out what was there before the run, base images and exports', () => {
    const others = [
      step('c', { cached: true }),
      step('f', { name: '[1/3] FROM docker.io/library/debian' }),
      step('e', { name: 'exporting to image' }),
    ]
    expect(measureSharing([build(...others), build(...others)])).toEqual({ ran: 0, shared: 0, saved: 0 })
  })
})
