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

/** As much of a line as is looked at: signs for the terminal may stand between its characters. */
const maxRaw = 4 * maxLine

/**
 * Signs for a terminal (ECMA-48): colours and the like (CSI), texts for the terminal itself (OSC, DCS, SOS, PM, APC), and
 * others. No part of a sign can stand for a part of another, so that the time grows with the length of the line alone;
 * `stripVTControlCharacters` of Node takes the square of it.
 */
const terminal =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u0080-\u009F]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-~]/g

/** Besides what the terminal would obey: ends of lines that only some programs know, and halves of characters. */
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]|[\uD800-\uDFFF]/gu

/**
 * The runner compares as the language of the machine does (`StartsWith` and `IndexOf` of .NET): characters without a width,
 * such as U+200D, do not count.
 */
const start = /^[\s\p{Default_Ignorable_Code_Point}]*:\p{Default_Ignorable_Code_Point}*:/u
const legacy = /(#\p{Default_Ignorable_Code_Point}*#\p{Default_Ignorable_Code_Point}*)\[/gu

function harmlessLine(line: string): string {
  const plain = line.slice(0, maxRaw).replace(terminal, '').replace(control, '')
  const whole = line.length <= maxRaw && plain.length <= maxLine
  const cut = whole ? plain : `${plain.slice(0, maxLine)} … (${String(line.length)} characters)`
  const broken = cut.replace(legacy, '$1 [')
  return start.test(broken) ? `| ${broken}` : broken
}
