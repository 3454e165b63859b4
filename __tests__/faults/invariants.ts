/** What holds for every run of the gate, whatever is broken or hostile in it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { outputNames } from '../../src/report/outputs.js'
import { commandsIn, imagesIn, run } from '../testbed.js'
import { bystander, processesWith, type Played } from './scene.js'

/** @returns everything that is not as it must be, in words */
export async function violationsOf(played: Played): Promise<string[]> {
  return [
    ...checkResult(played),
    ...checkLastLine(played),
    ...checkImages(played),
    ...checkTokens(played),
    ...checkCommands(played),
    ...checkFiles(played),
    ...checkParents(played),
    ...(await checkProcesses(played)),
    ...(await checkEngine(played)),
  ]
}

function checkResult({ scene, result: { exitCode, outputs }, report }: Played): string[] {
  const expected = scene.result ?? 'error'
  return [
    ...differs('the exit code', exitCode, 1),
    ...differs('the result', outputs['result'], expected),
    ...differs('the outputs', Object.keys(outputs).sort().join(), [...outputNames].sort().join()),
    ...differs('the result in the JSON report', report?.result, expected),
  ]
}

/** It says which result it is, and what to do; names in the advice may look different there. */
function checkLastLine({ result: { log, outputs }, report }: Played): string[] {
  const last = plain(log.split('\n').at(-1) ?? '')
  const begin = outputs['result'] === 'blocked' ? '::error::Blocked: ' : '::error::Error: '
  const broken = report?.images.find(({ failure }) => failure !== undefined)
  const advice = report?.problem?.advice ?? broken?.failure?.advice ?? 'Upgrade '
  const isThere = last.startsWith(begin) && last.includes(plain(advice).slice(-40))
  return isThere ? [] : [`the last line says not what happened and what to do: ${last}`]
}

const plain = (text: string): string =>
  text
    .replace(/%0[AD]/g, ' ')
    .replaceAll('%25', '%')
    .replace(/\s+/g, ' ')

function checkImages({ scene, result: { outputs }, report }: Played): string[] {
  const hit = scene.rows.flatMap(({ image, state }) => (image === undefined ? [] : [[image, state] as const]))
  const whole = scene.rows.find(({ image }) => image === undefined)
  const found = report?.images ?? []
  const isWhole = whole !== undefined && hit.length === 0
  const expected = isWhole
    ? found.map(({ name }) => [name, whole.state] as const)
    : [...hit, ...Object.entries(scene.others ?? {}), ...(scene.everybody ? [] : [[bystander, 'vulnerable'] as const])]
  const missing = isWhole && whole.state !== undefined && found.length === 0 ? ['no image is in the report'] : []
  const toLines = (images: Iterable<readonly [string, string | undefined]>): string[] =>
    [...images].map(([name, state]) => `${JSON.stringify(name)} ${state ?? ''}`)
  const reached = toLines(found.map(({ name, state }) => [name, state]))
  const wanted = toLines(expected)
  const told = imagesIn(outputs).sort().join()
  const reported = found.map(({ name, state }) => `${name}: ${state}`).sort()
  return [
    ...missing,
    ...differs('images that end otherwise', without(reached, wanted), ''),
    ...differs('images that must end otherwise', without(wanted, reached), ''),
    ...differs('the images of the outputs', told, reported.join()),
    ...(isWhole || scene.everybody === true ? [] : checkBystander(report)),
  ]
}

const without = (lines: readonly string[], others: readonly string[]): string =>
  lines.filter(line => !others.includes(line)).join(', ')

function checkBystander(report: Played['report']): string[] {
  const findings = report?.images.find(({ name }) => name === bystander)?.findings ?? []
  const isThere = findings.some(({ id, ruling }) => id === 'CVE-2014-0160' && ruling === 'gating')
  return isThere ? [] : ['the bystander lost its findings']
}

function checkTokens({ stage: { tokens, seen, temp, work }, result: { log, summary } }: Played): string[] {
  const places = new Map([
    ['the log', log],
    ['the job summary', summary],
    ['the outputs', readFileSync(join(work, 'output'), 'utf8')],
    ...filesBelow(temp).map(path => [path, readFileSync(path, 'utf8')] as const),
    ...readdirSync(seen).map(name => [`what a child got (${name})`, readFileSync(join(seen, name), 'utf8')] as const),
  ])
  const encoded = (token: string): string => Buffer.from(`x-access-token:${token}`).toString('base64')
  return [...places].flatMap(([place, text]) =>
    Object.entries(tokens)
      .filter(([, token]) => text.includes(token) || text.includes(encoded(token)))
      .map(([name]) => `${name} is in ${place}`),
  )
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : []
  })
}

