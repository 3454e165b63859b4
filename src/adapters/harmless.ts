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

/**
 * Sequences that a terminal obeys: colors and the like (CSI), titles and links (OSC), and those of two characters; see
 * ECMA-48. Node's own pattern takes the square of the length for an OSC that never ends; here each ends at the next one.
 */
const sequences =
  /\u001B\[[0-?]*[ -/]*[@-~]|\u009B[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)|\u001B[@-Z\\^_]/g

/** Besides what the terminal would obey: ends of lines that only some programs know, and halves of characters. */
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]|[\uD800-\uDFFF]/gu

/**
 * The runner compares as the language of the machine does (`StartsWith` and `IndexOf` of .NET): characters without a width,
 * such as U+200D, do not count.
 */
const start = /^[\s\p{Default_Ignorable_Code_Point}]*:\p{Default_Ignorable_Code_Point}*:/u
const legacy = /(#\p{Default_Ignorable_Code_Point}*#\p{Default_Ignorable_Code_Point}*)\[/gu

function harmlessLine(line: string): string {
  const plain = line.replace(sequences, '').replace(control, '')
  const cut = plain.length <= maxLine ? plain : `${plain.slice(0, maxLine)} … (${String(plain.length)} characters)`
  const broken = cut.replace(legacy, '$1 [')
  return start.test(broken) ? `| ${broken}` : broken
}
