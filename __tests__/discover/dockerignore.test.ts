import { parseDockerignore } from '../../src/discover/dockerignore.js'

describe('parseDockerignore', () => {
  it.each<[string, string, boolean]>([
    ['nothing', '', false],
    ['a comment', '# app/go.mod', false],
    ['the file', 'app/go.mod', true],
    ['the file with a slash before it', '/app/go.mod', true],
    ['the file by way of others', './x/../app//go.mod', true],
    ['the file after a byte order mark', '\ufeffapp/go.mod', true],
    ['with white space and on Windows', '  app/go.mod \r\n', true],
    ['its folder', 'app', true],
    ['its folder with a slash after it', 'app/', true],
    ['a file of another folder', 'go.mod', false],
    ['in any folder', '**/go.mod', true],
    ['everything', '*', true],
    ['everything but this', '*\n!app/go.mod', false],
    ['everything but its folder', '*\n! app', false],
    ['what was kept', '*\n!app\napp/*.mod', true],
    ['nothing to take back', '!app/go.mod', false],
    ['an exclamation mark alone', 'app\n!', true],
    ['the context itself', '.\n/', false],
  ])('%s', (_, text, ignored) => {
    expect(parseDockerignore(text)('app/go.mod')).toBe(ignored)
  })
})
