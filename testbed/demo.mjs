#!/usr/bin/env node
// @ts-check
/** The tutorial, played on this machine: a green main, a pull request that turns red, and green again. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicDatabaseAnswers } from './database/database.mjs'
import { runAction } from './runner.mjs'
import { runProgram } from './shell.mjs'
import { folder, projectFolder } from './state.mjs'
import { up } from './testbed.mjs'

/** Gone when the demo ends, however it ends. */
const folders = /** @type {string[]} */ ([])
/** @param {string} prefix */
function temporaryFolder(prefix) {
  const path = mkdtempSync(join(tmpdir(), prefix))
  folders.push(path)
  return path
}
process.on('exit', () => folders.forEach(path => rmSync(path, { recursive: true, force: true })))

/** Ends the action that runs, which then removes its images; the demo goes no further than that. @type {() => void} */
let cancel = () => process.exit(130)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => cancel())

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
    fetch(releases, { method: 'HEAD', signal: AbortSignal.timeout(5000) }).then(
      ({ ok }) => ok,
      () => false,
    ),
    publicDatabaseAnswers(),
  ])
  /** @type {import('./testbed.mjs').Part[]} */
  const parts = [
    'engine',
    'base',
    ...(trivyAnswers ? [] : [/** @type {const} */ ('trivy')]),
    ...(databaseAnswers ? [] : [/** @type {const} */ ('database')]),
  ]
  const bed = await up(parts, { log })
  say(
    bed.trivy === undefined
      ? `  Trivy: the action installs its verified release itself`
      : `  Trivy's releases cannot be reached: using one built from its Go module (input trivy-path)`,
  )
  say(
    bed.database === undefined
      ? '  Vulnerability database: the public one'
      : '  The public vulnerability database cannot be reached: using the small one of this repository (input db-repository)',
  )
  return {
    env: bed.env,
    inputs: {
      ...(bed.trivy === undefined ? {} : { 'trivy-path': bed.trivy.path }),
      ...(bed.database === undefined ? {} : { 'db-repository': bed.database.repository, 'db-max-age': 'any' }),
    },
  }
}

/** What a person's own settings and surroundings ask of Git (hooks, signatures) has no place here. */
const gitEnvironment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
}

/** @param {string} repository @param {string[]} args */
const git = (repository, ...args) =>
  runProgram('git', ['-c', 'user.name=Demo', '-c', 'user.email=demo@example.com', ...args], {
    cwd: repository,
    env: gitEnvironment,
  })

