#!/usr/bin/env node
// @ts-check
/** The tutorial, played on this machine: a green main, a pull request that turns red, and green again. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicDatabaseAnswers } from './database/database.mjs'
import { runAction } from './runner.mjs'
import { runProgram } from './shell.mjs'
import { folder, projectFolder } from './state.mjs'
import { up } from './testbed.mjs'

const dockerfile = 'docker-builder/registry-repos/debian-updates/Dockerfile'
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
/** @param {number} code @param {string} text */
const paint = (code, text) => (colour ? `\u001b[${String(code)}m${text}\u001b[0m` : text)
const bold = (/** @type {string} */ text) => paint(1, text)
const say = (/** @type {string} */ text = '') => process.stdout.write(`${text}\n`)
const title = (/** @type {string} */ text) => say(`\n${bold(`== ${text}`)}`)

/** What the story must tell; whatever differs is said at the end. */
const differences = /** @type {string[]} */ ([])
/** @param {string} claim @param {boolean} holds */
function expect(claim, holds) {
  say(`${holds ? paint(32, '  ok  ') : paint(31, '  NO  ')}${claim}`)
  if (!holds) differences.push(claim)
}

/** The public sources where they answer; else what the test bed has. @returns {Promise<{inputs: Record<string, string>, env: Record<string, string>}>} */
async function prepare() {
  const log = (/** @type {string} */ line) => say(paint(90, `  ${line}`))
  const releases = 'https://github.com/aquasecurity/trivy/releases'
  const [trivyAnswers, databaseAnswers] = await Promise.all([
    fetch(releases, { method: 'HEAD', signal: AbortSignal.timeout(5000) }).then(({ ok }) => ok, () => false),
    publicDatabaseAnswers(),
  ])
  /** @type {import('./testbed.mjs').Part[]} */
  const parts = ['engine', 'base', ...(trivyAnswers ? [] : [/** @type {const} */ ('trivy')]), ...(databaseAnswers ? [] : [/** @type {const} */ ('database')])]
  const bed = await up(parts, { log })
  if (bed.trivy !== undefined) say(`  Trivy's releases cannot be reached: using one built from its Go module (input trivy-path)`)
  if (bed.database !== undefined) say('  The public vulnerability database cannot be reached: using the small one of this repository (input db-repository)')
  return {
    env: bed.env,
    inputs: {
      ...(bed.trivy === undefined ? {} : { 'trivy-path': bed.trivy.path }),
      ...(bed.database === undefined ? {} : { 'db-repository': bed.database.repository }),
    },
  }
}

/** @param {string} repository @param {string[]} args */
const git = (repository, ...args) =>
  runProgram('git', ['-c', 'user.name=Demo', '-c', 'user.email=demo@example.com', '-c', 'commit.gpgsign=false', ...args], { cwd: repository })

