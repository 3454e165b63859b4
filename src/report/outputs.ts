import type { Report } from '../model.js'
import { imagesIn, totalOf } from './text.js'

/** The names of the action's outputs, as in action.yml. */
export const outputNames = [
  'result',
  'images',
  'failed-images',
  'critical-count',
  'high-count',
  'medium-count',
  'low-count',
  'total-count',
  'report',
] as const

export type Outputs = Readonly<Record<(typeof outputNames)[number], string>>

/**
 * The outputs of a run, set however it ends.
 * @param reportPath where the JSON report was written; empty where it was not
 */
export function renderOutputs(report: Report, reportPath: string): Outputs {
  const { result, counts, images } = report.verdict
  return {
    result,
    images: JSON.stringify(
      images.map(({ image, state, counts: own, digests }) => ({
        name: image.name,
        state,
        counts: own,
        digest: digests?.manifest,
      })),
    ),
    'failed-images': imagesIn(report, 'vulnerable', 'build-failed', 'scan-failed')
      .map(({ image }) => image.name)
      .join(','),
    'critical-count': String(counts.CRITICAL),
    'high-count': String(counts.HIGH),
    'medium-count': String(counts.MEDIUM),
    'low-count': String(counts.LOW),
    'total-count': String(totalOf(counts)),
    report: reportPath,
  }
}
