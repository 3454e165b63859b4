// @ts-check
/** The checks that need nothing but Node.js and the packages, and how any check is performed and counted. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @typedef {{name: string, passed: number, failed: number, seconds: number}} Outcome */
/** @typedef {[string, () => Promise<boolean | Pick<Outcome, 'passed' | 'failed'>>]} Check */

/** @param {string} line */
export const say = line => void process.stdout.write(`${line}\n`)

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] @returns {Promise<boolean>} */
export function succeeds(command, args, env = {}) {
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

/** The committed bundles are what the sources give; a license that is not allowed stops the build. */
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

/** They share nothing, so all run at once. @type {Check[]} */
export const quickChecks = [
  ['format', () => npx('prettier', '--check', '--log-level', 'warn', '.')],
  ['lint, with the rooms', () => npx('eslint', '--max-warnings', '0', '.')],
  ['types', () => npx('tsc', '--project', 'tsconfig.json')],
  ['types of the scripts', () => npx('tsc', '--project', 'tsconfig.scripts.json')],
  ['README tables', () => succeeds(process.execPath, ['scripts/docs.mjs', '--check'])],
  ['dist, with the licenses', checkDist],
]

/** @param {Check} check @returns {Promise<Outcome>} */
export async function perform([name, check]) {
  say(`\n== ${name}`)
  const started = Date.now()
  const result = await check().catch(error => {
    say(String(error))
    return false
  })
  const counts = typeof result === 'boolean' ? { passed: result ? 1 : 0, failed: result ? 0 : 1 } : result
  return { name, ...counts, seconds: Math.round((Date.now() - started) / 1000) }
}

/** Prints a line for each check, then `N passed, N failed`, and sets the exit code. @param {Outcome[]} outcomes */
export function conclude(outcomes) {
  say('')
  for (const { name, passed, failed, seconds } of outcomes) {
    const counts = `${String(passed).padStart(4)} passed ${String(failed).padStart(3)} failed`
    say(`${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(28)} ${counts} ${String(seconds).padStart(5)} s`)
  }
  const sum = (/** @type {'passed' | 'failed'} */ key) => outcomes.reduce((total, outcome) => total + outcome[key], 0)
  say(`\n${String(sum('passed'))} passed, ${String(sum('failed'))} failed`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}
