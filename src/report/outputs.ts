import type { Report } from '../model.js'
import { imagesIn, totalOf } from './text.js'

/** The reports that are files, or a folder of files. */
export const reportNames = ['report', 'html', 'sarif', 'sbom'] as const

/** Where each was written; empty for what was not. */
export type ReportPaths = Readonly<Record<(typeof reportNames)[number], string>>

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
  'unknown-count',
  'introduced-count',
  ...reportNames,
] as const

export type Outputs = Readonly<Record<(typeof outputNames)[number], string>>

/** The outputs of a run, set however it ends. */
export function renderOutputs(report: Report, paths: ReportPaths): Outputs {
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
      .map(({ image }) => listed(image.name))
      .join(','),
    'critical-count': String(counts.CRITICAL),
    'high-count': String(counts.HIGH),
    'medium-count': String(counts.MEDIUM),
    'low-count': String(counts.LOW),
    'total-count': String(totalOf(counts)),
    'unknown-count': String(counts.UNKNOWN),
    'introduced-count': introducedCount(report),
    ...paths,
  }
}

/** A name as an item of a list with commas: what would end the item, or a line, is percent-encoded as in URLs (RFC 3986). */
function listed(name: string): string {
  return name.replace(/[%,\r\n]/g, character => encodeURIComponent(character))
}

/** How many of the gating findings the change brought; empty where nothing was compared. */
function introducedCount({ verdict }: Report): string {
  const compared = verdict.images.filter(({ comparison }) => comparison !== undefined)
  if (compared.length === 0) return ''
  const findings = compared.flatMap(image => image.findings)
  return String(findings.filter(({ ruling, change }) => ruling === 'gating' && change === 'introduced').length)
}
