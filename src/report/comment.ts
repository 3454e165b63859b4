/** The comment on a pull request, one for each gate: what blocks it, or that nothing does any more. */
import { createHash } from 'node:crypto'
import type { CommentMode, Report, RunContext } from '../model.js'
import { renderWithin, type Extent } from './extent.js'
import { code, folded, joinSections, link, withRest } from './markdown.js'
import { blockingImages, failures, worstImages } from './summary-images.js'
import { countsLine, footer, heading, imageTable, next, notCountedLine, problem, warnings } from './summary-overview.js'
import { afterMerge } from './summary-policy.js'
import { imagesIn } from './text.js'

/**
 * GitHub refuses bodies above 65,536 characters ("Body is too long"), and stores 262,144 bytes of UTF-8. A comment is no
 * place for all there is, so that it shows less where more would fit.
 */
const room = {
  characters: 65_000,
  bytes: 260_000,
  most: { images: 10, rows: 10 },
  title: 56,
  share: 6000,
  elsewhere: 'the job summary',
}

/** More rows than this nobody reads in a comment. */
const maxTable = 50

/** What finds the comment again. Nothing of a workflow's names stands in it as it is: they could end it early. */
export function commentMarker({ workflow = '', job = '', step = '' }: RunContext): string {
  const key = createHash('sha256').update([workflow, job, step].join('\n')).digest('hex').slice(0, 16)
  return `<!-- image-gate:${key} -->`
}

/**
 * What the comment should say; undefined where there should be none, or the one that is there may stay.
 * @param previous the comment that this gate left before
 */
export function planComment(report: Report, mode: CommentMode, previous?: string): string | undefined {
  if (mode === 'never') return undefined
  const fails = report.verdict.result !== 'passed'
  if (previous === undefined) return fails || mode === 'always' ? renderComment(report, false) : undefined
  const before = readState(previous)
  // A run of an older commit that took longer has nothing to say any more.
  if (before.runId > (report.context.runId ?? 0)) return undefined
  if (!fails && !before.failed && mode !== 'always') return undefined
  return renderComment(report, before.failed)
}

/** @param failedBefore true where the comment that is there says that something blocks */
function renderComment(report: Report, failedBefore: boolean): string {
  const { verdict, context } = report
  const fails = verdict.result !== 'passed'
  const hidden = [commentMarker(context), stateMarker(context, fails)].join('\n')
  const first = [hidden, heading(report)]
  const start = [...first, warnings(report, room), countsLine(report), notCountedLine(report)]
  const tooMuch = `Too much to show here: see ${room.elsewhere}.`
  const render = (extent: Extent): string =>
    joinSections([
      ...start,
      ...(fails ? details(report, extent) : [failedBefore ? fixedBy(context) : '']),
      closing(report),
    ])
  const short = [...start, tooMuch, closing(report)]
  return renderWithin(room, report, render, joinSections(short), joinSections([...first, tooMuch]))
}

function details(report: Report, extent: Extent): string[] {
  const { images } = report.verdict
  const failing = [...imagesIn(report, 'build-failed', 'scan-failed'), ...worstImages(report)]
  const shown = images.length <= maxTable ? images : failing.slice(0, maxTable)
  const lines = blockingImages(report, extent)
  return [
    problem(report, extent),
    withRest(imageTable(shown, false), images.length - shown.length, extent.elsewhere, 'more images'),
    next(report, { ...extent, rows: maxSteps }),
    ...failures(report, extent),
    lines.length === 0 ? '' : folded('What blocks, line by line', lines.join('\n\n')),
    afterMerge(report, extent),
  ]
}

const maxSteps = 5

function fixedBy({ head, sha }: RunContext): string {
  const commit = head ?? sha
  return commit === undefined
    ? 'Fixed: nothing blocks any more.'
    : `Fixed by ${commit.slice(0, 7)}: nothing blocks any more.`
}

function closing(report: Report): string {
  const { runUrl, job, workflow } = report.context
  const where = [job, workflow].filter(name => name !== undefined).map(code)
  return [
    runUrl === undefined ? [] : [`${link('The job summary', runUrl)} has all of it`],
    where.length === 0 ? [] : [`job ${where.join(' of ')}`],
    [footer(report)],
  ]
    .flat()
    .join(' · ')
}

function stateMarker({ runId = 0 }: RunContext, fails: boolean): string {
  return `<!-- image-gate-run:${String(runId)}:${fails ? 'failed' : 'passed'} -->`
}

/** Of the second line alone: further down are words of the change. */
function readState(body: string): { runId: number; failed: boolean } {
  const [, runId = '0', state] =
    /^<!-- image-gate-run:(\d{1,15}):(failed|passed) -->$/.exec(body.split('\n')[1]?.trim() ?? '') ?? []
  return { runId: Number(runId), failed: state === 'failed' }
}
