import type { ConfigurationError } from '../../src/errors.js'
import type { Policy } from '../../src/model.js'
import { readPolicy } from '../../src/policy/read.js'

const file = '.github/image-gate.yml'
const now = new Date('2026-08-02T10:00:00Z')

const read = (files: Record<string, string>): Promise<Policy> => readPolicy(file, async path => files[path], now)

const mistakesIn = async (files: Record<string, string>): Promise<readonly string[]> =>
  read(files).then(
    () => [],
    (error: unknown) => (error as ConfigurationError).messages,
  )

describe('Trivy’s own files of exceptions', () => {
  it('are read line by line', async () => {
    const text = '# glibc\n# is not reachable\nCVE-1 exp:2026-09-01\n\n# nobody\n\nCVE-2 # in tests only\r\nDS-0002\n'
    const { exceptions, warnings } = await read({ '.trivyignore': text })
    const at = (line: number): object => ({ file: '.trivyignore', lines: { start: line, end: line } })
    const blank = { images: [], packages: [], paths: [], source: 'trivyignore' }
    expect(exceptions).toEqual([
      { ...blank, id: 'CVE-1', until: '2026-09-01T00:00:00.000Z', reason: 'glibc is not reachable', place: at(3) },
      { ...blank, id: 'CVE-2', reason: 'in tests only', place: at(7) },
      { ...blank, id: 'DS-0002', place: at(8) },
    ])
    expect(warnings).toEqual([
      { place: at(7), message: 'CVE-2 is excepted without an expiry date' },
      { place: at(8), message: 'DS-0002 is excepted without an expiry date' },
    ])
  })

  it('are read as YAML', async () => {
    const text = [
      'vulnerabilities:',
      '  - id: CVE-1',
      '    paths: [usr/lib/**]',
      '    purls: ["pkg:deb/debian/openssl"]',
      '    statement: not reachable',
      '    expired_at: 2026-09-01',
      'secrets:',
      '  - id: aws-access-key-id',
      '    expired_at: 2026-09-01T12:00:00+02:00',
      'misconfigurations:',
      '  - id: DS-0002',
      'licenses:',
      '  - id: GPL-3.0',
    ].join('\n')
    const { exceptions, warnings } = await read({ '.trivyignore.yaml': text })
    expect(exceptions).toMatchObject([
      {
        id: 'CVE-1',
        paths: ['usr/lib/**'],
        packages: ['pkg:deb/debian/openssl'],
        reason: 'not reachable',
        until: '2026-09-01T00:00:00.000Z',
      },
      { id: 'DS-0002', place: { lines: { start: 11 } } },
      { id: 'aws-access-key-id', until: '2026-09-01T10:00:00.000Z' },
    ])
    expect(warnings.map(({ message }) => message)).toEqual([
      'DS-0002 is excepted without an expiry date',
      'licences are not looked for, so these entries do nothing',
    ])
    expect(await mistakesIn({ '.trivyignore.yaml': 'secrets:\n  - id: x\n    expired_at: 2026-02-30\n' })).toEqual([
      '.trivyignore.yaml:3:5: 2026-02-30 is not a day that there is',
    ])
  })
})

describe('OpenVEX documents', () => {
  const vex = (...statements: object[]): Record<string, string> => ({
    [file]: 'vex: [vex.json]\n',
    'vex.json': JSON.stringify(
      { '@context': 'https://openvex.dev/ns/v0.2.0', timestamp: '2026-01-01T00:00:00Z', statements },
      null,
      1,
    ),
  })
  const product = { '@id': 'pkg:oci/web@sha256%3A1', subcomponents: [{ '@id': 'pkg:deb/debian/openssl' }] }

  it('make exceptions of what does no harm or is fixed, with the justification', async () => {
    const { exceptions, files } = await read(
      vex(
        {
          vulnerability: { name: 'CVE-1', aliases: ['GHSA-1'] },
          products: [product],
          status: 'not_affected',
          justification: 'vulnerable_code_not_present',
          impact_statement: 'no TLS',
        },
        {
          vulnerability: 'CVE-2',
          products: ['pkg:npm/lodash', { identifiers: { purl: 'pkg:oci/api' } }],
          status: 'fixed',
          status_notes: 'patched',
        },
        { vulnerability: 'CVE-3', products: [{ '@id': 'pkg:npm/x' }], status: 'affected' },
      ),
    )
    expect(exceptions).toMatchObject([
      {
        id: 'CVE-1',
        images: ['web'],
        packages: ['pkg:deb/debian/openssl'],
        reason: 'vulnerable_code_not_present: no TLS',
        source: 'vex',
      },
      { id: 'GHSA-1', images: ['web'] },
      { id: 'CVE-2', images: [], packages: ['pkg:npm/lodash'], reason: 'fixed: patched' },
      { id: 'CVE-2', images: ['api'], packages: [] },
    ])
    expect(exceptions[0]).not.toHaveProperty('until')
    expect(exceptions[0]?.place).toMatchObject({ file: 'vex.json', lines: { start: 5 } })
    expect(files).toContain('vex.json')
  })

  it('let a later statement take back an earlier one', async () => {
    const claim = { vulnerability: { name: 'CVE-1' }, products: [product] }
    const { exceptions } = await read(
      vex(
        { ...claim, status: 'affected', timestamp: '2026-03-01T00:00:00Z' },
        { ...claim, status: 'not_affected', timestamp: '2026-02-01T00:00:00Z' },
      ),
    )
    expect(exceptions).toEqual([])
  })

  it.each<[string, string, RegExp]>([
    ['JSON', '{', /^vex\.json:1:\d+: /],
    ['OpenVEX', '{}', /^vex\.json:1:1: 'statements' is missing$/],
    [
      'a status',
      '{"statements": [{"vulnerability": "CVE-1", "products": ["pkg:npm/x"], "status": "fine"}]}',
      /statements\[0\]\.status must be one of: not_affected, affected, fixed, under_investigation, not 'fine'$/,
    ],
    [
      'about a product',
      '{"statements": [{"vulnerability": "CVE-1", "products": [], "status": "fixed"}]}',
      /products must not be empty/,
    ],
  ])('are refused when they are not %s', async (_, text, message) => {
    const [mistake = ''] = await mistakesIn({ [file]: 'vex: [vex.json]\n', 'vex.json': text })
    expect(mistake).toMatch(message)
  })
})
