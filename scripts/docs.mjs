// @ts-check
// Writes the tables of README.md: inputs and outputs from action.yml, figures from docs/bench.json. With --check it only
// says whether they are there.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** @typedef {{description: string, default?: string}} Entry */

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const readme = join(root, 'README.md')

/** Code in a table cell; long lists may break after their commas. @param {string} text */
function code(text) {
  return text
    .split(',')
    .map(part => `\`${part.replaceAll('|', '\\|')}\``)
    .join(', ')
}

/** @param {string[]} header @param {string[][]} rows */
function table(header, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

/** @param {Record<string, Entry>} inputs */
function inputTable(inputs) {
  const rows = Object.entries(inputs).map(([name, { description, default: preset }]) => [
    code(name),
    description.trim().replaceAll('|', '\\|'),
    preset === undefined || preset === '' ? '' : code(preset),
  ])
  return table(['Input', 'What it does', 'Default'], rows)
}

/** @param {Record<string, Entry>} outputs */
function outputTable(outputs) {
  const rows = Object.entries(outputs).map(([name, { description }]) => [
    code(name),
    description.trim().replaceAll('|', '\\|'),
  ])
  return table(['Output', 'What it holds'], rows)
}

/** Puts text between the markers of a section. @param {string} text @param {string} section @param {string} content */
function replaceSection(text, section, content) {
  const [start, end] = [`<!-- ${section}:start -->`, `<!-- ${section}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has no section between ${start} and ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
}

/** @typedef {Record<string, Record<'scripts' | 'common' | 'gate' | 'floor', number>>} Sizes */

/** @param {{machine: Record<string, string | number>, runs: number, sizes: Sizes, bigRuns?: number, big?: Sizes}} bench */
function benchTable({ machine, runs, sizes, bigRuns = runs, big = {} }) {
  const row = (/** @type {string} */ name, /** @type {Sizes[string]} */ { scripts, common, gate, floor }) => [
    name,
    ...[scripts, common, gate, floor].map(seconds => seconds.toFixed(0)),
    `${(scripts / gate).toFixed(1)}×`,
    `${(common / gate).toFixed(1)}×`,
  ]
  const rows = [
    ...Object.entries(sizes).map(([size, figures]) => row(size, figures)),
    ...Object.entries(big).map(([size, figures]) => row(`${size}, 40 MB each`, figures)),
  ]
  const header = [
    'N',
    'Two scripts',
    'Common action',
    'Image Gate',
    'Bake and save only',
    'Scripts / gate',
    'Common / gate',
  ]
  const about = `Medians of ${String(runs)} runs${bigRuns === runs ? '' : ` (of ${String(bigRuns)} with big layers)`} on ${String(machine.date)}: ${String(machine.processors)} processors (${String(machine.model)}), ${String(machine.memoryGb)} GB, Docker ${String(machine.docker)}.`
  return `${table(header, rows)}\n\n${about}`
}

const action = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
const bench = JSON.parse(readFileSync(join(root, 'docs/bench.json'), 'utf8'))
const written = readFileSync(readme, 'utf8')
const sections = { inputs: inputTable(action.inputs), outputs: outputTable(action.outputs), bench: benchTable(bench) }
const wanted = Object.entries(sections).reduce(
  (text, [section, content]) => replaceSection(text, section, content),
  written,
)

if (process.argv.includes('--check')) {
  if (written !== wanted) {
    process.stderr.write('README.md does not have the tables of today: run `node scripts/docs.mjs`.\n')
    process.exitCode = 1
  }
} else if (written !== wanted) {
  writeFileSync(readme, wanted)
}
