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

describe('OpenVEX statements about more', () => {
  const fixed = { vulnerability: 'CVE-1', status: 'fixed', timestamp: '2026-01-01' }
  const affected = { vulnerability: 'CVE-1', status: 'affected', timestamp: '2026-02-01' }
  const ofImage = (image: string, ...subcomponents: string[]): object => ({ '@id': `pkg:oci/${image}`, subcomponents })

  it.each([
    ['the whole image', [ofImage('web')], [['api']]],
    ['the package, wherever it is', ['pkg:deb/a'], [['web'], ['web']]],
    ['another package', [ofImage('web', 'pkg:deb/c')], [['web'], ['web'], ['web'], ['api']]],
  ])('take back what was said of parts: %s', async (_, products, left) => {
    const { exceptions } = await readVex(
      { ...fixed, products: [ofImage('web', 'pkg:deb/a', 'pkg:deb/b'), ofImage('web')] },
      { ...fixed, products: [ofImage('api', 'pkg:deb/a')] },
      { ...affected, products },
    )
    expect(exceptions.map(({ images }) => images)).toEqual(left)
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

  it('names a pattern without control characters', async () => {
    const policy = await read({ [file]: 'images:\n  "a\\u001b[31m\\n::error::x": {lock-files: true}\n' })
    expect(idlePatterns(policy, ['web'])).toEqual([`${file}:2: 'a [31m ::error::x' matches no image`])
  })

  it.each([
    ['images: {"": {lock-files: true}}', '1:10: the name of an image must not be empty'],
    ['images: {~: {lock-files: true}}', '1:10: a key must be a text; put it into quotation marks'],
    ['images: {0x1: {lock-files: true}}', '1:10: a key must be a text; put it into quotation marks'],
    ['images: {? [a] : {lock-files: true}}', '1:12: a key must be a text; put it into quotation marks'],
    [
      'images: {&k a: {lock-files: true}, *k : {lock-files: false}}',
      '1:36: a key must be a text; put it into quotation marks',
    ],
    ['images: {1: {lock-files: true}, "1": {lock-files: false}}', '1:33: Map keys must be unique'],
    [
      `images: {"${'k'.repeat(5000)}": {lock-files: true}}`,
      '1:10: the name of an image must not have more than 4096 characters',
    ],
    ['severity: &a [*a]', '1:15: an alias stands in what it names'],
    ['exceptions: [{x: &a {y: *a}}]', '1:25: an alias stands in what it names'],
    ['severity: !!set {LOW}', '1:11: Unresolved tag: tag:yaml.org,2002:set'],
    ['!<tag:yaml.org,2002:set> {severity}', '1:1: Unresolved tag: tag:yaml.org,2002:set'],
    [`vex: ${'['.repeat(100)}`, '1:55: there are more than 50 levels'],
    [`vex:\n  ${'- '.repeat(100)}`, '2:100: there are more than 50 levels'],
    [
      'max-exception-days: .nan\nexceptions: []',
      '1:1: max-exception-days must be a whole number from 1 to 3650, not NaN',
    ],
  ])('refuses what is good YAML and no policy: %s', async (text, mistake) => {
    const mistakes = await mistakesOf(read({ [file]: text }))
    expect(mistakes.some(found => found.startsWith(`${file}:${mistake}`))).toBe(true)
  })

  it.each(['.nan', '-1e300', '1e400', '-1'])(
    'judges the expiry of an exception also where %s days make no sense',
    async days => {
      const text = `max-exception-days: ${days}\nexceptions: [{id: x, reason: r, expires: 2027-09-01}]\n`
      const mistakes = await mistakesOf(read({ [file]: text }))
      expect(mistakes[0]).toContain('1:1: max-exception-days must be a whole number')
      expect(mistakes.at(-1)).toContain('2:33: 2027-09-01 is more than 90 days ahead')
    },
  )

  it.each(['/', '//', '"/"', '[/]', '[usr, //]'])(
    'refuses an exception for the path %s, which could be any',
    async paths => {
      const text = `exceptions:\n  - {id: CVE-1, reason: r, expires: 2026-09-01, paths: ${paths}}\n`
      const [mistake, ...more] = await mistakesOf(read({ [file]: text }))
      expect(mistake).toMatch(
        /:2:\d+: exceptions\[0\]\.paths.* must name a path, or a glob such as usr\/lib\/\*\*, not '/,
      )
      expect(more).toEqual([])
      const trivy = `vulnerabilities: [{id: CVE-1, paths: [/]}]`
      expect(await mistakesOf(read({ '.trivyignore.yaml': trivy }))).toEqual([
        expect.stringContaining('must name a path'),
      ])
    },
  )

  it.each(['paths', 'purls'])('refuses an empty list of %s, of which Trivy makes all', async key => {
    const text = `vulnerabilities: [{id: CVE-1, ${key}: []}]`
    expect(await mistakesOf(read({ '.trivyignore.yaml': text }))).toEqual([
      expect.stringContaining(`vulnerabilities[0].${key} must not be empty`),
    ])
  })

  it('refuses a second expiry date, which would outlive the first', async () => {
    const text = 'CVE-1 exp:2026-09-01 exp:2099-01-01\n'
    expect(await mistakesOf(read({ '.trivyignore': text }))).toEqual([
      '.trivyignore:1:1: there is more than one expiry date',
    ])
  })

  it('reads a .trivyignore of very many comments and entries', async () => {
    const { exceptions } = await read({ '.trivyignore': `${'#\n'.repeat(200_000)}${'C\n'.repeat(100_000)}` })
    expect(exceptions).toHaveLength(100_000)
  })

  it('reads a file of very many keys', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${String(index)}: {lock-files: true}`)
    expect((await read({ [file]: `images: {${keys.join(',')}}` })).images).toHaveLength(20_000)
  })
})
