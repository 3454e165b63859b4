/**
 * Makes untrusted text (names, titles, logs: all from the repository under test or from a database) harmless in
 * GitHub's Markdown, at the one place where text becomes Markdown.
 */

/** Control characters, and those that change the direction of text or hide in it. */
const invisible = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g

/** Replaces what a reader cannot see by what he can: `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(invisible, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/**
 * Text for the middle of a line or a table cell: no markup, and nothing that GitHub would turn into a mention, a
 * reference or a link. An empty comment inside is what breaks those, since they are looked for after Markdown.
 */
export function escapeText(text: string): string {
  return visible(text.replace(/[\n\t]+/g, ' '))
    .replace(/[\\`*_[\]~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@|#|\bGH-|:(?=\/\/)|\bwww(?=\.)/gi, '$&<!-- -->')
}

/** Text as code: GitHub looks for neither mentions nor links in it. */
export function code(text: string): string {
  const plain = visible(text.replace(/[\n\t]+/g, ' ')).trim()
  if (plain === '') return ''
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map(run => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = plain.startsWith('`') || plain.endsWith('`') ? ' ' : ''
  return `${fence}${space}${plain}${space}${fence}`
}

/** Lines as a block of code. */
export function codeBlock(lines: readonly string[]): string {
  const plain = lines.map(line => visible(line.replace(/\t/g, '    ')))
  const longest = Math.max(2, ...plain.flatMap(line => (line.match(/`+/g) ?? []).map(run => run.length)))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}text`, ...plain, fence].join('\n')
}

/** A link, where the address is a plain web address; otherwise the text alone. */
export function link(text: string, address: string | undefined): string {
  return address !== undefined && /^https:\/\/[\w./?=&%#~+-]+$/.test(address)
    ? `[${escapeText(text)}](${address.replace(/[()]/g, '')})`
    : escapeText(text)
}

/** A table; only here does a pipe mean something, so only here is it escaped, in code too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A table without the columns that nothing is in. */
export function usedColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const keep = (cells: readonly string[]): string[] =>
    cells.filter((_, column) => column === 0 || rows.some(row => row[column] !== ''))
  return table(keep(header), rows.map(keep))
}

/** Sections as one text, without those that are empty. */
export function joinSections(sections: readonly string[]): string {
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}
