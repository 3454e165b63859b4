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
      'has several unknown keys',
      'severty: 1\nlock-file: true\nimages: {web: {a: 1, b: 2}}\n',
      [
        `${file}:1:1: 'severty' is not known here. Did you mean 'severity'?`,
        `${file}:2:1: 'lock-file' is not known here. Did you mean 'lock-files'?`,
        expect.stringContaining(`${file}:3:16: 'a' is not known here.`) as string,
        expect.stringContaining(`${file}:3:22: 'b' is not known here.`) as string,
      ],
    ],
    [
      'names an image that cannot be named',
      'images:\n  constructor: {severity: [LOW]}\n',
      [`${file}:2:3: 'constructor' cannot be named here; use a glob such as 'constructor*'`],
    ],
    [
      'has more mistakes than anybody reads',
      `scanners: [${'x,'.repeat(200)}]\n`,
      expect.arrayContaining(['and 100 more mistakes']) as string[],
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
      [
        `${file}:2:24: 2026-02-30 is not a day that there is`,
        `${file}:4:24: 2026-11-01 is more than 90 days ahead; at the latest 2026-10-31`,
        `${file}:5:24: exceptions[3].expires must be a date such as 2026-12-31, not 'soon'`,
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
