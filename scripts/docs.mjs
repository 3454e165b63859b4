// @ts-check
// Writes the tables of inputs and outputs in README.md from action.yml. With --check it only says whether they are.
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

const action = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
const written = readFileSync(readme, 'utf8')
const wanted = replaceSection(
  replaceSection(written, 'inputs', inputTable(action.inputs)),
  'outputs',
  outputTable(action.outputs),
)

if (process.argv.includes('--check')) {
  if (written !== wanted) {
    process.stderr.write('README.md does not have the inputs and outputs of action.yml: run `node scripts/docs.mjs`.\n')
    process.exitCode = 1
  }
} else if (written !== wanted) {
  writeFileSync(readme, wanted)
}