/** The tutorial's Dockerfile with its commented-out lines in force. @param {string} text */
function uncomment(text) {
  return text.replace(/^#((RUN|COPY) | &&)/gm, '$1')
}

/** A line of the action's log, as a person would see it on GitHub; undefined for what only the runner reads. @param {string} line */
function renderLogLine(line) {
  const command = /^::(group|error|warning|notice)( [^:]*)?::(.*)$/.exec(line)
  if (command?.[1] === 'group') return `  ${bold(command[3] ?? '')}`
  if (command !== null) {
    const place = /file=([^,]*)(?:,line=(\d+))?/.exec(command[2] ?? '')
    const where = place === null ? '' : `${place[1] ?? ''}${place[2] === undefined ? '' : `:${place[2]}`}: `
    const message = decodeURIComponent((command[3] ?? '').replace(/%(?!0A|0D|25)/g, '%25')).split('\n')
    return paint(
      command[1] === 'error' ? 31 : 33,
      `  ${where}${message.slice(0, 4).join(' ')}${message.length > 4 ? ' ...' : ''}`,
    )
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
  const [merge, base, head] = (await git(repository, 'rev-parse', 'HEAD', 'main', branch)).trim().split('\n')
  const pull = { number: 7, base: { ref: 'main', sha: base }, head: { ref: branch, sha: head } }
  const work = temporaryFolder('image-gate-demo-run-')
  const idle = cancel
  let cancelled = false
  let last = Date.now()
  const timer = setInterval(() => {
    if (Date.now() - last < 4000) return
    last = Date.now()
    say(paint(90, '    ...'))
  }, 500)
  try {
    return await runAction({
      workspace: repository,
      work,
      inputs,
      env: { ...env, GITHUB_SHA: merge ?? '', GITHUB_BASE_REF: 'main', GITHUB_HEAD_REF: branch },
      eventName: 'pull_request',
      event: { action: 'synchronize', number: 7, pull_request: pull },
      toolCache: folder('demo-tools'),
      onStart: pid => {
        cancel = () => {
          cancelled = true
          process.kill(pid, 'SIGTERM')
        }
      },
      onLine: line => {
        const text = renderLogLine(line)
        if (text === undefined) return
        last = Date.now()
        say(text)
      },
    })
  } finally {
    clearInterval(timer)
    cancel = idle
    if (cancelled) process.exit(130)
  }
}

/** The Markdown of the summary, with a little less of its syntax. @param {string} summary */
function showSummary(summary) {
  say(`\n${bold('  The job summary, as it stands on the page of the run:')}`)
  const plain = summary
    .replace(/<\/?(sub|code)>|<!-- -->/g, '')
    .replace(/<br>/g, ' ')
    .replace(/&#124;/g, '|')
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
        - uses: actions/checkout@v7
        - uses: image-gate/image-gate@v1`

/** @typedef {Awaited<ReturnType<typeof prepare>>} Bed */

/** @param {string} repository @param {Bed} bed */
async function playGreen(repository, bed) {
  title('1. A pull request that changes nothing dangerous: main is green')
  await git(repository, 'checkout', '--quiet', '-b', 'readme')
  writeFileSync(join(repository, 'NOTES.md'), 'A note.\n')
  await git(repository, 'add', '--all')
  await git(repository, 'commit', '--quiet', '-m', 'Add a note')
  const { exitCode, outputs } = await check(repository, 'readme', bed)
  expect('the check is green', exitCode === 0 && outputs['result'] === 'passed')
}

/** @param {string} repository @param {Bed} bed @param {string} vulnerable the Dockerfile's text */
async function playRed(repository, bed, vulnerable) {
  title('2. The branch "updates" adds Apache, wget, build-essential and the OpenSSL of 2013')
  await git(repository, 'checkout', '--quiet', '-b', 'updates', 'main')
  writeFileSync(join(repository, dockerfile), vulnerable)
  await git(repository, 'commit', '--quiet', '--all', '-m', 'Add tools to debian-updates')
  const diff = (await git(repository, 'diff', '--unified=0', 'main', '--', dockerfile)).split('\n')
  for (const line of diff.filter(text => /^[+-][^+-]/.test(text))) say(paint(33, `  ${line}`))
  const { exitCode, outputs, summary, log } = await check(repository, 'updates', bed)
  showSummary(summary)
  say()
  expect('the check is red', exitCode === 1 && outputs['result'] === 'blocked')
  const onlyOne = outputs['failed-images'] === 'debian-updates'
  expect('only debian-updates is vulnerable; the other images have their results', onlyOne)
  expect('the summary names Heartbleed (CVE-2014-0160)', summary.includes('CVE-2014-0160'))
  const place = `file=${dockerfile},line=${String(vulnerable.split('\n').indexOf('RUN sh /tmp/old-openssl.sh') + 1)}`
  const annotations = log.split('\n').filter(line => line.startsWith('::error ') && line.includes(place))
  expect(
    'an annotation stands on the line that brought it',
    annotations.some(line => line.includes('CVE-2014-0160')),
  )
}

/** @param {string} repository @param {Bed} bed @param {string} clean the Dockerfile's text */
async function playGreenAgain(repository, bed, clean) {
  title('3. The lines are commented out again')
  await git(repository, 'checkout', '--quiet', 'updates')
  const taken = '# (tried, and taken out again)\n# Uncomment what follows'
  writeFileSync(join(repository, dockerfile), clean.replace('# Uncomment what follows', taken))
  await git(repository, 'commit', '--quiet', '--all', '-m', 'Take the tools out again')
  const { exitCode, outputs } = await check(repository, 'updates', bed)
  expect('the check is green again', exitCode === 0 && outputs['result'] === 'passed')
}

async function run() {
  say(bold('Image Gate: the demo. A repository of images, a pull request, and what its author sees.'))
  if (!existsSync(join(projectFolder, 'dist/index.js')))
    throw new Error('dist/index.js is missing: run npm ci && npm run build')
  title('What this machine needs')
  const bed = await prepare()
  const repository = temporaryFolder('image-gate-demo-')
  cpSync(join(projectFolder, 'examples/registry'), repository, { recursive: true })
  await git(repository, 'init', '--quiet', '--initial-branch', 'main')
  await git(repository, 'add', '--all')
  await git(repository, 'commit', '--quiet', '-m', 'Add the images')
  const clean = readFileSync(join(repository, dockerfile), 'utf8')
  await playGreen(repository, bed)
  await playRed(repository, bed, uncomment(clean))
  await playGreenAgain(repository, bed, clean)
  title('What you just saw')
  say(
    '  Every image under docker-builder/registry-repos was built and scanned at each pull request; the check failed on',
  )
  say(
    '  the one that would have shipped a known and fixed vulnerability, and said which line brought it. For your repository:',
  )
  say(`\n${paint(36, workflow)}\n`)
  say('  Then make the check "image-gate" required (Settings > Rules), so that red blocks the merge.')
  say(
    paint(
      90,
      '  What the demo started goes on running, so that the next time is quick; npm run testbed down stops it.',
    ),
  )
}

await run().catch(error => {
  differences.push(error instanceof Error ? error.message : String(error))
})
if (differences.length > 0) {
  say(`\n${paint(31, 'The story did not go as told:')}`)
  for (const difference of differences) say(`  - ${difference}`)
  process.exitCode = 1
}
