/**
 * Makes untrusted text (names, titles, logs: all from the repository under test or from a database) harmless in
 * GitHub's Markdown, at the one place where text becomes Markdown.
 */
import { visible, visibleName } from './characters.js'
import type { Marks } from './steps.js'
import { numberText, shorten } from './text.js'

/** Characters of a text, and of a line of a log, that a reader of a summary wants: names may have any length. */
const maxText = 1000
const maxLogLine = 400

/**
 * Text for the middle of a line or a table cell: no markup, and nothing that GitHub would turn into a mention, a
 * reference or a link. An empty comment inside is what breaks those, since they are looked for after Markdown. A pipe is
 * written as a number, since renderers do not agree on what ends a cell after a backslash.
 */
export function escapeText(text: string): string {
  return visible(shorten(text, maxText).replace(/[\n\t]+/g, ' '))
    .replace(/[\\`*_[\]~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@|#|GH-|:(?=\/\/)|www(?=\.)/gi, '$&<!-- -->')
    .replace(/\|/g, '&#124;')
}

/** Text as code: GitHub looks for neither mentions nor links in it. */
export function code(text: string): string {
  const plain = visible(visibleName(shorten(text, maxText)).replace(/[\n\t]+/g, ' ')).trim()
  if (plain === '') return ''
  // In code between backticks nothing can be written as a number.
  if (plain.includes('|')) return `<code>${escapeText(plain)}</code>`
  const fence = '`'.repeat(longestFence(plain) + 1)
  const space = plain.startsWith('`') || plain.endsWith('`') ? ' ' : ''
  return `${fence}${space}${plain}${space}${fence}`
}

/** The longest run of backticks. There may be very many runs: more than a call takes arguments. */
function longestFence(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
}

/** Lines as a block of code. */
export function codeBlock(lines: readonly string[]): string {
  const plain = lines.map(line => visible(shorten(line, maxLogLine).replace(/\t/g, '    ')))
  const fence = '`'.repeat(Math.max(2, longestFence(plain.join('\n'))) + 1)
  return [`${fence}text`, ...plain, fence].join('\n')
}

/** A link, where the address is a plain web address; otherwise the text alone. */
export function link(text: string, address: string | undefined): string {
  return linkOf(escapeText(text), address)
}

/** The same with the text as code. */
export function codeLink(text: string, address: string | undefined): string {
  return linkOf(code(text), address)
}

function linkOf(label: string, address: string | undefined): string {
  return address !== undefined && /^https:\/\/[\w./?=&%#~+-]+$/.test(address) ? `[${label}](${address})` : label
}

/** For words that other texts are made of. */
export const markdownMarks: Marks = { name: code, words: escapeText }

/** A column by its title; numbers stand at the right. */
export type Column = string | { readonly number: string }

/** A table of cells in which no pipe is left. */
export function table(header: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const titles = header.map(column => (typeof column === 'string' ? column : column.number))
  const rules = header.map(column => (typeof column === 'string' ? '---' : '--:'))
  return [line(titles), line(rules), ...rows.map(line)].join('\n')
}

/** A table without the columns that nothing is in. */
export function usedColumns(header: readonly Column[], rows: readonly (readonly string[])[]): string {
  const used = header.map((_, column) => column === 0 || rows.some(row => row[column] !== ''))
  return table(
    header.filter((_, column) => used[column]),
    rows.map(row => row.filter((_, column) => used[column])),
  )
}

/** Lines within one cell. */
export function cellLines(...lines: readonly string[]): string {
  return lines.filter(line => line !== '').join('<br>')
}

/** What a reader may unfold. */
export function folded(title: string, content: string): string {
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`
}

/** Says how much of a list or table is not here, and where it is. */
export function withRest(text: string, rest: number, elsewhere: string, what = 'more'): string {
  return rest > 0 ? `${text}\n\n… and ${numberText(rest)} ${what}: see ${elsewhere}.` : text
}

/** A list by number, so that it is one too where nobody renders it. */
export function numbered(items: readonly string[]): string {
  return items.map((item, at) => `${String(at + 1)}. ${item}`).join('\n')
}

/** Sections as one text, without those that are empty. */
export function joinSections(sections: readonly string[]): string {
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}
