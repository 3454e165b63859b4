// @ts-check
// The fault matrix: the rows that the tests in __tests__/faults left in build/faults.jsonl, as a table.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @typedef {{fault: string, where: string, state: string, exit: number | null, result: string, message: string}} Row */

const file = fileURLToPath(new URL('../build/faults.jsonl', import.meta.url))

/** Fewer would mean that some did not run. */
const leastRows = 60

/** To call before the tests. */
export const forgetFaults = () => rmSync(file, { force: true })

/** @returns {Row[]} of what ran more than once, the last */
function readRows() {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  /** @type {Row[]} */
  const rows = lines.filter(line => line !== '').map(line => JSON.parse(line))
  return [...new Map(rows.map(row => [`${row.fault} (${row.where})`, row])).values()]
}

/** @param {string} text @param {number} most */
function shorten(text, most) {
  const plain = text.replace(/\p{Cc}+/gu, ' ').replaceAll('##[', '## [')
  const characters = [...plain]
  return characters.length <= most ? plain : `${characters.slice(0, most - 1).join('')}…`
}

/**
 * Prints the table, and says what of it is not as it must be.
 * @param {(line: string) => void} say @returns {boolean}
 */
export function tellFaults(say) {
  const rows = readRows()
  const table = [
    ['fault', 'where', 'state reached', 'exit', 'message'],
    ...rows.map(({ fault, where, state, exit, result, message }) => [
      shorten(fault, 60),
      shorten(where, 26),
      state,
      `${String(exit)} ${result}`,
      shorten(message, 90),
    ]),
  ]
  const widths = table[0]?.map((_, column) => Math.max(...table.map(cells => cells[column]?.length ?? 0))) ?? []
  for (const cells of table)
    say(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  const passed = rows.filter(({ exit, result }) => result === 'passed' || exit !== 1)
  for (const { fault, where, exit, result } of passed) say(`${fault} (${where}) ended ${result}, exit ${String(exit)}`)
  say(
    `\n${String(rows.length)} rows, ${String(passed.length)} ended passed; at least ${String(leastRows)} rows must be there`,
  )
  return rows.length >= leastRows && passed.length === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = tellFaults(line => void process.stdout.write(`${line}\n`)) ? 0 : 1
}
