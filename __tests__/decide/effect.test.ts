import { compareVerdicts } from '../../src/decide/effect.js'
import { decide } from '../../src/decide/verdict.js'
import type { Verdict } from '../../src/model.js'
import type { Grounds } from '../../src/decide/verdict.js'
import { aFinding, anException, anImage, built, scanned, someGrounds } from '../builders.js'

const web = anImage('web')
const api = anImage('api')
const low = aFinding({ id: 'CVE-1', severity: 'LOW' })

const verdictBy = (grounds: Grounds): Verdict =>
  decide(
    {
      builds: [built(web), built(api)],
      scans: [scanned(web, aFinding(), low), scanned(api, low)],
      skipped: [],
      comparisons: new Map(),
    },
    grounds,
  )

describe('compareVerdicts', () => {
  it('is empty where nothing would be decided otherwise', () => {
    expect(compareVerdicts(verdictBy(someGrounds()), verdictBy(someGrounds()))).toEqual([])
  })

  it('tells what an exception would release', () => {
    const after = verdictBy(someGrounds({}, { exceptions: [anException()] }))
    expect(compareVerdicts(verdictBy(someGrounds()), after)).toMatchObject([
      { image: 'web', before: 'vulnerable', after: 'clean', released: [{ id: 'CVE-2014-0160' }], caught: [] },
    ])
  })

  it('tells what a stricter rule would catch', () => {
    const after = verdictBy(someGrounds({ severity: ['HIGH', 'LOW'] }))
    expect(compareVerdicts(verdictBy(someGrounds()), after)).toMatchObject([
      { image: 'api', before: 'clean', after: 'vulnerable', released: [], caught: [{ id: 'CVE-1' }] },
      { image: 'web', before: 'vulnerable', after: 'vulnerable', caught: [{ id: 'CVE-1' }] },
    ])
  })
})
