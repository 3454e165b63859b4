// @ts-check
// Every check of the project, each to its end. Ends with `N passed, N failed`.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { up } from '../testbed/testbed.mjs'
import { forgetFaults, tellFaults } from './faults.mjs'

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'))

/** @typedef {{name: string, passed: number, failed: number, seconds: number}} Outcome */

/** @param {string} line */
const say = line => void process.stdout.write(`${line}\n`)

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] @returns {Promise<boolean>} */
function succeeds(command, args, env = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    child.on('error', error => {
      say(error.message)
      resolve(false)
    })
    child.on('close', code => resolve(code === 0))
  })
}

/** @param {string} tool @param {string[]} args */
const npx = (tool, ...args) => succeeds(join('node_modules/.bin', tool), args)

/** The committed bundles are what the sources give. */
async function checkDist() {
  const work = mkdtempSync(join(tmpdir(), 'image-gate-dist-'))
  try {
    if (!(await succeeds(process.execPath, ['scripts/build.mjs', join(work, 'dist')]))) return false
    const names = [...new Set([...readdirSync('dist'), ...readdirSync(join(work, 'dist'))])]
    const differing = names.filter(name => {
      const [kept, made] = [join('dist', name), join(work, 'dist', name)]
      return !existsSync(kept) || !existsSync(made) || !readFileSync(kept).equals(readFileSync(made))
    })
    if (differing.length > 0) say(`dist/ is not what src/ gives (${differing.join(', ')}): run npm run build`)
    return differing.length === 0
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function checkWorkflows() {
  const { actionlint, zizmor } = await up(['actionlint', 'zizmor'], { log: say })
  const files = ['.github/workflows', 'examples/workflows'].flatMap(folder =>
    readdirSync(folder).map(name => join(folder, name)),
  )
  const linted = await succeeds(actionlint?.path ?? '', files)
  const audited = await succeeds(zizmor?.path ?? '', [
    '--offline',
    '--quiet',
    '--config',
    '.github/zizmor.yml',
    ...files,
    'action.yml',
  ])
  return linted && audited
}

/** @param {string} project @param {string[]} args @returns {Promise<Pick<Outcome, 'passed' | 'failed'>>} */
async function jest(project, ...args) {
  const file = join('build', `${project}.json`)
  mkdirSync('build', { recursive: true })
  rmSync(file, { force: true })
  const flags = ['--selectProjects', project, '--json', '--outputFile', file, ...args]
  const ok = await succeeds(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    ...flags,
  ])
  if (!existsSync(file)) return { passed: 0, failed: 1 }
  const { numPassedTests: passed, numTotalTests: total } = JSON.parse(readFileSync(file, 'utf8'))
  // A skipped test counts as a failed one, and so does a coverage below its limit or a suite that could not start.
  return { passed, failed: total - passed + (ok || total > passed ? 0 : 1) }
}

/** @typedef {[string, () => Promise<boolean | Pick<Outcome, 'passed' | 'failed'>>]} Check */

/** Those that nobody disturbs, and that disturb nobody: all at once. @type {Check[]} */
const quick = [
  ['format', () => npx('prettier', '--check', '--log-level', 'warn', '.')],
  ['lint, with the rooms', () => npx('eslint', '--max-warnings', '0', '.')],
  ['types', () => npx('tsc', '--project', 'tsconfig.json')],
  ['types of the scripts', () => npx('tsc', '--project', 'tsconfig.scripts.json')],
  ['README tables', () => succeeds(process.execPath, ['scripts/docs.mjs', '--check'])],
  ['workflows', checkWorkflows],
  ['small database', () => succeeds(process.execPath, ['testbed/database/regenerate.mjs', '--check'])],
  ['dist', checkDist],
]

/** One after another. @type {Check[]} */
const long = [
  ['unit tests', () => jest('unit', '--maxWorkers', '100%', '--coverage', '--coverageReporters', 'text-summary')],
  [
    'integration and end to end',
    () => {
      forgetFaults()
      // They wait for engines and networks as much as they work; more would only make everything late.
      return jest('itg', '--maxWorkers', '2')
    },
  ],
  // Last: its table is what stands above the summary.
  ['fault matrix', async () => tellFaults(say)],
]

/** @param {Check} check @returns {Promise<Outcome>} */
async function perform([name, check]) {
  say(`\n== ${name}`)
  const started = Date.now()
  const result = await check().catch(error => {
    say(String(error))
    return false
  })
  const counts = typeof result === 'boolean' ? { passed: result ? 1 : 0, failed: result ? 0 : 1 } : result
  return { name, ...counts, seconds: Math.round((Date.now() - started) / 1000) }
}

const outcomes = await Promise.all(quick.map(perform))
for (const check of long) outcomes.push(await perform(check))

say('')
for (const { name, passed, failed, seconds } of outcomes) {
  say(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(28)} ${String(passed).padStart(4)} passed ${String(failed).padStart(3)} failed ${String(seconds).padStart(5)} s`,
  )
}
const sum = (/** @type {'passed' | 'failed'} */ key) => outcomes.reduce((total, outcome) => total + outcome[key], 0)
say(`\n${String(sum('passed'))} passed, ${String(sum('failed'))} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1
