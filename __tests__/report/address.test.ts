import { encodePath, lineAddress } from '../../src/report/address.js'

const context = {
  workspace: '/w',
  processors: 1,
  sha: 'abc1234',
  runUrl: 'https://github.example.com/o/r/actions/runs/5',
}

describe('lineAddress', () => {
  it('is that of the lines in the commit that was gated', () => {
    const file = 'images/a (ñ)/Dockerfile'
    const blob = 'https://github.example.com/o/r/blob/abc1234/images/a%20%28%C3%B1%29/Dockerfile'
    expect(lineAddress(context, file, { start: 3, end: 3 })).toBe(`${blob}#L3`)
    expect(lineAddress(context, file, { start: 3, end: 5 })).toBe(`${blob}#L3-L5`)
    expect(lineAddress(context, file)).toBe(blob)
  })

  it('is none on somebody’s own machine', () => {
    const { sha: _sha, ...uncommitted } = context
    expect(lineAddress({ workspace: '/w', processors: 1 }, 'x')).toBeUndefined()
    expect(lineAddress(uncommitted, 'x')).toBeUndefined()
    expect(lineAddress({ ...context, runUrl: 'https://github.com/o/r' }, 'x')).toBeUndefined()
  })
})

describe('encodePath', () => {
  it.each([
    ['a/b c#d?', 'a/b%20c%23d%3F'],
    ["](javascript:alert('1')) *!", '%5D%28javascript%3Aalert%28%271%27%29%29%20%2A%21'],
    ['half \ud83d', 'half%20%EF%BF%BD'],
  ])('leaves no sign that could mean something: %s', (path, encoded) => {
    expect(encodePath(path)).toBe(encoded)
  })
})
