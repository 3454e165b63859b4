/** The action's entry: puts the real adapters together, runs the gate, and turns its result into the step's. */
import { join, resolve } from 'node:path'
import * as core from '@actions/core'
import { harmlessLines } from './adapters/harmless.js'
import { LocalFiles } from './adapters/local-files.js'
import { readRunContext } from './adapters/run-context.js'
import { RunnerConsole } from './adapters/runner-console.js'
import { trivyMistakes } from './adapters/trivy-release.js'
import { thisPlatform, withWorkbench } from './adapters/workbench.js'
import { parseInputs, type Inputs, type RawInputs } from './inputs.js'
import { gate, refuse } from './main.js'
import type { Report, RunContext } from './model.js'
import type { Outlet } from './ports.js'
import { renderAnnotations } from './report/annotations.js'
import { renderClosing } from './report/closing.js'
import { renderJsonReport } from './report/json-report.js'
import { renderOutputs } from './report/outputs.js'
import { renderSummary } from './report/summary.js'

const runnerTemp = process.env['RUNNER_TEMP'] ?? '/tmp'
const console = new RunnerConsole()

/** What the workflow's `with:` gave: the runner passes each as `INPUT_NAME`, also those that action.yml does not have. */
function readRawInputs(): RawInputs {
  const names = Object.keys(process.env).filter(name => name.startsWith('INPUT_'))
  return Object.fromEntries(names.map(name => [name.slice(6).toLowerCase(), core.getInput(name.slice(6))]))
}

function outletsOf(inputs: Inputs, context: RunContext): Outlet[] {
  const step = (process.env['GITHUB_ACTION'] ?? '').replace(/[^\w-]/g, '')
  const directory =
    inputs.reportDir === ''
      ? join(runnerTemp, `image-gate-report-${step}`)
      : resolve(context.workspace, inputs.reportDir)
  const reportPath = join(directory, 'report.json')
  let written = ''
  const outlets: (Outlet | false)[] = [
    {
      name: 'JSON report',
      deliver: async report => {
        await new LocalFiles().writeText(reportPath, renderJsonReport(report))
        written = reportPath
      },
    },
    inputs.annotations && {
      name: 'annotations',
      deliver: async report => {
        renderAnnotations(report).forEach(annotation => {
          console.annotate(annotation)
        })
      },
    },
    inputs.summary && {
      name: 'job summary',
      deliver: async report => {
        await core.summary.addRaw(renderSummary(report)).write()
      },
    },
    {
      name: 'outputs',
      deliver: async report => {
        Object.entries(renderOutputs(report, written)).forEach(([name, value]) => {
          core.setOutput(name, value)
        })
      },
    },
  ]
  return outlets.filter(outlet => outlet !== false)
}

async function run(): Promise<Report> {
  const context = readRunContext(process.env)
  try {
    const inputs = parseInputs(readRawInputs(), trivy => trivyMistakes(trivy, thisPlatform))
    const workbench = { trivy: inputs.trivy, console, tempRoot: runnerTemp }
    return await withWorkbench(workbench, ports => gate(inputs, context, ports, outletsOf(inputs, context)))
  } catch (error) {
    const defaults = parseInputs({}, () => [])
    const clock = { now: () => new Date() }
    return refuse(error, defaults, context, { console, clock }, outletsOf(defaults, context))
  }
}

const report = await run()
const closing = renderClosing(report)
if (report.verdict.result === 'passed') console.info(closing)
else core.setFailed(harmlessLines(closing).join('\n'))
