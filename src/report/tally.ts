/** Nothing vanishes: what does not count is at least counted. */
import type { Verdict } from '../model.js'
import { numberText } from './text.js'

/** How many findings do not count, by why. */
export function tallyOf({ images }: Verdict): Readonly<Record<keyof typeof reasons, number>> {
  const tally = { existing: 0, excepted: 0, unfixed: 0, other: 0, unrated: 0, reported: 0 }
  for (const { findings } of images) {
    for (const { ruling, kind, severity } of findings) {
      if (ruling === 'existing' || ruling === 'excepted' || ruling === 'unfixed') tally[ruling] += 1
      else if (ruling === 'below-threshold') tally[severity === 'UNKNOWN' ? 'unrated' : 'other'] += 1
      // An end of life is a warning, and what is not recognised is a word beside the state.
      else if (ruling === 'reported' && kind !== 'end-of-life' && kind !== 'unrecognised') tally.reported += 1
    }
  }
  return tally
}

const reasons = {
  existing: 'existing before this change',
  excepted: 'excepted',
  unfixed: 'without a fix',
  other: 'of other severities',
  unrated: 'that nobody has rated',
  reported: 'that no rule asks for',
} as const

/** The same in words; only the reasons that there are. */
export function notCounted(verdict: Verdict): readonly string[] {
  const tally = tallyOf(verdict)
  return (Object.keys(reasons) as (keyof typeof reasons)[])
    .filter(name => tally[name] > 0)
    .map(name => `${numberText(tally[name])} ${reasons[name]}`)
}
