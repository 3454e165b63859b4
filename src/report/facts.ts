/** By what a verdict came about: the policy, the tools, and the time that it took. */
import type { Report } from '../model.js'
import { databaseTexts } from './database.js'
import { durationText, engineText, policyText } from './text.js'

export function factsOf(report: Report): readonly string[] {
  const { scanner, engine, duration } = report
  return [
    `Policy: ${policyText(report)}`,
    ...(scanner === undefined ? [] : [`Trivy ${scanner.version} (${scanner.source})`]),
    ...databaseTexts(report),
    ...(engine === undefined ? [] : [engineText(engine)]),
    `took ${durationText(duration)}`,
  ]
}
