/**
 * Patterns of paths, as BuildKit reads them. Whoever proposes a change writes them, so that they are matched in a time that
 * grows with their length and the path's and no faster: translated to regular expressions, twenty characters can take years.
 */

/** One step of a pattern. */
type Token =
  /** One character that fits. */
  | { readonly kind: 'one'; readonly fits: (character: string) => boolean }
  /** Any number of characters: `within` one folder, or of any path. */
  | { readonly kind: 'many'; readonly within: boolean }
  /** What the next two steps match may be missing. */
  | { readonly kind: 'maybe' }

export type Glob = readonly Token[]

const notSlash = (character: string): boolean => character !== '/'

/**
 * @param deep true where `**` leads through any number of folders, as in a `.dockerignore` (`patternmatcher.go` in
 * moby/patternmatcher); in COPY it is but a `*` (`path/filepath.Match` of Go)
 */
export function parseGlob(pattern: string, deep: boolean): Glob {
  const characters = [...pattern]
  const tokens: Token[] = []
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (character === '*' && deep && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1
      const isLast = at + 1 >= characters.length
      if (isLast) tokens.push({ kind: 'many', within: false })
      else tokens.push({ kind: 'maybe' }, { kind: 'many', within: false }, exactly('/'))
    } else if (character === '*') {
      tokens.push({ kind: 'many', within: true })
    } else if (character === '?') {
      tokens.push({ kind: 'one', fits: notSlash })
    } else if (character === '[') {
      const { fits, end } = parseClass(characters, at)
      tokens.push({ kind: 'one', fits })
      at = end
    } else if (character === '\\') {
      at += 1
      tokens.push(exactly(characters[at] ?? ''))
    } else {
      tokens.push(exactly(character))
    }
  }
  return tokens
}

const exactly = (wanted: string): Token => ({ kind: 'one', fits: character => character === wanted })

/** `[a-z_]`, `[^a-z]`. One without an end fits nothing: the build fails on it. */
function parseClass(characters: readonly string[], start: number): { fits: (of: string) => boolean; end: number } {
  const negated = characters[start + 1] === '^'
  const ranges: [string, string][] = []
  let at = start + (negated ? 2 : 1)
  const take = (): string => {
    if (characters[at] === '\\') at += 1
    const taken = characters[at] ?? ''
    at += 1
    return taken
  }
  while (at < characters.length && (characters[at] !== ']' || ranges.length === 0)) {
    const from = take()
    if (characters[at] !== '-' || characters[at + 1] === ']') {
      ranges.push([from, from])
      continue
    }
    at += 1
    ranges.push([from, take()])
  }
  if (at >= characters.length) return { fits: () => false, end: characters.length }
  const isIn = (of: string): boolean => ranges.some(([from, to]) => from <= of && of <= to)
  return { fits: of => of !== '/' && isIn(of) !== negated, end: at }
}

/** True when the whole path fits. */
export function matchesGlob(path: string, glob: Glob): boolean {
  // Every place in the pattern that the characters so far may have led to.
  let places = new Set<number>()
  enter(0, glob, places)
  for (const character of path) {
    const next = new Set<number>()
    for (const place of places) {
      const token = glob[place]
      if (token?.kind === 'one' && token.fits(character)) enter(place + 1, glob, next)
      if (token?.kind === 'many' && (!token.within || character !== '/')) enter(place, glob, next)
    }
    if (next.size === 0) return false
    places = next
  }
  return places.has(glob.length)
}

/** With what can be reached from there without a character. */
function enter(place: number, glob: Glob, places: Set<number>): void {
  for (let at = place; !places.has(at); at += 1) {
    places.add(at)
    const kind = glob[at]?.kind
    if (kind === 'maybe') enter(at + 3, glob, places)
    if (kind !== 'maybe' && kind !== 'many') return
  }
}
