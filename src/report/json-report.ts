import type { ImageVerdict, Report, WorkDone } from '../model.js'
import { withAges } from './database.js'
import { jsonParts, LongList } from './json-parts.js'
import { headline } from './text.js'

/**
 * The version of the report's schema, `docs/report.schema.json`. A new field leaves it; a field that goes or changes
 * its meaning raises it.
 */
export const schemaVersion = 1

/** More findings than this nobody reads without a program. */
const maxIndented = 20_000

/** The whole of what was measured and decided, part by part. Every finding is in it, gating or not. */
export function renderJsonReport(report: Report): Iterable<string> {
  const { verdict, context } = report
  const head = {
    schemaVersion,
    result: verdict.result,
    headline: headline(report),
    problem: verdict.problem,
    startedAt: report.startedAt,
    durationMs: report.duration,
    context: {
      event: context.event,
      repository: context.repository,
      sha: context.sha,
      pullRequest: context.pullRequest,
      runUrl: context.runUrl,
    },
    imagesRoot: report.imagesRoot,
    policy: { ...report.policy, warnOnly: verdict.warnOnly },
    warnings: report.warnings,
    advice: report.advice,
    change: report.change,
    policyEffects: report.policyEffects,
    exceptions: verdict.exceptions,
    scanner: toScanner(report),
    engine: report.engine,
    work: report.work === undefined ? undefined : toWork(report.work),
    counts: verdict.counts,
    ignored: report.ignored,
  }
  const findings = verdict.images.reduce((sum, image) => sum + image.findings.length, 0)
  return jsonParts(new LongList(head, 'images', mapEach(verdict.images, toImage)), findings > maxIndented ? 0 : 2)
}

function* mapEach<T, U>(items: readonly T[], change: (item: T) => U): Generator<U, void, undefined> {
  for (const item of items) yield change(item)
}

function toWork(work: WorkDone): unknown {
  const { steps, layers } = work
  return {
    buildMs: work.build,
    exportMs: work.export,
    scanMs: work.scan,
    steps: { ran: steps.ran, shared: steps.shared, savedMs: steps.saved },
    layers,
  }
}

function toScanner({ scanner, startedAt }: Report): unknown {
  return scanner === undefined ? undefined : { ...scanner, ...withAges(scanner, startedAt) }
}

function toImage(image: ImageVerdict): LongList {
  const head = {
    name: image.image.name,
    state: image.state,
    skipped: image.skipped,
    comparison: image.comparison,
    rules: image.rules,
    lockFiles: image.image.lockFiles.map(({ path }) => path),
    dockerfile: image.image.dockerfile,
    contextDir: image.image.contextDir,
    imageId: image.imageId,
    baseImages: image.baseImages,
    digests: image.digests,
    os: image.os,
    packages: image.packages,
    counts: image.counts,
    failure: image.failure,
    buildMs: image.buildDuration,
    scanMs: image.scanDuration,
  }
  return new LongList(head, 'findings', image.findings)
}