/** Lines of the tutorial's Dockerfile that are commented out, or no longer. @param {string} text @param {boolean} on */
function switchLines(text, on) {
  return on ? text.replace(/^#((RUN|COPY) | &&)/gm, '$1') : text
}

/** A line of the action's log, as a person would see it on GitHub; undefined for what only the runner reads. @param {string} line */
function renderLogLine(line) {
  const command = /^::(group|error|warning|notice)( [^:]*)?::(.*)$/.exec(line)
  if (command?.[1] === 'group') return `  ${bold(command[3] ?? '')}`
  if (command !== null) {
    const place = /file=([^,]*)(?:,line=(\d+))?/.exec(command[2] ?? '')
    const where = place === null ? '' : `${place[1] ?? ''}${place[2] === undefined ? '' : `:${place[2]}`}: `
    const message = decodeURIComponent((command[3] ?? '').replace(/%(?!0A|0D|25)/g, '%25')).split('\n')
    return paint(31, `  ${where}${message.slice(0, 4).join(' ')}${message.length > 4 ? ' ...' : ''}`)
  }
  if (line.startsWith('::') || line.startsWith('   ')) return undefined
  return paint(line.startsWith('=>') ? 90 : 0, `    ${line}`)
}

/**
 * One pull request's check. @param {string} repository @param {string} branch
 * @param {Awaited<ReturnType<typeof prepare>>} bed
 */
async function check(repository, branch, { inputs, env }) {
  // GitHub checks out what the branch would be merged into main.
  await git(repository, 'checkout', '--quiet', '--detach', 'main')
  await git(repository, 'merge', '--quiet', '--no-ff', '-m', `Merge ${branch} into main`, branch)
  const work = mkdtempSync(join(tmpdir(), 'image-gate-demo-run-'))
  let last = Date.now()
  const timer = setInterval(() => {
    if (Date.now() - last > 4000) say(paint(90, '    ...'))
  }, 4000)
  try {
    return await runAction({
      workspace: repository,
      work,
      inputs,
      env,
      toolCache: folder('demo-tools'),
      onLine: line => {
        const text = renderLogLine(line)
        if (text === undefined) return
        last = Date.now()
        say(text)
      },
    })
  } finally {
    clearInterval(timer)
    rmSync(work, { recursive: true, force: true })
  }
}

/** The Markdown of the summary, with a little less of its syntax. @param {string} summary */
function showSummary(summary) {
  say(`\n${bold('  The job summary, as it stands on the page of the run:')}`)
  const plain = summary
    .replace(/<\/?sub>|<!-- -->/g, '')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/\\([[\]_*|~$`])/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
  for (const line of plain.trimEnd().split('\n')) say(paint(36, `  | `) + line)
}

const workflow = `  name: images
  on: pull_request
  permissions:
    contents: read
  jobs:
    image-gate:
      runs-on: ubuntu-latest
      steps:
        - uses: actions/checkout@v6
        - uses: image-gate/image-gate@v1`

/** @param {string} repository @param {Awaited<ReturnType<typeof prepare>>} bed */
async function play(repository, bed) {
  const path = join(repository, dockerfile)
  const green = readFileSync(path, 'utf8')
  title('1. A pull request that changes nothing dangerous: main is green')
  await git(repository, 'checkout', '--quiet', '-b', 'readme')
  writeFileSync(join(repository, 'NOTES.md'), 'A note.\n')
  await git(repository, 'add', '--all')
  await git(repository, 'commit', '--quiet', '-m', 'Add a note')
  const first = await check(repository, 'readme', bed)
  expect('the check is green', first.exitCode === 0 && first.outputs['result'] === 'passed')

  title('2. The branch "updates" adds Apache, wget, build-essential and the OpenSSL of 2013')
  await git(repository, 'checkout', '--quiet', '-b', 'updates', 'main')
  writeFileSync(path, switchLines(green, true))
  await git(repository, 'commit', '--quiet', '--all', '-m', 'Add tools to debian-updates')
  say(paint(33, (await git(repository, 'diff', '--unified=0', 'main', '--', dockerfile)).split('\n').filter(line => /^[+-][^+-]/.test(line)).map(line => `  ${line}`).join('\n')))
  const second = await check(repository, 'updates', bed)
  showSummary(second.summary)
  say()
  expect('the check is red', second.exitCode === 1 && second.outputs['result'] === 'blocked')
  expect('only debian-updates is vulnerable; the other images have their results', second.outputs['failed-images'] === 'debian-updates')
  expect('the summary names Heartbleed (CVE-2014-0160)', second.summary.includes('CVE-2014-0160'))
  expect('an annotation stands on the line that brought it', second.log.includes(`::error title=debian-updates`) && second.log.includes(`file=${dockerfile},line=13`))

  title('3. The lines are commented out again')
  await git(repository, 'checkout', '--quiet', 'updates')
  writeFileSync(path, green.replace('# Uncomment what follows', '# (tried, and taken out again)\n# Uncomment what follows'))
  await git(repository, 'commit', '--quiet', '--all', '-m', 'Take the tools out again')
  const third = await check(repository, 'updates', bed)
  expect('the check is green again', third.exitCode === 0 && third.outputs['result'] === 'passed')
}

async function run() {
  say(bold('Image Gate: the demo. A repository of images, a pull request, and what its author sees.'))
  if (!existsSync(join(projectFolder, 'dist/index.js'))) throw new Error('dist/index.js is missing: run npm ci && npm run build')
  title('What this machine needs')
  const bed = await prepare()
  const repository = mkdtempSync(join(tmpdir(), 'image-gate-demo-'))
  try {
    cpSync(join(projectFolder, 'examples/registry'), repository, { recursive: true })
    mkdirSync(join(repository, '.github'), { recursive: true })
    await git(repository, 'init', '--quiet', '--initial-branch', 'main')
    await git(repository, 'add', '--all')
    await git(repository, 'commit', '--quiet', '-m', 'Add the images')
    await play(repository, bed)
  } finally {
    rmSync(repository, { recursive: true, force: true })
  }
  title('What you just saw')
  say('  Every image under docker-builder/registry-repos was built and scanned at each pull request; the check failed on')
  say('  the one that would have shipped a known and fixed vulnerability, and said which line brought it. For your repository:')
  say(`\n${paint(36, workflow)}\n`)
  say('  Then make the check "image-gate" required (Settings > Rules), so that red blocks the merge.')
  say(paint(90, '  What the demo started goes on running, so that the next time is quick; npm run testbed down stops it.'))
}

await run().catch(error => {
  differences.push(error instanceof Error ? error.message : String(error))
})
if (differences.length > 0) {
  say(`\n${paint(31, 'The story did not go as told:')}`)
  for (const difference of differences) say(`  - ${difference}`)
  process.exitCode = 1
}
