// @ts-check
/**
 * Refreshes `src/adapters/trivy-releases.json`, the table of Trivy's releases that Image Gate trusts:
 *
 *     node scripts/trivy-releases.mjs [--report FILE]
 *
 * Exit status: 0, there was nothing to say against it, whether the table grew or not; 1, an alarm, and nothing was
 * written; 2, it could not be done. GITHUB_TOKEN, where it is set, goes to GitHub's API alone, against its rate limit.
 * No package is imported here: the job that runs it runs nobody else's code.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { downloadAll, github } from './trivy-download.mjs'
import { SourceError } from './trivy-sources.mjs'
import { decide, lost, renderDecision } from './trivy-table.mjs'

/** @param {string} name */
const adapter = name => fileURLToPath(new URL(`../src/adapters/${name}`, import.meta.url))

const { values: options } = parseArgs({
  options: {
    table: { type: 'string', default: adapter('trivy-releases.json') },
    denylist: { type: 'string', default: adapter('trivy-denylist.json') },
    // Markdown for the pull request.
    report: { type: 'string' },
    // Where GitHub is; the tests have one of their own.
    api: { type: 'string', default: github.api },
    raw: { type: 'string', default: github.raw },
    // Limits of each download.
    seconds: { type: 'string', default: '60' },
    limit: { type: 'string', default: String(32 * 1024 * 1024) },
  },
})

/** A line of the log; on a runner also an annotation. @param {'error' | 'warning'} level @param {string} line */
function annotate(level, line) {
  const prefix = process.env['GITHUB_ACTIONS'] === 'true' ? `::${level} title=Trivy's releases::` : `${level}: `
  process.stdout.write(`${prefix}${line}\n`)
}

async function refresh() {
  const text = readFileSync(options.table, 'utf8')
  /** @type {import('./trivy-table.mjs').Table} */
  const table = JSON.parse(text)
  const { releases, sources } = await downloadAll({
    api: options.api,
    raw: options.raw,
    token: process.env['GITHUB_TOKEN'],
    seconds: Number(options.seconds),
    limit: Number(options.limit),
  })
  const denied = JSON.parse(readFileSync(options.denylist, 'utf8')).versions
  const decision = decide({ table, denied, releases, sources, now: Date.now() })
  const report = renderDecision(decision)
  if (options.report !== undefined) writeFileSync(options.report, report)
  process.stdout.write(`${report === '' ? 'Nothing new.' : report}\n`)
  decision.gone.forEach(version =>
    annotate('warning', `Trivy ${version} is no longer among its releases: find out why`),
  )
  if (decision.alarms.length > 0) {
    decision.alarms.forEach(line => annotate('error', line))
    annotate(
      'error',
      'Nothing was written. Look into it before anybody uses that archive; SECURITY.md says what it may mean.',
    )
    process.exitCode = 1
    return
  }
  const missing = lost(table, decision.table)
  if (missing.length > 0)
    throw new Error(`The new table would lose or change ${missing.join(', ')}: a mistake in this script`)
  // As it was, to the last character, where nothing is new.
  const written = JSON.stringify(decision.table, null, 1) + (text.endsWith('\n') ? '\n' : '')
  if (written !== text) writeFileSync(options.table, written)
}

try {
  await refresh()
} catch (error) {
  const hint =
    error instanceof SourceError ? '. Nothing was written; run it again, or mend the reader of that source' : ''
  annotate('error', `${error instanceof Error ? error.message : String(error)}${hint}`)
  process.exitCode = 2
}
