import { readIgnoreFile } from '../../src/discover/ignore-file.js'

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
