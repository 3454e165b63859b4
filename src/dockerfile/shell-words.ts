/** Splits text into words as BuildKit does (`frontend/dockerfile/shell/lex.go`), where no variable has a value. */

export interface ShellOptions {
  readonly escape: string
  /** Keep quotation marks. */
  readonly rawQuotes: boolean
  /** Keep escape characters. */
  readonly rawEscapes: boolean
}

export interface ShellText {
  readonly words: readonly string[]
  /** The whole text, with its white space. */
  readonly text: string
}

/** @returns undefined for text that BuildKit refuses: a quotation mark or a `${` without its end, and the like */
export function splitShellWords(text: string, options: ShellOptions): ShellText | undefined {
  const lexer = new Lexer(text, options)
  return lexer.run() ? { words: lexer.words, text: lexer.text } : undefined
}

/** What is being read: a double-quoted part, or what follows a modifier as in `${a:-b}`. */
interface Frame {
  stop: '"' | '}' | '/'
  /** For when it ends. */
  readonly rawEscapes: boolean
}

/** BuildKit calls itself for each part within a part; a list of open ones has no limit that a stranger could reach. */
class Lexer {
  readonly words: string[] = []
  text = ''
  readonly #characters: readonly string[]
  readonly #escape: string
  readonly #rawQuotes: boolean
  #rawEscapes: boolean
  readonly #frames: Frame[] = []
  #at = 0
  #word = ''
  #inWord = false
  /** What the outermost open part has become so far. */
  #part = ''

  constructor(text: string, { escape, rawQuotes, rawEscapes }: ShellOptions) {
    // Go's scanner drops a byte order mark where it begins.
    this.#characters = [...text.replace(/^\uFEFF/, '')]
    this.#escape = escape
    this.#rawQuotes = rawQuotes
    this.#rawEscapes = rawEscapes
  }

  /** @returns false for what BuildKit refuses */
  run(): boolean {
    while (this.#at < this.#characters.length) {
      const frame = this.#frames.at(-1)
      const ok = frame === undefined ? this.#outside() : frame.stop === '"' ? this.#quoted() : this.#inside(frame)
      if (!ok) return false
    }
    if (this.#frames.length > 0) return false
    if (this.#word !== '') this.words.push(this.#word)
    return true
  }

  #outside(): boolean {
    const character = this.#next()
    switch (character) {
      case "'":
        return this.#singleQuoted(text => {
          this.#addRaw(text)
        })
      case '"':
        this.#part = ''
        return this.#openQuote()
      case '$':
        this.#part = ''
        if (!this.#dollar()) return false
        if (this.#frames.length === 0) this.#addText(this.#part)
        return true
      case '<':
        this.#addRaw(character + this.#heredocSign())
        return true
      case this.#escape: {
        if (this.#rawEscapes) this.#addRaw(character)
        const escaped = this.#next()
        if (escaped !== '') this.#addRaw(escaped)
        return true
      }
      default:
        this.#addText(character)
        return true
    }
  }

  /** There may be white space between `<<` and the word. */
  #heredocSign(): string {
    if (this.#characters[this.#at] !== '<') return ''
    const start = this.#at
    this.#at += 1
    while (['\t', '\r', ' '].includes(this.#peek())) this.#at += 1
    return this.#characters.slice(start, this.#at).join('')
  }

  #inside(frame: Frame): boolean {
    const character = this.#next()
    switch (character) {
      case frame.stop:
        this.#part += character
        if (frame.stop === '}') this.#close()
        else frame.stop = '}'
        return true
      case "'":
        return this.#singleQuoted(text => (this.#part += text))
      case '"':
        return this.#openQuote()
      case '$':
        return this.#dollar()
      case this.#escape:
        this.#part += (this.#rawEscapes ? character : '') + this.#next()
        return true
      default:
        this.#part += character
        return true
    }
  }

  #quoted(): boolean {
    const character = this.#next()
    switch (character) {
      case '"':
        if (this.#rawQuotes) this.#part += character
        this.#close()
        return true
      case '$':
        return this.#dollar()
      case this.#escape: {
        if (this.#rawEscapes) this.#part += character
        const special = ['"', '$', this.#escape].includes(this.#peek())
        this.#part += special ? this.#next() : character
        return true
      }
      default:
        this.#part += character
        return true
    }
  }

  #singleQuoted(add: (text: string) => void): boolean {
    const end = this.#characters.indexOf("'", this.#at)
    if (end === -1) return false
    const text = this.#characters.slice(this.#at, end).join('')
    add(this.#rawQuotes ? `'${text}'` : text)
    this.#at = end + 1
    return true
  }

  #openQuote(): boolean {
    if (this.#rawQuotes) this.#part += '"'
    this.#frames.push({ stop: '"', rawEscapes: this.#rawEscapes })
    return true
  }

  /** Variables without a value stay as they are written. */
  #dollar(): boolean {
    if (this.#peek() !== '{') {
      this.#part += `$${this.#name()}`
      return true
    }
    this.#at += 1
    if (['', '{', '}', ':'].includes(this.#peek())) return false
    this.#part += `\${${this.#name()}`
    const sign = this.#next()
    this.#part += sign
    switch (sign) {
      case '}':
        return true
      case ':': {
        const second = this.#next()
        this.#part += second
        return !['', '#', '%'].includes(second) && this.#openModifier('}', false)
      }
      case '+':
      case '-':
      case '?':
        return this.#openModifier('}', false)
      case '#':
      case '%':
        return this.#openModifier('}', true)
      case '/':
        if (this.#peek() === '/') this.#at += 1
        return this.#openModifier('/', true)
      default:
        return false
    }
  }

  #openModifier(stop: '}' | '/', rawEscapes: boolean): boolean {
    this.#frames.push({ stop, rawEscapes: this.#rawEscapes })
    this.#rawEscapes = rawEscapes
    // BuildKit has one buffer for all words, and empties it here: what is before the variable is lost.
    this.#word = ''
    return true
  }

  #close(): void {
    const frame = this.#frames.pop()
    if (frame === undefined) return
    this.#rawEscapes = frame.rawEscapes
    if (this.#frames.length > 0) return
    if (frame.stop === '"') this.#addRaw(this.#part)
    else this.#addText(this.#part)
  }

  #name(): string {
    const start = this.#at
    if (/[@*#?\-$!]/.test(this.#peek())) this.#at += 1
    else {
      const part = /\p{Nd}/u.test(this.#peek()) ? /\p{Nd}/u : /[\p{L}\p{Nd}_]/u
      while (part.test(this.#peek())) this.#at += 1
    }
    return this.#characters.slice(start, this.#at).join('')
  }

  #peek(): string {
    return this.#characters[this.#at] ?? ''
  }

  /** @returns nothing at the end */
  #next(): string {
    const character = this.#peek()
    this.#at += 1
    return character
  }

  #addText(text: string): void {
    for (const character of text) {
      if (!space.test(character)) this.#addRaw(character)
      else {
        this.text += character
        if (this.#inWord && this.#word !== '') {
          this.words.push(this.#word)
          this.#word = ''
          this.#inWord = false
        }
      }
    }
  }

  #addRaw(text: string): void {
    this.text += text
    this.#word += text
    this.#inWord = true
  }
}

/** What Go's `unicode.IsSpace` takes for it. */
const space = /[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/
