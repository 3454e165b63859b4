/** Measurements and verdicts for tests, in few words. */
import { decide, type Grounds, type Measurements } from '../../src/decide/verdict.js'
import type { Finding, Rules, Verdict, Vulnerability } from '../../src/model.js'
import { aFinding, anImage, built, scanned, someGrounds } from '../builders.js'

export const web = anImage('web')
export const api = anImage('api')
export const unfixed = (more: Partial<Vulnerability> = {}): Vulnerability => {
  const { fixedVersion: _, ...rest } = aFinding(more)
  return { ...rest, status: 'affected' }
}

export function measuredOf(more: Partial<Measurements>): Measurements {
  return { builds: [built(web)], scans: [], skipped: [], comparisons: new Map(), ...more }
}

export function decideWeb(findings: Finding[], rules: Partial<Rules> = {}, grounds: Partial<Grounds> = {}): Verdict {
  return decide(measuredOf({ scans: [scanned(web, ...findings)] }), someGrounds(rules, grounds))
}

/** The verdict where the image was compared with what it was. */
export function decideChange(findings: Finding[], before: Finding[], more: Partial<Grounds> = {}): Verdict {
  const old = anImage('web', { revision: 'base' })
  return decide(
    {
      builds: [built(web), built(old)],
      scans: [scanned(web, ...findings), scanned(old, ...before)],
      skipped: [],
      comparisons: new Map([['web', { status: 'compared' }]]),
    },
    someGrounds({ gateOn: 'introduced' }, more),
  )
}
