import type { ConfigurationError } from '../../src/errors.js'
import type { Policy } from '../../src/model.js'
import { idlePatterns } from '../../src/policy/patterns.js'
import { readPolicy } from '../../src/policy/read.js'

const file = '.github/image-gate.yml'
const now = new Date('2026-08-02T10:00:00Z')

const read = (files: Record<string, string>): Promise<Policy> => readPolicy(file, async path => files[path], now)

const mistakesIn = async (files: Record<string, string>): Promise<readonly string[]> =>
  read(files).then(
    () => [],
    (error: unknown) => (error as ConfigurationError).messages,
  )

const exception = 'exceptions:\n  - id: CVE-1\n    reason: never called\n    expires: 2026-09-01\n'

describe('readPolicy', () => {
  it('says nothing where there is no file', async () => {
    expect(await read({})).toEqual({
      rules: {},
      images: [],
      exceptions: [],
      warnings: [],
      files: [file, '.trivyignore', '.trivyignore.yaml'],
    })
  })

  it.each(['', '# nothing yet\n', '\uFEFF\r\n'])('reads an empty file: %j', async text => {
    expect(await read({ [file]: text })).toMatchObject({ file, rules: {}, exceptions: [] })
  })

  it('reads every rule, with its line, on any system', async () => {
    const text = [
      'severity: [CRITICAL, UNKNOWN]',
      'ignore-unfixed: false',
      'gate-on: introduced',
      'scanners: [vuln, secret]',
      'lock-files: false',
      'gate-end-of-life: true',
      'gate-unrecognised: true',
      'images:',
      '  web:',
      '    severity: [LOW]',
      "  'api-*': {ignore-unfixed: true}",
    ].join('\r\n')
    const at = (line: number): object => ({ file, lines: { start: line, end: line } })
    expect(await read({ [file]: text })).toMatchObject({
      rules: {
        severity: { value: ['CRITICAL', 'UNKNOWN'], place: at(1) },
        ignoreUnfixed: { value: false, place: at(2) },
        gateOn: { value: 'introduced', place: at(3) },
        scanners: { value: ['vuln', 'secret'], place: at(4) },
        lockFiles: { value: false, place: at(5) },
        gateEndOfLife: { value: true, place: at(6) },
        gateUnrecognised: { value: true, place: at(7) },
      },
      images: [
        { pattern: 'web', place: at(9), rules: { severity: { value: ['LOW'], place: at(10) } } },
        { pattern: 'api-*', place: at(11), rules: { ignoreUnfixed: { value: true, place: at(11) } } },
      ],
    })
  })

  it('reads exceptions: they hold through the day that they name', async () => {
    const text = `${exception}  - id: DS-0002\n    images: web\n    packages: [openssl, 'pkg:npm/x']\n    paths: [app/**]\n    reason: x\n    expires: 2026-10-31\n`
    expect((await read({ [file]: text })).exceptions).toEqual([
      {
        id: 'CVE-1',
        reason: 'never called',
        until: '2026-09-02T00:00:00.000Z',
        images: [],
        packages: [],
        paths: [],
        source: 'policy',
        place: { file, lines: { start: 2, end: 4 } },
      },
      {
        id: 'DS-0002',
        reason: 'x',
        until: '2026-11-01T00:00:00.000Z',
        images: ['web'],
        packages: ['openssl', 'pkg:npm/x'],
        paths: ['app/**'],
        source: 'policy',
        place: { file, lines: { start: 5, end: 10 } },
      },
    ])
  })

  it('follows aliases that are used with measure', async () => {
    const text = 'images:\n  web: &strict {severity: [LOW]}\n  api: *strict\n'
    expect((await read({ [file]: text })).images).toHaveLength(2)
  })

  const billions = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi']
    .map(
      (name, index) =>
        `${name}: &${name} [${Array(9)
          .fill(`*${'abcdefgh'[index] ?? ''}`)
          .join(',')}]`,
    )
    .join('\n')}\n`

  it.each<[string, string, string[]]>([
    [
      'is not YAML',
      'severity: [HIGH\nimages: {}\n',
      [`${file}:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]`],
    ],
    ['has a key twice', 'lock-files: true\nlock-files: false\n', [`${file}:2:1: Map keys must be unique`]],
    ['is a list', '- severity\n', [`${file}:1:1: the file must be a mapping of keys to values`]],
    ['is a text', 'severity\n', [`${file}:1:1: the file must be a mapping of keys to values`]],
    ['is more than one document', 'a: 1\n---\nb: 1\n', [`${file}:2:1: there is more than one document in the file`]],
    ['is too big', 'x'.repeat(5 * 1024 * 1024), [`${file}:1:1: the file has 5.0 MiB; no more than 1 MiB is read`]],
    [
      'has aliases that explode',
      billions,
      [`${file}:1:1: the aliases cannot be followed: Excessive alias count indicates a resource exhaustion attack`],
    ],
    [
      'has an alias to nothing',
      'severity: *x\n',
      [`${file}:1:1: the aliases cannot be followed: Unresolved alias (the anchor must be set before the alias): x`],
    ],
    [
      'has an unknown key',
      'images:\n  web:\n    severty: [HIGH]\n',
      [`${file}:3:5: 'severty' is not known here. Did you mean 'severity'?`],
    ],
    [
      'has a key that nobody can have meant',
      'exceptions:\n  - id: CVE-1\n    reason: x\n    expires: 2026-09-01\n    because: y\n',
      [`${file}:5:5: 'because' is not known here. Known are: id, images, packages, paths, reason, expires.`],
    ],
    [
      'has wrong values',
      'severity: [HIHG]\ngate-on: none\nlock-files: maybe\nscanners: []\nmax-exception-days: 0\n',
      [
        `${file}:1:12: severity[0] must be one of: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN, not 'HIHG'`,
        `${file}:2:1: gate-on must be one of: all, introduced, not 'none'`,
        `${file}:3:1: lock-files must be true or false, not 'maybe'`,
        `${file}:4:1: scanners must not be empty, not []`,
        `${file}:5:1: max-exception-days must be a whole number from 1 to 3650, not 0`,
      ],
    ],
    ['has a text for a list', 'severity: HIGH\n', [`${file}:1:1: severity must be a list, not 'HIGH'`]],
    [
      'has exceptions without what they need',
      'exceptions:\n  - id: CVE-1\n    expires: 2026-09-01\n  - reason: x\n    expires: 2026-09-01\n  - id: CVE-2\n    reason: "  "\n',
      [
        `${file}:2:5: 'reason' is missing`,
        `${file}:4:5: 'id' is missing`,
        `${file}:6:5: 'expires' is missing`,
        `${file}:7:5: exceptions[2].reason must not be empty, not ''`,
      ],
    ],
    [
      'has days that there are not, or too far ahead',
      [
        'exceptions:',
        '  - {id: A, reason: x, expires: 2026-02-30}',
        '  - {id: B, reason: x, expires: 2026-10-31}',
        '  - {id: C, reason: x, expires: 2026-11-01}',
        '  - {id: D, reason: x, expires: soon}',
        '  - {id: E, reason: x, expires: 2020-01-01}',
      ].join('\n'),
      [`${file}:5:24: exceptions[3].expires must be a date such as 2026-12-31, not 'soon'`],
    ],
    [
      'has days that there are not, or too far ahead, in exceptions that are whole',
      [
        'exceptions:',
        '  - {id: A, reason: x, expires: 2026-02-30}',
        '  - {id: B, reason: x, expires: 2026-10-31}',
        '  - {id: C, reason: x, expires: 2026-11-01}',
        '  - {id: E, reason: x, expires: 2020-01-01}',
      ].join('\n'),
      [
        `${file}:2:24: 2026-02-30 is not a day that there is`,
        `${file}:4:24: 2026-11-01 is more than 90 days ahead; at the latest 2026-10-31`,
      ],
    ],
    [
      'allows fewer days',
      `max-exception-days: 7\n${exception}`,
      [`${file}:5:5: 2026-09-01 is more than 7 days ahead; at the latest 2026-08-09`],
    ],
    [
      'has packages that are none',
      `${exception}    packages: 3\n`,
      [`${file}:5:5: exceptions[0].packages must be a text or a list of texts, not 3`],
    ],
    [
      'names VEX documents that are not there, or outside',
      'vex: [a.json, ../b.json, /c.json]\n',
      [
        `${file}:1:7: 'a.json' is not there`,
        `${file}:1:15: '../b.json' is not a path inside the repository`,
        `${file}:1:26: '/c.json' is not a path inside the repository`,
      ],
    ],
  ])('refuses a file that %s', async (_, text, messages) => {
    expect(await mistakesIn({ [file]: text })).toEqual(messages)
  })

  it('says all mistakes of all files at once', async () => {
    const messages = await mistakesIn({
      [file]: 'severity: 1\nvex: []\n',
      '.trivyignore': 'CVE-1 exp:2026-02-30\nCVE-2 later\n',
      '.trivyignore.yaml': 'vulnerabilities:\n  - id: CVE-1\n    expired_at: 2026-02-30\n  - statement: x\n',
    })
    expect(messages).toEqual([
      `${file}:1:1: severity must be a list, not 1`,
      '.trivyignore:1:1: 2026-02-30 is not a day that there is',
      ".trivyignore:2:1: 'later' is not of the form exp:YYYY-MM-DD",
      ".trivyignore.yaml:4:5: 'id' is missing",
    ])
  })

  it('does not repeat control characters', async () => {
    expect(await mistakesIn({ [file]: 'gate-on: "a\\u001b[31mb\\u202e"\n' })).toEqual([
      `${file}:1:1: gate-on must be one of: all, introduced, not 'a [31mb '`,
    ])
  })
})

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
    ['OpenVEX', '{}', /^vex\.json:1:1: 'statements' is missing$|statements/],
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

describe('idlePatterns', () => {
  it('finds what matches no image, with its place', async () => {
    const policy = await read({
      [file]: `images:\n  web: {lock-files: true}\n  'wbe-*': {lock-files: true}\n  'a[1]': {lock-files: true}\n${exception}    images: [web, apo]\n`,
      '.trivyignore': 'CVE-1\n',
    })
    expect(idlePatterns(policy, ['web', 'api', 'a[1]'])).toEqual([
      `${file}:3: 'wbe-*' matches no image`,
      `${file}:6: 'apo' matches no image`,
    ])
  })
})
