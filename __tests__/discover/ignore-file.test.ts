import { readIgnoreFile } from '../../src/discover/ignore-file.js'
import { MatchingWork } from '../../src/discover/work.js'

/** As the tests of moby/patternmatcher have it, and its source where they do not say. */
describe('readIgnoreFile', () => {
  it.each([
    ['**', 'file'],
    ['**/', 'dir/file'],
    ['**/**', 'dir/file'],
    ['dir/**', 'dir/dir2/file'],
    ['**/dir', 'dir/file'],
    ['**/dir2/*', 'dir/dir2/file'],
    ['**/dir2/**', 'dir/dir2/dir3/file'],
    ['**file', 'dir/a file'],
    ['**/file', 'file'],
    ['**/file*.txt*', 'dir/dir/file.txt'],
    ['**/**/*.txt', 'file.txt'],
    ['a**/*.txt', 'a/dir/dir/file.txt'],
    ['a/*.txt**', 'a/file.txt'],
    ['a*', 'ab/c'],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/f'],
    ['a*b?c*x', 'abxbbxdbxebxczzx'],
    ['a[b-d]e', 'ace'],
    ['a[^b-d]e', 'aze'],
    ['[a-ζ]*', 'α'],
    ['[!a]', '!'],
    [']', ']'],
    ['a?b', 'a☺b'],
    ['.*', '.foo'],
    ['abc?def', 'abcZdef'],
    ['a\\*b', 'a*b'],
    ['abc/**', 'abc/def/ghi'],
    ['a(b)c/def', 'a(b)c/def'],
    ['a.|)$(}+{bc', 'a.|)$(}+{bc'],
    ['/a/./b/../c/', 'a/c'],
    [' \u0085 docs \u00A0', 'docs/x'],
    ['\uFEFF# x\ndocs\r', 'docs'],
    ['**/a', 'line\nend/a'],
    ['a**', 'a\n'],
    // Go's scanner drops the mark before it makes a regular expression.
    ['x\n\uFEFFa*', 'ab'],
    ['x\n\uFEFFa**', '\uFEFFab'],
  ])('hides by %j: %j', (text, path) => {
    expect(readIgnoreFile(text)(path)).toBe(true)
  })

  it.each([
    ['', 'x'],
    ['# x', '# x'],
    ['.', 'x'],
    ['/', 'x'],
    ['..', 'x'],
    ['!', 'x'],
    ['**/**/*.txt2', 'dir/file.txt'],
    ['a/*.txt', 'a/dir/file.txt'],
    ['a*/b', 'a/c/b'],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f'],
    ['a?b', 'a/b'],
    ['a*b', 'a/b'],
    ['a[b-d]e', 'aae'],
    ['abc.def', 'abcZdef'],
    ['abc/**', 'abc'],
    ['**/.foo', 'bar.foo'],
    ['a\\*b', 'ab'],
    ['Docs', 'docs'],
    ['doc', 'docs'],
    ['docs\uFEFF', 'docs'],
    ['a**b', 'a\nx/b'],
  ])('does not hide by %j: %j', (text, path) => {
    expect(readIgnoreFile(text)(path)).toBe(false)
  })

  it.each(['[', 'a[', '[]', '[z-a]x', '[a-]', '[*]', '\\d', 'a\\'])(
    'hides nothing by %j, and takes everything back',
    pattern => {
      for (const path of ['x', 'a', 'd', '5', '[', 'a/b', '[a-]', '*']) {
        expect(readIgnoreFile(pattern)(path)).toBe(false)
        expect(readIgnoreFile(`**\n!${pattern}`)(path)).toBe(false)
      }
    },
  )

  it.each([
    ['docs\n!docs/README.md', 'docs/README.md', false],
    ['!fileutils.go\n*.go', 'fileutils.go', true],
    ['**\n!util/docker/web', 'util/docker/web/foo', false],
    ['**\n!util/docker/web\nutil/docker/web/foo', 'util/docker/web/foo', true],
    ['**\n! /dist/*.whl', 'dist/x.whl', false],
    ['**\n!!x', 'x', true],
    ['**\n!!x', '!x', false],
  ])('goes through %j in order: %s', (text, path, hidden) => {
    expect(readIgnoreFile(text)(path)).toBe(hidden)
  })
})

describe('a byte order mark before a pattern', () => {
  it.each([
    ['*\n!\uFEFFpackage*', 'package-lock.json'],
    ['*\n!\uFEFF**/x', 'y'],
  ])('takes back what Docker takes back: %j', (text, path) => {
    expect(readIgnoreFile(text)(path)).toBe(false)
  })

  it.each([
    ['*\n!\uFEFFpackage-lock.json', 'package-lock.json'],
    ['*\n!\uFEFFpackage**', 'package-lock.json'],
  ])('takes back nothing of another name: %j', (text, path) => {
    expect(readIgnoreFile(text)(path)).toBe(true)
  })
})

describe('the work of matching', () => {
  const steps = (patterns: number, files: number): number => {
    const work = new MatchingWork()
    const isIgnored = readIgnoreFile('**/a\n'.repeat(patterns), work)
    for (let file = 0; file < files; file += 1) isIgnored(`folder/${String(file)}/go.mod`)
    return work.steps
  }

  it('is counted, and grows no faster than patterns times files', () => {
    expect(steps(200, 10)).toBeLessThanOrEqual(2 * steps(100, 10))
    expect(steps(100, 100)).toBeLessThanOrEqual(11 * steps(100, 10))
  })

  it('ends with an error where a repository has far too much of both', () => {
    expect(() => steps(200_000, 100)).toThrow('take too long; use fewer of them')
    expect(steps(1000, 100)).toBeGreaterThan(0)
  })
})
