/** Which files of a context a build never sees: `.dockerignore`, as BuildKit reads it (`ignorefile` in moby/patternmatcher). */
import { posix } from 'node:path'
import { matchesGlob, parseGlob, type Glob } from './glob.js'

interface Rule {
  readonly glob: Glob
  /** `!PATTERN` takes back what was ignored before. */
  readonly keeps: boolean
}

/** @returns a test for paths relative to the context, with forward slashes */
export function parseDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap(parseLine)
  return path => {
    const parts = path.split('/')
    // A pattern that fits a folder fits all that is in it.
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    return rules.reduce(
      // The last pattern that fits decides; one that could change nothing need not be looked at.
      (ignored, { glob, keeps }) =>
        keeps === ignored && paths.some(part => matchesGlob(part, glob)) ? !keeps : ignored,
      false,
    )
  }
}

function parseLine(line: string): Rule[] {
  if (line.startsWith('#')) return []
  const text = line.trim()
  const keeps = text.startsWith('!')
  const pattern = (keeps ? text.slice(1) : text).trim()
  if (pattern === '') return []
  const plain = posix.normalize(pattern).replace(/(?<=.)\/$/, '')
  return [{ glob: parseGlob(plain.replace(/^\/(?=.)/, ''), true), keeps }]
}
