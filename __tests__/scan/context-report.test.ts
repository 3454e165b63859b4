import type { ToolError } from '../../src/errors.js'
import type { Finding } from '../../src/model.js'
import { groupLockFiles, parseDockerfileReport, parseLockFileReport } from '../../src/scan/context-report.js'
import { anImage } from '../builders.js'

const origin = { file: 'images/web/Dockerfile', lines: { start: 2, end: 2 }, instruction: 'COPY . .', fromBase: false }
const image = anImage('web', { lockFiles: [{ path: 'app/package-lock.json', origin }] })

const vulnerability = { VulnerabilityID: 'CVE-1', PkgName: 'lodash', InstalledVersion: '4.17.4', Severity: 'HIGH' }
const lockFile = (more: object = {}): object => ({
  Target: 'app/package-lock.json',
  Class: 'lang-pkgs',
  Type: 'npm',
  Packages: [{ Name: 'lodash', Version: '4.17.4', Locations: [{ StartLine: 5, EndLine: 9 }] }],
  Vulnerabilities: [vulnerability],
  ...more,
})
const misconfiguration = {
  ID: 'DS-0021',
  Severity: 'HIGH',
  Title: 'no -y',
  Message: "'-y' is missing",
  Resolution: "Add '-y'",
  Status: 'FAIL',
  CauseMetadata: { StartLine: 2, EndLine: 3, Code: { Lines: [{ Content: '  RUN apt-get install curl' }] } },
}
const dockerfile = (...items: object[]): object => ({
  Target: 'Dockerfile',
  Class: 'config',
  MisconfSummary: {
    Successes: 20,
    Failures: items.filter(item => (item as { Status?: string }).Status === 'FAIL').length,
  },
  Misconfigurations: items,
})
const parseDockerfile = (text: string, ...complaints: string[]): readonly Finding[] =>
  parseDockerfileReport({ text, complaints }, image)

const textOf = (results: object[]): string =>
  JSON.stringify({ SchemaVersion: 2, ArtifactType: 'filesystem', Results: results })

const parse = (results: object[], complaints: string[] = []): ReturnType<typeof parseLockFileReport> =>
  parseLockFileReport({ text: textOf(results), complaints }, image)

const foreign = ['{', '{"SchemaVersion":2,"ArtifactType":"container_image"}', '[]']

describe('parseLockFileReport', () => {
  it('places what is in a lock file on its line, and on the instruction that copies it', () => {
    expect(parse([lockFile()])).toEqual([
      {
        kind: 'vulnerability',
        id: 'CVE-1',
        severity: 'HIGH',
        status: 'unknown',
        vendorSeverities: {},
        package: { name: 'lodash', version: '4.17.4', class: 'lang-pkgs', type: 'npm', path: 'app/package-lock.json' },
        place: { file: 'images/web/app/package-lock.json', lines: { start: 5, end: 9 } },
        origin,
      },
    ])
    expect(parse([lockFile({ Packages: [{ Name: 'lodash', Version: '4.17.4' }] })])[0]?.place).toEqual({
      file: 'images/web/app/package-lock.json',
    })
  })

  it('leaves out lock files that nobody copies', () => {
    expect(parse([lockFile({ Target: 'package-lock.json' })])).toEqual([])
  })

  it('refuses a lock file that Trivy could not read', () => {
    const said = 'DEBUG Walk error file_path="app/package-lock.json" err="parse error"'
    expect(() => parse([], [said])).toThrow('Trivy cannot read the lock file app/package-lock.json')
    expect(parse([], ['DEBUG Walk error file_path="other/app/package-lock.json" err="x"'])).toEqual([])
  })

  it('refuses one whose path the log quotes, whatever becomes of the path there', () => {
    const lost = anImage('web', { lockFiles: [{ path: 'my app="x"/package-lock.json', origin }] })
    const said = String.raw`DEBUG Walk error file_path="my app=\"x\"/package-lock.json" err="parse error"`
    expect(() => parseLockFileReport({ text: textOf([]), complaints: [said] }, lost)).toThrow('cannot read')
  })

  it('finds those again that Trivy has to be shown by themselves', () => {
    const files = ['package-lock.json', 'dev/go.mod', 'dev/sys/go.mod', 'dev/a/dev/go.mod', 'device/go.mod']
    const groups = groupLockFiles(files.map(path => ({ path, origin })))
    expect([...groups].map(([below, some]) => [below, some.map(({ path }) => path)])).toEqual([
      ['', ['package-lock.json', 'device/go.mod']],
      ['dev/', ['dev/go.mod', 'dev/a/dev/go.mod']],
      ['dev/sys/', ['dev/sys/go.mod']],
    ])
    const own = anImage('web', { lockFiles: [{ path: 'dev/package-lock.json', origin }] })
    const report = { text: textOf([lockFile({ Target: 'package-lock.json' })]), complaints: [] }
    expect(parseLockFileReport(report, own, 'dev/')[0]?.place?.file).toBe('images/web/dev/package-lock.json')
    const complaints = ['DEBUG Walk error file_path="package-lock.json" err="x"']
    expect(() => parseLockFileReport({ ...report, complaints }, own, 'dev/')).toThrow('dev/package-lock.json')
  })

  it.each(foreign)('refuses what is no report of a folder: %s', text => {
    expect(() => parseLockFileReport({ text, complaints: [] }, image)).toThrow('cannot be read')
  })
})

