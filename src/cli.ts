#!/usr/bin/env node
/** The same gate on a person's machine: `image-gate [path]`. The report goes to standard output, progress to standard error. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { availableParallelism, homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createLogUpdate } from 'log-update'
import { openInBrowser } from './adapters/browser.js'
import { insistOnCertificates } from './adapters/certificates.js'
import { flushed } from './adapters/flushed.js'
import { LocalFiles } from './adapters/local-files.js'
import { RunEnding } from './adapters/run-ending.js'
import { TerminalConsole } from './adapters/terminal-console.js'
import { trivyMistakes } from './adapters/trivy-release.js'
import { systemClock, thisPlatform, withWorkbench } from './adapters/workbench.js'
import { helpText, parseCommandLine, type Command, type GateCommand } from './command-line.js'
import { GateError, messageOf } from './errors.js'
import { parseInputs, type Inputs } from './inputs.js'
import { gate, refuse } from './main.js'
import type { Report } from './model.js'
import type { Outlet } from './ports.js'
import { renderTerminal } from './report/terminal.js'
import { ReportFolder } from './report-folder.js'
import packageJson from '../package.json' with { type: 'json' }

/** 2 for blocked, so that a script can tell it from an error. */
const exitCodes = { passed: 0, blocked: 2, error: 1 } as const

const ending = new RunEnding()
const print = process.stdout.write.bind(process.stdout)
const printProgress = process.stderr.write.bind(process.stderr)

/** The toolkit (@actions/tool-cache) keeps its files and says its words where a runner would want them; nobody here does. */
function tameToolkit(cacheDir: string): void {
  process.env['RUNNER_TOOL_CACHE'] ??= join(cacheDir, 'tools')
  process.env['RUNNER_TEMP'] ??= tmpdir()
  mkdirSync(process.env['RUNNER_TOOL_CACHE'], { recursive: true })
  process.stdout.write = () => true
}

function consoleOf(verbose: boolean): TerminalConsole {
  const { stderr } = process
  // What builds print would push the live lines away.
  if (!stderr.isTTY || verbose) return new TerminalConsole({ write: printProgress, verbose })
  return new TerminalConsole({
    write: printProgress,
    verbose,
    live: createLogUpdate(stderr),
    rows: () => stderr.rows,
  })
}

function outletsOf(folder: ReportFolder | undefined, console: TerminalConsole): Outlet[] {
  // See https://no-color.org: an empty NO_COLOR asks for nothing.
  const colour = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
  const terminal: Outlet = {
    name: 'report',
    deliver: async report => {
      console.settle()
      print(renderTerminal(report, colour))
    },
  }
  if (folder === undefined) return [terminal]
  return [...folder.outlets, terminal]
}

/** Where reports go: where somebody wants them, or where a browser can read them. */
function folderOf({ reportDir }: Inputs, workspace: string, open: boolean): ReportFolder | undefined {
  if (reportDir !== '') return new ReportFolder(resolve(workspace, reportDir), new LocalFiles())
  return open ? new ReportFolder(mkdtempSync(join(tmpdir(), 'image-gate-report-')), new LocalFiles()) : undefined
}

async function show({ paths: { html } }: ReportFolder, console: TerminalConsole): Promise<void> {
  console.info(`The report is in ${html}`)
  await openInBrowser(html).catch((error: unknown) => {
    console.warning(error instanceof GateError ? `${error.message}. ${error.advice}` : messageOf(error))
  })
}

async function gateHere(command: GateCommand): Promise<Report> {
  const given = parseInputs(command.inputs, trivy => trivyMistakes(trivy, thisPlatform))
  const workspace = resolve(command.path)
  const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'image-gate')
  tameToolkit(cacheDir)
  const console = consoleOf(command.verbose)
  const warning = insistOnCertificates(process.env)
  if (warning !== undefined) console.warning(warning)
  const folder = folderOf(given, workspace, command.open)
  const inputs = { ...given, sbom: given.sbom && folder !== undefined }
  const keep = { folder: join(cacheDir, 'databases') }
  ending.limit(inputs.totalTimeout)
  const workbench = { ...inputs, ownLogins: true, workspace, console, tempRoot: tmpdir(), keep, ending }
  const context = { workspace, processors: availableParallelism() }
  const report = await withWorkbench(workbench, ports => gate(inputs, context, ports, outletsOf(folder, console)))
  if (command.open && folder !== undefined) await show(folder, console)
  return report
}

async function run(): Promise<number> {
  let command: Command | undefined
  try {
    command = parseCommandLine(process.argv.slice(2))
    if (command.kind === 'gate') return exitCodes[(await gateHere(command)).verdict.result]
    print(command.kind === 'help' ? helpText() : `image-gate ${packageJson.version}\n`)
    return 0
  } catch (error) {
    const defaults = parseInputs({}, () => [])
    const console = consoleOf(command?.kind === 'gate' && command.verbose)
    const ports = { console, clock: systemClock }
    const context = { workspace: '.', processors: availableParallelism() }
    await refuse(error, defaults, context, ports, outletsOf(undefined, console))
    return exitCodes.error
  }
}

process.exitCode = await run()
ending.done()
await flushed({ write: print }, process.stderr)
// What nobody waits for any more must not keep the terminal.
process.exit()