/** Those that the gate gives. Hostile ones say `pwned`. */
const ours = [
  /^::group::/,
  /^::endgroup::$/,
  /^::debug::/,
  /^::warning::(?!pwned)/,
  /^::error::(Error|Blocked): /,
  /^::(error|warning|notice) title=/,
]

function checkCommands({ result: { log } }: Played): string[] {
  const commands = commandsIn(log)
  const counted = (begin: string): number => commands.filter(line => line.startsWith(begin)).length
  return [
    ...commands.filter(line => !ours.some(known => known.test(line))).map(line => `the log gives the command ${line}`),
    ...differs('the ends of groups', counted('::endgroup::'), counted('::group::')),
  ]
}

function checkFiles({ stage: { temp, tmp, canary, work }, files: [before, after] }: Played): string[] {
  const known = ['event.json', 'output', 'seen', 'summary.md', 'temp', 'tmp', 'tools']
  const strange = readdirSync(work).filter(name => !known.includes(name) && !name.startsWith('fault-'))
  return [
    ...differs('RUNNER_TEMP', readdirSync(temp).join(), 'image-gate-report-__self'),
    ...differs('TMPDIR', readdirSync(tmp).join(), ''),
    ...differs('the runner’s folder', strange.join(), ''),
    ...differs('the repository', after, before),
    ...(existsSync(canary) ? [`something ran that must not: ${readFileSync(canary, 'utf8')}`] : []),
  ]
}

/** Docker, git and Trivy are started by the gate alone: not by each other, in a folder of the repository. */
function checkParents({ stage: { seen }, gates }: Played): string[] {
  const notes = readdirSync(seen).filter(name => /^(docker|git|trivy)\.\d+$/.test(name))
  return notes.flatMap(name => {
    const note = readFileSync(join(seen, name), 'utf8')
    const parent = Number(/^parent (\d+)$/m.exec(note)?.[1])
    // A program that was ended before it could write its note did nothing yet.
    if (Number.isNaN(parent)) return []
    return gates.includes(parent) ? [] : [`not the gate started ${note.split('\nparent ')[0] ?? ''}`]
  })
}

/** Every child has the mark in its PATH, and so has what it starts; steps of a build have it in their arguments. */
async function checkProcesses({ stage: { mark } }: Played): Promise<string[]> {
  // The engine may take a moment to end a step that nobody wants any more.
  for (let tries = 0; tries < 20; tries += 1) {
    if ((await processesWith(mark)).length === 0) return []
    await sleep(250)
  }
  return (await processesWith(mark)).map(line => `a process is left: ${line.slice(0, 300)}`)
}

async function checkEngine(played: Played): Promise<string[]> {
  if (played.scene.engineDies === true) return []
  const left = await tagsLeft(played)
  return left.map(tag => `the engine still has ${tag}`)
}

/** The names of this run that the engine still has. */
export async function tagsLeft({ stage: { seen }, env }: Pick<Played, 'stage' | 'env'>): Promise<string[]> {
  const said = readdirSync(seen).map(name => readFileSync(join(seen, name), 'utf8'))
  const runs = new Set(said.flatMap(text => /image-gate\/[0-9a-f]{8}\//.exec(text)?.[0] ?? []))
  if (runs.size === 0) return []
  const list = (): ReturnType<typeof run> =>
    run('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'], {
      env: { ...env, PATH: process.env['PATH'] },
    })
  const first = await list()
  // An image that another run removes meanwhile makes the whole list fail.
  const { exitCode, stdout, stderr } = first.exitCode === 0 ? first : await list()
  if (exitCode !== 0) return [`what it has, since it cannot be asked: ${stderr}`]
  return stdout.split('\n').filter(tag => [...runs].some(begin => tag.startsWith(begin)))
}

function differs(what: string, actual: unknown, expected: unknown): string[] {
  return actual === expected ? [] : [`${what}: ${String(actual)}\ninstead of ${String(expected)}`]
}
