/** The action's entry: puts the real adapters together, runs the gate, and turns its result into the step's. */
import { dirname, join, resolve } from 'node:path'
import * as core from '@actions/core'
import { hasActionsCache } from './adapters/actions-shelf.js'
import { insistOnCertificates } from './adapters/certificates.js'
import { flushed } from './adapters/flushed.js'
import { LocalFiles, refuseLinkedAway } from './adapters/local-files.js'
import { readRunContext, readRunner } from './adapters/run-context.js'
import { RunEnding } from './adapters/run-ending.js'
import { RunnerConsole } from './adapters/runner-console.js'
import { trivyMistakes } from './adapters/trivy-release.js'
import { systemClock, thisPlatform, withWorkbench } from './adapters/workbench.js'
import { parseInputs, type Inputs, type RawInputs } from './inputs.js'
import { gate, refuse } from './main.js'
import type { Report, RunContext } from './model.js'
import type { Outlet } from './ports.js'
import { renderAnnotations } from './report/annotations.js'
import { renderClosing } from './report/closing.js'
import { renderOutputs } from './report/outputs.js'
import { postComment } from './report/post.js'
import { renderSummary } from './report/summary.js'
import { renderTerminal } from './report/terminal.js'
import { secretsIn } from './registry-credentials.js'
import { ReportFolder } from './report-folder.js'

const runnerTemp = process.env['RUNNER_TEMP'] ?? '/tmp'
const console = new RunnerConsole()
const ending = new RunEnding()

// Node would print it as it is, and the runner reads commands in what others have a hand in.
process.on('uncaughtException', error => {
  core.setOutput('result', 'error')
  console.fail(`Image Gate failed in a way that it should not: ${error.stack ?? ''}`)
  void flushed(process.stdout).then(() => process.exit())
})

/** What the workflow's `with:` gave: the runner passes each as `INPUT_NAME`, also those that action.yml does not have. */
function readRawInputs(): RawInputs {
  const names = Object.keys(process.env).filter(name => name.startsWith('INPUT_'))
  return Object.fromEntries(names.map(name => [name.slice(6).toLowerCase(), core.getInput(name.slice(6))]))
}

/** Each gate of a job has a folder of its own: the runner numbers the steps that have no `id`. */
function reportDirOf({ reportDir }: Inputs, { workspace }: RunContext): string {
  const step = (process.env['GITHUB_ACTION'] ?? '').replace(/[^\w-]/g, '')
  return reportDir === '' ? join(runnerTemp, `image-gate-report-${step}`) : resolve(workspace, reportDir)
}

/** The outputs name only the reports that were written, so they come after them. */
function outletsOf(inputs: Inputs, context: RunContext): Outlet[] {
  const folder = new ReportFolder(reportDirOf(inputs, context), new LocalFiles())
  const log = async (report: Report): Promise<void> => {
    console.info(`\n${renderTerminal(report, false)}`)
  }
  const annotations = async (report: Report): Promise<void> => {
    for (const annotation of renderAnnotations(report)) console.annotate(annotation)
  }
  const summary = async (report: Report): Promise<void> => {
    await core.summary.addRaw(renderSummary(report)).write()
  }
  const comment = async (report: Report): Promise<void> => {
    const { githubToken: token } = inputs
    // Loaded when it is needed, and not before the event is known to be one: the toolkit reads it as it is loaded.
    const { GitHubComments } = await import('./adapters/github-comments.js')
    const comments = new GitHubComments({ token, repository: context.repository ?? '', until: ending.reporting })
    await postComment(report, inputs.comment, comments, console)
  }
  const outputs = async (report: Report): Promise<void> => {
    for (const [name, value] of Object.entries(renderOutputs(report, folder.paths))) core.setOutput(name, value)
  }
  const commented = inputs.comment !== 'never' && context.pullRequest !== undefined
  return [
    ...folder.outlets,
    { name: 'report in the log', deliver: log },
    ...(inputs.annotations ? [{ name: 'annotations', deliver: annotations }] : []),
    ...(inputs.summary ? [{ name: 'job summary', deliver: summary }] : []),
    { name: 'outputs', deliver: outputs },
    ...(commented ? [{ name: 'comment on the pull request', deliver: comment }] : []),
  ]
}

/** Before anything else is printed: also what is wrong with an input. */
function hideSecrets(raw: RawInputs): void {
  secretsIn(raw['registry-credentials'] ?? '').forEach(core.setSecret)
  // The toolkit starts programs with the whole environment.
  delete process.env['INPUT_REGISTRY-CREDENTIALS']
}

async function run(): Promise<Report> {
  const raw = readRawInputs()
  hideSecrets(raw)
  const warning = insistOnCertificates(process.env)
  if (warning !== undefined) console.warning(warning)
  let context = readRunner(process.env)
  try {
    context = readRunContext(process.env)
    const inputs = parseInputs(raw, trivy => trivyMistakes(trivy, thisPlatform))
    const { workspace } = context
    await refuseLinkedAway(reportDirOf(inputs, context), workspace)
    ending.limit(inputs.totalTimeout)
    const client = join(dirname(process.argv[1] ?? ''), 'cache.js')
    const keep = inputs.cache && hasActionsCache(process.env) ? { keep: { client } } : {}
    const workbench = { ...inputs, ...keep, ownLogins: false, workspace, console, tempRoot: runnerTemp, ending }
    return await withWorkbench(workbench, ports => gate(inputs, context, ports, outletsOf(inputs, context)))
  } catch (error) {
    const defaults = parseInputs({}, () => [])
    return refuse(error, defaults, context, { console, clock: systemClock }, outletsOf(defaults, context))
  }
}

const report = await run()
const closing = renderClosing(report)
if (report.verdict.result === 'passed') console.info(closing)
else console.fail(closing)
ending.done()
await flushed(process.stdout)
// What nobody waits for any more must not keep the step.
process.exit()
