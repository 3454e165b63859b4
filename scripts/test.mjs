// @ts-check
// Every check of the project, each to its end. Ends with `N passed, N failed`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { up } from '../testbed/testbed.mjs'
import { conclude, perform, quickChecks, say, succeeds } from './checks.mjs'
import { forgetFaults, tellFaults } from './faults.mjs'

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'))

/** @typedef {import('./checks.mjs').Check} Check */
/** @typedef {import('./checks.mjs').Outcome} Outcome */

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

/** How many test files are named with the time that they took. */
const slowest = 8

/** @param {{name: string, startTime: number, endTime: number}[]} results of jest, one for each file */
function tellSlowest(results) {
  const times = results.map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
  times.sort((a, b) => b.seconds - a.seconds)
  say('\nWhat took longest:')
  for (const { name, seconds } of times.slice(0, slowest))
    say(`${seconds.toFixed(0).padStart(5)} s  ${relative(process.cwd(), name)}`)
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
  const { numPassedTests: passed, numTotalTests: total, testResults } = JSON.parse(readFileSync(file, 'utf8'))
  tellSlowest(testResults)
  // A skipped test counts as a failed one, and so does a coverage below its limit or a suite that could not start.
  return { passed, failed: total - passed + (ok || total > passed ? 0 : 1) }
}

/** Those that the test bed's tools do; they run beside the quick ones. @type {Check[]} */
const toolChecks = [
  ['workflows', checkWorkflows],
  ['small database', () => succeeds(process.execPath, ['testbed/database/regenerate.mjs', '--check'])],
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

const outcomes = await Promise.all([...quickChecks, ...toolChecks].map(perform))
for (const check of long) outcomes.push(await perform(check))
conclude(outcomes)
