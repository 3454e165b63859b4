/** How a runner reads a step's output: a model of `ActionCommandManager.cs` and `ActionCommand.cs` in actions/runner. */

export interface Command {
  readonly name: string
  readonly data: string
}

/** Those that any step may give; their case does not matter. */
const known = [
  ...['stop-commands', 'set-env', 'set-output', 'save-state', 'add-mask', 'add-path', 'add-matcher', 'remove-matcher'],
  ...['debug', 'warning', 'error', 'notice', 'group', 'endgroup', 'echo', 'internal-set-repo-path'],
]

/** As .NET's `char.IsWhiteSpace` has them, which is what `TrimStart` takes away. */
const whiteSpace = /^[\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/

export class Runner {
  readonly commands: Command[] = []
  readonly #known = new Set(known)
  /** A comparison by culture does not see characters without a width; this one takes them for nothing everywhere. */
  readonly #byCulture: boolean
  #stopToken: string | undefined

  constructor({ byCulture = false } = {}) {
    this.#byCulture = byCulture
  }

  /** @param output as it is written: what is no UTF-8 becomes U+FFFD */
  read(output: string | Buffer): this {
    const text = Buffer.from(output).toString('utf8')
    // `ReadLine` of .NET.
    for (const line of text.split(/\r\n|\n|\r/)) this.#readLine(line)
    return this
  }

  #readLine(line: string): void {
    const text = this.#byCulture ? line.replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '') : line
    const command = this.#parse(text) ?? this.#parseLegacy(text)
    if (command === undefined) return
    if (this.#stopToken !== undefined) {
      if (command.name !== this.#stopToken.toLowerCase()) return
      this.#known.delete(command.name)
      this.#stopToken = undefined
      return
    }
    if (command.name === 'stop-commands') {
      const isInvalid = command.data === '' || this.#known.has(command.data.toLowerCase())
      if (isInvalid) throw new Error(`a runner fails the step: ${line}`)
      this.#stopToken = command.data
      this.#known.add(command.data.toLowerCase())
      return
    }
    this.commands.push(command)
  }

  #parse(line: string): Command | undefined {
    const text = line.replace(whiteSpace, '')
    const end = text.startsWith('::') ? text.indexOf('::', 2) : -1
    return end < 0 ? undefined : this.#named(text.slice(2, end), text.slice(end + 2))
  }

  #parseLegacy(line: string): Command | undefined {
    const from = line.indexOf('##[')
    const end = from < 0 ? -1 : line.indexOf(']', from)
    return end < 0 ? undefined : this.#named(line.slice(from + 3, end), line.slice(end + 1))
  }

  /** @param info the name, and properties after the first space */
  #named(info: string, data: string): Command | undefined {
    const name = (info.split(' ')[0] ?? '').toLowerCase()
    const plain = data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
    return this.#known.has(name) ? { name, data: plain } : undefined
  }
}
