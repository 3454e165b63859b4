import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TrivyLines } from '../../src/adapters/trivy-lines.js'
import { trivyReason } from '../../src/adapters/trivy-reason.js'
import { TrivyScanner, type TrivyOptions } from '../../src/adapters/trivy-scanner.js'
import { anExported } from '../builders.js'

const time = '2026-12-01T03:37:14Z'
const unreadable = (path: string): string =>
  `${time}\tDEBUG\t[analyzer] Analysis error\terr="failed to parse ${path}: failed to parse ${path}: JSON decode error"`

function read(...said: readonly string[]): TrivyLines {
  const lines = new TrivyLines()
  for (const line of said) lines.add(line)
  return lines
}

describe('the lines of Trivy', () => {
  it.each([
    `WARN\t[dpkg] Invalid version\tOS="debian" package="a" version="v1.0"`,
    `WARN\t[dpkg] Invalid source version\tOS="debian" package="c" version="v1"`,
    `WARN\t[dpkg] Parse error\tfile_path="var/lib/dpkg/status" err="malformed MIME header: missing colon"`,
    `WARN\t[apk] Invalid version found\tname="x" version="1.0_bad"`,
    `DEBUG\t[analyzer] Analysis error\terr="failed to parse rpmdb: failed to open RPM DB: binary read error"`,
    `DEBUG\t[analyzer] Analysis error\terr="failed to parse rpmqa manifest: failed to parse a line (a b)"`,
    `DEBUG\tWalk error\tfile_path="var/lib/dpkg/status.d/x" err="x"`,
    `DEBUG\t[debian] Installed package version error\terr="x"`,
    `DEBUG\t[alpine] Failed to parse the installed package version\terr="x"`,
    `WARN\t[applier] Some OS packages were skipped due to mismatched PURL namespace\tpkg_count=1`,
  ])('tell that packages of the distribution are lost: %j', line => {
    const { lostPackages, leftOut } = read(`${time}\t${line}`).leftOut
    expect(lostPackages).toEqual([line.replace(/^[A-Z]+\t/, '').replaceAll('\t', ' ')])
    expect(leftOut).toEqual([])
  })

  it.each([
    [unreadable('srv/node_modules/x/package.json').slice(21), 'srv/node_modules/x/package.json (Trivy cannot read it)'],
    [
      'DEBUG\tWalk error\tfile_path="srv/x.dist-info/METADATA" err="parse error"',
      'srv/x.dist-info/METADATA (Trivy cannot read it)',
    ],
    ['DEBUG\t[analyzer] Analysis error\terr="odd"', '[analyzer] Analysis error err="odd" (Trivy cannot read it)'],
    [
      'WARN\tVersion matching error\terr="npm version error (v4.17.4): malformed"',
      'packages of version v4.17.4 (Trivy cannot compare it)',
    ],
    [
      'WARN\tConda package is supported for SBOM, not for vulnerability scanning',
      'packages of conda (Trivy lists them, and knows no vulnerabilities of them)',
    ],
    [
      'WARN\tThe library type is not supported for vulnerability scanning\ttype="new"',
      'packages of new (Trivy lists them, and knows no vulnerabilities of them)',
    ],
  ])('tell what else was left out, each once: %j', (line, expected) => {
    const { leftOut, lostPackages } = read(`${time}\t${line}`, `${time}\t${line}`).leftOut
    expect(leftOut).toEqual([expected])
    expect(lostPackages).toEqual([])
  })

  it.each([
    'DEBUG\t[dpkg] Unable to parse the available file\tfile_path="var/lib/dpkg/available" err="file does not exist"',
    'WARN\t[dpkg] Parse error\tfile_path="var/lib/dpkg/available" err="missing colon"',
    'DEBUG\t[debian] Failed to parse the fixed version\terr="x"',
    // What the database says, and no package.
    'WARN\tVersion matching error\terr="npm constraint error (>=x): improper"',
    'DEBUG\t[secret] Skipped secret scanning as allowed\tfile_path="error"',
    'DEBUG\t[gobinary] Unable to detect dependency version.\tdependency="example.com/a"',
  ])('tell nothing of that: %j', line => {
    expect(read(`${time}\t${line}`).leftOut).toEqual({ lostPackages: [], leftOut: [] })
  })

  it('tell of a release that Trivy does not know, and of another one than the image’s', () => {
    const unknown = `${time}\tWARN\tThis OS version is not on the EOL list\tfamily="debian" version="trixie/sid"`
    expect(read(unknown).leftOut).toMatchObject({ unknownRelease: 'debian trixie/sid', leftOut: [] })
    const alpine = (release: string): string =>
      `${time}\tINFO\t[alpine] Detecting vulnerabilities...\tos_version="3.20" repository="${release}" pkg_num=1`
    expect(read(alpine('edge')).leftOut.leftOut).toEqual([
      'packages of alpine 3.20 (judged as those of edge, which etc/apk/repositories names)',
    ])
    for (const same of ['3.20', '']) expect(read(alpine(same)).leftOut).toEqual({ lostPackages: [], leftOut: [] })
  })

  it('that an image multiplies fill no memory, and hide none of the other kind', () => {
    const lines = read(...Array.from({ length: 5000 }, (_, at) => unreadable(`srv/${String(at)}/package.json`)))
    lines.add(`${time}\tWARN\t[dpkg] Invalid version\tOS="debian" package="a" version="v1.0"`)
    expect(lines.leftOut.leftOut).toHaveLength(1000)
    expect(lines.leftOut.lostPackages).toHaveLength(1)
    expect(lines.last).toHaveLength(20)
  })

  it('give the reason of a failure, without the traces of its functions', () => {
    const said = [
      `${time}\tFATAL\tFatal error`,
      '  - run error:',
      '    github.com/aquasecurity/trivy/pkg/commands/artifact.Run',
      '        /home/error/run.go:411',
      "  - '--skip-java-db-update' cannot be specified on the first run:",
      '    github.com/aquasecurity/trivy/pkg/javadb.(*Updater).Update',
    ]
    expect(trivyReason(read(...said).last)).toContain("'--skip-java-db-update' cannot be specified")
    expect(read(...said).last).toHaveLength(3)
  })
})

