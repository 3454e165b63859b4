import fc from 'fast-check'
import { matchesGlob, parseGlob } from '../../src/discover/glob.js'

const fits = (path: string, pattern: string, deep = true): boolean => matchesGlob(path, parseGlob(pattern, deep))

/** As moby/patternmatcher translates it; short paths only, since it may take for ever. */
function translated(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?$|\*\*\/?|[*?.]/g, (match, at: number) => {
    if (match.startsWith('**')) return at + match.length === pattern.length ? '.*' : '(.*/)?'
    return match === '*' ? '[^/]*' : match === '?' ? '[^/]' : '\\.'
  })
  return new RegExp(`^${source}$`, 's')
}

describe('matchesGlob', () => {
  it.each<[string, string, boolean]>([
    ['a', 'a', true],
    ['a/b', 'a', false],
    ['a', '', false],
    ['package.json', '*.json', true],
    ['app/package.json', '*.json', false],
    ['app/package.json', '*/*.json', true],
    ['package-json', 'package?json', true],
    ['package/json', 'package?json', false],
    ['a.lock', '[a-c].lock', true],
    ['d.lock', '[a-c].lock', false],
    ['d.lock', '[^a-c].lock', true],
    ['/', '[^a]', false],
    [']', '[]]', true],
    ['-', '[a-]', true],
    ['b', '[a', false],
    ['*', '\\*', true],
    ['a', '\\*', false],
    ['a]', '[\\]b]]', false],
    [']]', '[\\]b]]', true],
    ['\\', 'a\\', false],
    ['💩', '?', true],
  ])('%j and the pattern %j: %s', (path, pattern, expected) => {
    expect(fits(path, pattern, false)).toBe(expected)
    expect(fits(path, pattern)).toBe(expected)
  })

  it.each<[string, string, boolean, boolean]>([
    ['a/b/c', '**', true, false],
    ['c', '**/c', true, false],
    ['a/b/c', '**/c', true, false],
    ['a/bc', '**/c', false, false],
    ['a/c', 'a/**/c', true, false],
    ['a/b/b/c', 'a/**/c', true, false],
    ['a/b/c', 'a/**', true, false],
    ['ab', 'a**', true, true],
  ])('%j and the pattern %j: %s where stars lead deep, %s where they do not', (path, pattern, deep, flat) => {
    expect(fits(path, pattern, true)).toBe(deep)
    expect(fits(path, pattern, false)).toBe(flat)
  })

  it('matches as BuildKit does', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '.', '/', '*', '**', '**/', '?'), { maxLength: 6 })
    const path = fc.array(fc.constantFrom('a', 'b', '.', '/'), { maxLength: 8 })
    fc.assert(
      fc.property(pattern, path, (words, characters) => {
        // Three stars in a row are read differently by different versions.
        const text = words.join('').replace(/\*{3,}/g, '**')
        expect(fits(characters.join(''), text)).toBe(translated(text).test(characters.join('')))
      }),
      { numRuns: 5000 },
    )
  })

  it('needs no more time for a pattern that could match in countless ways', () => {
    const started = Date.now()
    expect(fits('a'.repeat(255), `${'*a'.repeat(100)}b`)).toBe(false)
    expect(fits(`${'a/'.repeat(1000)}a`, `${'**/a/'.repeat(100)}b`)).toBe(false)
    expect(Date.now() - started).toBeLessThan(5000)
  })
})
