/** The job summary: what somebody whose merge is blocked reads first. */
import type { Report } from '../model.js'
import { renderWithin, type Extent } from './extent.js'
import { joinSections } from './markdown.js'
import { blockingImages, failures } from './summary-images.js'
import {
  countsLine,
  footer,
  heading,
  ignored,
  imageTable,
  next,
  notCountedLine,
  problem,
  time,
  warnings,
} from './summary-overview.js'
import { afterMerge, asidesLeftOut, changedImages, exceptions, passedOver, rulesTable } from './summary-policy.js'

/** GitHub drops a step's whole summary above 1 MiB; see "Job summaries" in its workflow-commands reference. */
const room = { bytes: 1024 * 1024 - 1024, title: 80, share: 20_000, elsewhere: 'the JSON report' }

/** Renders as much as fits, and always how many findings there are. */
export function renderSummary(report: Report): string {
  const render = (extent: Extent): string => joinSections(sectionsOf(report, extent))
  const short = [...beginning(report), `Too much to show here: see ${room.elsewhere}.`, footer(report)]
  return renderWithin(room, report, render, joinSections(short))
}

function beginning(report: Report): string[] {
  return [heading(report), warnings(report, room), countsLine(report), notCountedLine(report)]
}

function sectionsOf(report: Report, extent: Extent): string[] {
  const asides = [passedOver(report, extent), exceptions(report, extent), rulesTable(report), time(report)]
  return [
    ...beginning(report),
    problem(report, extent),
    imageTable(report.verdict.images, true),
    next(report, extent),
    ...failures(report, extent),
    ...blockingImages(report, extent),
    afterMerge(report, extent),
    changedImages(report, extent),
    ignored(report, extent),
    ...(extent.asides ? asides : [asidesLeftOut(report, extent)]),
    footer(report),
  ]
}
