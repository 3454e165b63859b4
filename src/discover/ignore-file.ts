/** Reads a `.dockerignore` as Docker does (`ignorefile.go` in moby/patternmatcher): what it hides, the build never sees. */
import { compilePattern, type PathMatcher } from './pattern.js'
import { MatchingWork } from './work.js'

interface Rule {
  /** True for `!PATTERN`, which takes back what an earlier pattern hides. */
  readonly negated: boolean
  readonly matches: PathMatcher
}

/**
 * @param work counts what matching takes
 * @returns true for paths, relative to the context, that the file hides
 */
export function readIgnoreFile(text: string, work = new MatchingWork()): PathMatcher {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap(line => readRule(line, work))
  return path => {
    let ignored = false
    work.add(rules.length)
    for (const { negated, matches } of rules) {
      if (negated === ignored && matches(path)) ignored = !negated
    }
    return ignored
  }
}

function readRule(line: string, work: MatchingWork): Rule[] {
  const pattern = line.startsWith('#') ? '' : trimSpace(line)
  if (pattern === '') return []
  // Docker looks twice, and the second time at what the first has made of it: `/!x` takes something back, too.
  const once = pattern.startsWith('!') ? `!${cleanPath(trimSpace(pattern.slice(1)))}` : cleanPath(pattern)
  const twice = cleaned(trimSpace(once))
  const negated = twice.startsWith('!')
  const path = negated ? twice.slice(1) : twice
  // What is not understood hides nothing, or takes everything back: better a file too many than one too few.
  const matches = compilePattern(withoutMark(path), work) ?? ((): boolean => negated)
  return [{ negated, matches }]
}

/**
 * Go's scanner drops a byte order mark where it begins, and makes the regular expression of a pattern from what is left; a
 * pattern without one is compared as it is written. Where `**` follows the mark, nothing good comes out: it is refused.
 */
function withoutMark(pattern: string): string {
  if (!pattern.startsWith('\uFEFF')) return pattern
  const bare = pattern.slice(1)
  if (bare.startsWith('**')) return refused
  return /[*?[\]\\]/.test(bare.replace(/\*\*$/, '')) ? bare : pattern
}

/** No pattern: a class without an end. */
const refused = '['

/** As Go cleans paths, and without a slash before it. */
export function cleanPath(path: string): string {
  const clean = cleaned(path)
  return clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean
}

/** Node's own takes the square of the time for what goes up very often. */
function cleaned(path: string): string {
  const root = path.startsWith('/') ? '/' : ''
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (root === '') parts.push(part)
  }
  return root + parts.join('/') || '.'
}

/** Go's idea of white space, which has the next line sign and not the byte order mark. */
function trimSpace(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text[start])) start += 1
  while (end > start && isSpace(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function isSpace(character: string | undefined): boolean {
  return character === '\u0085' || (character !== undefined && character !== '\uFEFF' && /\s/.test(character))
}