describe('parseDockerfileReport', () => {
  it('reads what is wrong in the Dockerfile, and only there', () => {
    const { CauseMetadata: _, ...whole } = misconfiguration
    const elsewhere = { ...dockerfile(misconfiguration), Target: 'k8s.yaml' }
    const found = parseDockerfile(
      textOf([
        dockerfile(misconfiguration, { ...whole, ID: 'DS-0002' }, { ...misconfiguration, Status: 'PASS' }),
        elsewhere,
      ]),
    )
    expect(found).toEqual([
      {
        kind: 'misconfiguration',
        id: 'DS-0021',
        severity: 'HIGH',
        title: 'no -y',
        message: "'-y' is missing",
        resolution: "Add '-y'",
        place: { file: 'images/web/Dockerfile', lines: { start: 2, end: 3 } },
        origin: {
          file: 'images/web/Dockerfile',
          lines: { start: 2, end: 3 },
          instruction: 'RUN apt-get install curl',
          fromBase: false,
        },
      },
      expect.objectContaining({ id: 'DS-0002', place: { file: 'images/web/Dockerfile' } }),
    ])
    expect(found[1]).not.toHaveProperty('origin')
  })

  it.each([
    ['ENV KEY=hidden OTHER="hid den"', 'ENV KEY=*** OTHER=***'],
    ['ENV KEY hidden', 'ENV KEY ***'],
    ['arg TOKEN=hidden', 'arg TOKEN=***'],
    ['ARG TOKEN', 'ARG TOKEN'],
    ['RUN make A=b', 'RUN make A=b'],
  ])('shows no value of a variable: %s', (Content, instruction) => {
    const raw = { ...misconfiguration, CauseMetadata: { StartLine: 1, EndLine: 1, Code: { Lines: [{ Content }] } } }
    expect(parseDockerfile(textOf([dockerfile(raw)]))[0]?.origin?.instruction).toBe(instruction)
  })

  it.each(foreign)('refuses what is no report on a Dockerfile: %s', text => {
    expect(() => parseDockerfile(text)).toThrow('cannot be read')
  })

  it.each<[string, object[]]>([
    ['it left the file out', []],
    ['it saw another file', [{ ...dockerfile(), Target: 'other' }]],
    ['it counted no check', [{ Class: 'config', Target: 'Dockerfile' }]],
    ['it made no check', [{ ...dockerfile(), MisconfSummary: { Successes: 0, Failures: 0 } }]],
  ])('is an error that names the file, where %s', (_, results) => {
    const said = 'ERROR [dockerfile scanner] Failed to parse file'
    expect(() => parseDockerfile(textOf(results), said)).toThrow(
      expect.objectContaining({
        name: 'ToolError',
        message: 'Trivy did not check images/web/Dockerfile for misconfigurations',
        log: [said],
      }) as ToolError,
    )
    expect(parseDockerfile(textOf([dockerfile()]))).toEqual([])
  })
})
