// @ts-check
/** Starts the action's bundle as a runner starts it: an event file, `INPUT_*`, command files, and its output on a pipe. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './state.mjs'

/**
 * @typedef {object} RunRequest
 * @property {string} workspace the checked-out repository
 * @property {string} work an empty folder for what belongs to the runner
 * @property {Record<string, string>} [inputs] by the names of action.yml
 * @property {Record<string, string>} [env] what else the job's environment has
 * @property {string} [node] the program that runs the action
 * @property {string} [toolCache] kept from run to run; by default a part of `work`
 * @property {string} [eventName] by default workflow_dispatch, which compares with nothing
 * @property {object} [event] the payload
 * @property {(line: string) => void} [onLine] each line of the log, as the runner would read it
 * @property {(pid: number) => void} [onStart] gets the process ID
 */

/** @typedef {{exitCode: number | null, log: string, outputs: Record<string, string>, summary: string}} RunResult */

/**
 * @param {RunRequest} request
 * @returns {Promise<RunResult>}
 */
export async function runAction({ workspace, work, inputs = {}, env = {}, onLine = () => undefined, ...more }) {
  const paths = {
    temp: join(work, 'temp'),
    summary: join(work, 'summary.md'),
    output: join(work, 'output'),
    event: join(work, 'event.json'),
  }
  mkdirSync(paths.temp, { recursive: true })
  writeFileSync(paths.summary, '')
  writeFileSync(paths.output, '')
  writeFileSync(paths.event, JSON.stringify(more.event ?? {}))
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const child = spawn(more.node ?? process.execPath, [join(projectFolder, 'dist/index.js')], {
    cwd: workspace,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...Object.fromEntries(given),
      ...runnerVariables(workspace, paths, more.toolCache ?? join(work, 'tools')),
      GITHUB_EVENT_NAME: more.eventName ?? 'workflow_dispatch',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  more.onStart?.(child.pid ?? 0)
  const lines = /** @type {string[]} */ ([])
  const take = (/** @type {string} */ line) => {
    lines.push(line)
    onLine(line)
  }
  splitLines(child.stdout, take)
  splitLines(child.stderr, take)
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return {
    exitCode,
    log: lines.join('\n'),
    outputs: parseOutputs(readFileSync(paths.output, 'utf8')),
    summary: readFileSync(paths.summary, 'utf8'),
  }
}

/** @param {string} workspace @param {{temp: string, summary: string, output: string, event: string}} paths @param {string} toolCache */
function runnerVariables(workspace, paths, toolCache) {
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_EVENT_PATH: paths.event,
    GITHUB_OUTPUT: paths.output,
    GITHUB_STEP_SUMMARY: paths.summary,
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'example/registry',
    GITHUB_REF: 'refs/pull/7/merge',
    GITHUB_SHA: '0'.repeat(40),
    GITHUB_RUN_ID: '1',
    GITHUB_SERVER_URL: 'https://github.com',
    RUNNER_TEMP: paths.temp,
    RUNNER_TOOL_CACHE: toolCache,
  }
}

/** @param {import('node:stream').Readable} stream @param {(line: string) => void} take */
function splitLines(stream, take) {
  let rest = ''
  stream.setEncoding('utf8')
  // As the runner does: a bare carriage return ends a line too.
  stream.on('data', chunk => {
    const lines = (rest + String(chunk)).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    lines.forEach(take)
  })
  stream.on('end', () => {
    if (rest !== '') take(rest)
  })
}

/** Reads a runner's output file: `NAME<<DELIMITER`, the value's lines, `DELIMITER`. @param {string} text */
function parseOutputs(text) {
  /** @type {Record<string, string>} */
  const outputs = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const [name, delimiter] = (lines[at] ?? '').split('<<')
    if (name === undefined || delimiter === undefined) continue
    const end = lines.indexOf(delimiter, at + 1)
    outputs[name] = lines.slice(at + 1, end).join('\n')
    at = end
  }
  return outputs
}
