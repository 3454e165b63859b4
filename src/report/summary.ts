/** The job summary: what somebody whose merge is blocked reads first. */
import type { Report } from '../model.js'
import { renderWithin, type Extent } from './extent.js'
import { joinSections } from './markdown.js'
import { blockingImages, failures } from './summary-images.js'
import { countsLine, footer, heading, ignored, imageTable, next, problem, time, warnings } from './summary-overview.js'
import { afterMerge, changedImages, exceptions, passedOver, rulesTable } from './summary-policy.js'

/** GitHub drops a step's whole summary above 1 MiB; see "Job summaries" in its workflow-commands reference. */
const limit = 1024 * 1024 - 1024

/** Renders as much as fits, and always how many findings there are. */
export function renderSummary(report: Report): string {
  const whole = renderWithin({ bytes: limit }, report, extent => joinSections(sectionsOf(report, extent)))
  if (whole !== undefined) return whole
  return joinSections([
    heading(report),
    warnings(report),
    countsLine(report),
    'Too much to show here: see the JSON report.',
    footer(report),
  ])
}

function sectionsOf(report: Report, extent: Extent): string[] {
  const { rows } = extent
  return [
    heading(report),
    warnings(report),
    countsLine(report),
    problem(report),
    imageTable(report.verdict.images),
    next(report, rows),
    ...failures(report, extent),
    ...blockingImages(report, extent),
    afterMerge(report, rows),
    passedOver(report, rows),
    exceptions(report, rows),
    changedImages(report),
    ignored(report),
    rulesTable(report),
    time(report),
    footer(report),
  ]
}
