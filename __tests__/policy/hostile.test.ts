import { ConfigurationError } from '../../src/errors.js'
import type { Policy } from '../../src/model.js'
import { idlePatterns } from '../../src/policy/patterns.js'
import { readPolicy } from '../../src/policy/read.js'

const file = '.github/image-gate.yml'
const now = new Date('2026-08-02T10:00:00Z')

const read = (files: Record<string, string>): Promise<Policy> => readPolicy(file, async path => files[path], now)

const readVex = (...statements: object[]): Promise<Policy> =>
  read({ [file]: 'vex: [vex.json]\n', 'vex.json': JSON.stringify({ statements }) })

const mistakesOf = async (reading: Promise<Policy>): Promise<readonly string[]> =>
  reading.then(
    () => [],
    (error: unknown) => {
      if (error instanceof ConfigurationError) return error.messages
      throw error
    },
  )

describe('OpenVEX statements that take something back', () => {
  const web = (...subcomponents: string[]): object => ({ '@id': 'pkg:oci/web', subcomponents })

  it('take it back for the package that they name, and leave the others', async () => {
    const { exceptions } = await readVex(
      { vulnerability: 'CVE-1', products: [web('pkg:deb/a', 'pkg:deb/b')], status: 'fixed', timestamp: '2026-01-01' },
      { vulnerability: 'CVE-1', products: [web('pkg:deb/a')], status: 'affected', timestamp: '2026-02-01' },
    )
    expect(exceptions.map(({ packages }) => packages)).toEqual([['pkg:deb/b']])
  })

  it('are not put first by a time that cannot be read', async () => {
    const claim = { vulnerability: 'CVE-1', products: ['pkg:npm/x'] }
    const mistakes = await mistakesOf(
      readVex({ ...claim, status: 'affected', timestamp: 'last week' }, { ...claim, status: 'fixed' }),
    )
    expect(mistakes).toEqual([expect.stringContaining('statements[0].timestamp must be a time')])
  })
})

describe('OpenVEX of before 0.2.0', () => {
  it('lets pass only the subcomponents that a statement names', async () => {
    const { exceptions } = await readVex({
      vulnerability: 'CVE-1',
      products: ['pkg:oci/web'],
      subcomponents: ['pkg:deb/a'],
      status: 'fixed',
    })
    expect(exceptions).toMatchObject([{ images: ['web'], packages: ['pkg:deb/a'] }])
  })
})

describe('what nobody would write', () => {
  it('takes an hour that there is not for a mistake, not for a defect', async () => {
    const text = 'secrets:\n  - id: x\n    expired_at: 2026-09-01T99:00:00Z\n'
    const mistakes = await mistakesOf(read({ '.trivyignore.yaml': text }))
    expect(mistakes).toEqual(['.trivyignore.yaml:3:5: 2026-09-01T99:00:00Z is not a day that there is'])
  })

  it('leaves the name of an image that is not well encoded as it is', async () => {
    const { exceptions } = await readVex({ vulnerability: 'C', products: ['pkg:oci/%E0%A4'], status: 'fixed' })
    expect(exceptions).toMatchObject([{ images: ['%E0%A4'] }])
  })

  it.each([
    ['""', ''],
    ['"a\\u001b[31m\\n::error::x"', 'a [31m ::error::x'],
  ])('names the pattern %s without control characters', async (key, shown) => {
    const policy = await read({ [file]: `images:\n  ${key}: {lock-files: true}\n` })
    expect(idlePatterns(policy, ['web'])).toEqual([`${file}:2: '${shown}' matches no image`])
  })

  it('reads a file of very many keys', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${String(index)}: {lock-files: true}`)
    expect((await read({ [file]: `images: {${keys.join(',')}}` })).images).toHaveLength(20_000)
  })
})
