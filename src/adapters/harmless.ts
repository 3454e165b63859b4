import { stripVTControlCharacters } from 'node:util'

/**
 * Makes text harmless for the runner, which reads commands from every line of a step's output: `::command::` at a
 * line's start after white space, the legacy `##[command]` anywhere in a line, and a bare carriage return starts a
 * line too (`ActionCommand.cs` and `ProcessInvoker.cs` in actions/runner). One string in, harmless lines out.
 */
export function harmlessLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map(harmlessLine)
}

/** As much of a line as anybody reads. */
const maxLine = 4000

function harmlessLine(line: string): string {
  const plain = stripVTControlCharacters(line)
    .replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]/g, '')
    .replaceAll('##[', '## [')
  const cut = plain.length <= maxLine ? plain : `${plain.slice(0, maxLine)} … (${String(plain.length)} characters)`
  return /^\s*::/.test(cut) ? `| ${cut}` : cut
}
