/**
 * Patterns of paths as Docker has them in `.dockerignore` (`patternmatcher.go` in moby/patternmatcher), and much the same in
 * COPY. They come from the repository under test, as do the names that they are held against: no regular expression is made
 * of them, since one can be written that runs for years.
 */

import { MatchingWork } from './work.js'

/** @returns true when the path, or a folder above it, is what the pattern means */
export type PathMatcher = (path: string) => boolean

/** What one place of a pattern takes. */
type Piece =
  | { readonly kind: 'text'; readonly character: string }
  /** `?`: anything but a slash. */
  | { readonly kind: 'one' }
  /** `*`: as many of these as there are. */
  | { readonly kind: 'some' }
  /** The beginning of `**` before something: as many folders as there are, or none. */
  | { readonly kind: 'folders' }
  /** The rest of it: up to a slash, and then perhaps to the next one. `slash`: it is written with one. */
  | { readonly kind: 'inside'; readonly slash: boolean; readonly lineEnds: boolean }
  /** `**` at the end. Docker's takes line ends only where nothing else in the pattern is special. */
  | { readonly kind: 'rest'; readonly lineEnds: boolean }
  /** `[a-z]`, by code points. */
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }

/**
 * @param work counts what matching takes
 * @returns undefined for a pattern that Docker refuses, or of which nobody would guess what it makes
 */
export function compilePattern(pattern: string, work = new MatchingWork()): PathMatcher | undefined {
  const pieces = parsePattern(pattern)
  if (pieces === undefined) return undefined
  if (pieces.every(piece => piece.kind === 'text')) {
    const plain = pieces.map(({ character }) => character).join('')
    return path => {
      work.add(1)
      return path === plain || path.startsWith(`${plain}/`)
    }
  }
  return path => matchPieces(pieces, path, work)
}

function parsePattern(pattern: string): readonly Piece[] | undefined {
  const characters = [...pattern]
  const pieces: Piece[] = []
  let at = 0
  let odd = false
  while (at < characters.length) {
    odd ||= forgotten.has(characters[at] ?? '')
    const read = readPiece(characters, at)
    if (read === undefined) return undefined
    for (const piece of read.pieces) pieces.push(piece)
    at = read.next
  }
  // These count as special, also where they are not.
  const special = /[\\\]]/.test(pattern) ? 'all' : pieces.flatMap(({ kind }) => (kind === 'text' ? [] : kind)).join()
  return withPlainEnd(pieces, special) ?? (odd && special !== '' ? undefined : pieces)
}

/** Docker makes a regular expression of a pattern in which something is special, and forgets to take the meaning of these. */
const forgotten: ReadonlySet<string> = new Set('{|}^')

/** Where `**` is all that is special, and stands at one end, Docker looks only at the other. */
function withPlainEnd(pieces: readonly Piece[], special: string): readonly Piece[] | undefined {
  const rest: Piece = { kind: 'rest', lineEnds: true }
  if (special === 'rest') return [...pieces.slice(0, -1), rest]
  const [first, inside] = pieces
  if (special !== 'folders,inside' || first?.kind !== 'folders' || inside?.kind !== 'inside') return undefined
  return inside.slash ? [first, { ...inside, lineEnds: true }, ...pieces.slice(2)] : [rest, ...pieces.slice(2)]
}

interface Read {
  readonly pieces: readonly Piece[]
  readonly next: number
}

function readPiece(characters: readonly string[], at: number): Read | undefined {
  const [character = '', following] = characters.slice(at, at + 2)
  switch (character) {
    case '*': {
      if (following !== '*') return { pieces: [{ kind: 'some' }], next: at + 1 }
      const slash = characters[at + 2] === '/'
      const next = slash ? at + 3 : at + 2
      if (next >= characters.length) return { pieces: [{ kind: 'rest', lineEnds: false }], next }
      return { pieces: [{ kind: 'folders' }, { kind: 'inside', slash, lineEnds: false }], next }
    }
    case '?':
      return { pieces: [{ kind: 'one' }], next: at + 1 }
    case '[':
      return readClass(characters, at + 1)
    case '\\':
      // Before a letter or a digit it is one of the special signs of a regular expression there.
      return following !== undefined && /[!-/:-@[-`{-~]/.test(following)
        ? { pieces: [{ kind: 'text', character: following }], next: at + 2 }
        : undefined
    default:
      return { pieces: [{ kind: 'text', character }], next: at + 1 }
  }
}

/** `[abc]`, `[a-z]`, `[^a-z]`; nothing fancier. */
function readClass(characters: readonly string[], start: number): Read | undefined {
  const negated = characters[start] === '^'
  const ranges: [number, number][] = []
  let at = negated ? start + 1 : start
  while (characters[at] !== ']') {
    const first = characters[at]
    const last = characters[at + 1] === '-' ? characters[at + 2] : first
    if (first === undefined || last === undefined || /[-\\[\]*?]/.test(first + last)) return undefined
    const range: [number, number] = [codeOf(first), codeOf(last)]
    if (range[0] > range[1]) return undefined
    ranges.push(range)
    at += characters[at + 1] === '-' ? 3 : 1
  }
  return ranges.length === 0 ? undefined : { pieces: [{ kind: 'class', negated, ranges }], next: at + 1 }
}

/** Walks along the path, at all the places of the pattern at once where it could be. */
function matchPieces(pieces: readonly Piece[], path: string, work: MatchingWork): boolean {
  let places = new Set<number>()
  enter(0, pieces, places)
  for (const character of path) {
    work.add(places.size)
    // What matches up to here is a folder above.
    if (character === '/' && places.has(pieces.length)) return true
    const next = new Set<number>()
    for (const place of places) {
      const piece = pieces[place]
      if (piece !== undefined) step(piece, place, character, pieces, next)
    }
    places = next
    if (places.size === 0) return false
  }
  return places.has(pieces.length)
}

function step(piece: Piece, place: number, character: string, pieces: readonly Piece[], next: Set<number>): void {
  switch (piece.kind) {
    case 'some':
      if (character !== '/') enter(place, pieces, next)
      break
    case 'rest':
      if (piece.lineEnds || character !== '\n') enter(place, pieces, next)
      break
    case 'folders':
      break
    case 'inside':
      if (piece.lineEnds || character !== '\n') next.add(place)
      if (character === '/') enter(place + 1, pieces, next)
      break
    default:
      if (takes(piece, character)) enter(place + 1, pieces, next)
  }
}

function takes(piece: Exclude<Piece, { kind: 'some' | 'rest' | 'folders' | 'inside' }>, character: string): boolean {
  switch (piece.kind) {
    case 'text':
      return piece.character === character
    case 'one':
      return character !== '/'
    case 'class':
      return (
        piece.ranges.some(([first, last]) => first <= codeOf(character) && codeOf(character) <= last) !== piece.negated
      )
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

/** To a place of the pattern, and to those that can be had from there for nothing. */
function enter(place: number, pieces: readonly Piece[], places: Set<number>): void {
  for (let at = place; !places.has(at); at += 1) {
    places.add(at)
    const kind = pieces[at]?.kind
    if (kind === 'folders') {
      places.add(at + 1)
      at += 1
    } else if (kind !== 'some' && kind !== 'rest') return
  }
}