describe('a scan whose layers were analyzed by an earlier one', () => {
  const tempDir = mkdtempSync(join(tmpdir(), 'image-gate-test-'))
  afterAll(() => rmSync(tempDir, { recursive: true }))

  /** Trivy that prints these lines, unless its cache knows the layer. */
  const scanning = (said: readonly string[]): { scanner: TrivyScanner; used: string[] } => {
    const used: string[] = []
    const run: TrivyOptions['run'] = async ({ args, onLine }) => {
      const cache = join(args[args.indexOf('--cache-dir') + 1] ?? '', 'fanal')
      used.push(cache)
      mkdirSync(cache, { recursive: true })
      if (readdirSync(cache).length === 0) said.forEach(line => onLine?.(line))
      writeFileSync(join(cache, 'fanal.db'), '')
      writeFileSync(args[args.indexOf('--output') + 1] ?? '', '{}')
      return { status: 'exited', exitCode: 0 }
    }
    const options = { run, tempDir, platform: 'linux-x64', credentials: [], signal: new AbortController().signal }
    return { scanner: new TrivyScanner(options as unknown as TrivyOptions), used }
  }
  const request = { scanners: ['vuln' as const], timeout: 1000 }

  it('tells what the earlier one was told', async () => {
    const line = `${time}\tWARN\t[dpkg] Invalid version\tOS="debian" package="a" version="v1.0"`
    const { scanner, used } = scanning([line])
    const cache = await scanner.newCache()
    for (const one of [cache, cache, await scanner.newCache(cache)]) {
      expect((await scanner.scanImage(anExported(), one, request)).lostPackages).toHaveLength(1)
    }
    expect(new Set(used).size).toBe(3)
  })

  it('uses that analysis where it left nothing out', async () => {
    const { scanner, used } = scanning([`${time}\tINFO\tDetected OS\tfamily="debian"`])
    const cache = await scanner.newCache()
    await scanner.scanImage(anExported(), cache, request)
    await scanner.scanImage(anExported(), cache, request)
    expect(new Set(used).size).toBe(1)
    expect(readdirSync((await scanner.newCache(cache)).directory)).toEqual(['fanal'])
  })
})
