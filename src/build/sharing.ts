import type { BuildOutcome, BuildStep, WorkDone } from '../model.js'

/** What the images' builds had in common: equal steps ran once, and each further image that needed one got it for free. */
export function measureSharing(builds: readonly BuildOutcome[]): WorkDone['steps'] {
  const uses = new Map<string, BuildStep[]>()
  for (const step of builds.flatMap(({ steps }) => steps).filter(takesWork)) {
    const known = uses.get(step.digest)
    if (known === undefined) uses.set(step.digest, [step])
    else known.push(step)
  }
  let [ran, shared, saved] = [0, 0, 0]
  for (const steps of uses.values()) {
    // What was there before the run is no work of this run's, shared or not.
    if (steps.every(({ cached }) => cached)) continue
    ran += 1
    shared += steps.length - 1
    saved += (steps.length - 1) * steps.reduce((most, { duration }) => Math.max(most, duration), 0)
  }
  return { ran, shared, saved }
}

/** Only steps of a Dockerfile that do something; exporting is not one, and FROM only names what is there. */
function takesWork({ name }: BuildStep): boolean {
  return /^\[[^\]]*\d+\/\d+\] (?!FROM )/.test(name)
}
