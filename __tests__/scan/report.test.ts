import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { IntegrityError } from '../../src/errors.js'
import { parseScanReport } from '../../src/scan/report.js'

/** A real report: Trivy 0.74.0 on an image with one package layer, cut to two packages. */
const recorded = readFileSync('__tests__/recorded/trivy-image.json', 'utf8')

type Json = Record<string, unknown>
interface RawResult extends Json {
  Class: string
  Target: string
  Vulnerabilities?: Json[]
}
interface RawReport extends Json {
  Metadata: { DiffIDs: string[]; ImageConfig: { rootfs: { diff_ids: string[] }; history: Json[] }; OS?: Json }
  Results?: RawResult[]
}
const packages = (...Vulnerabilities: Json[]): RawResult => ({ Target: 'x', Class: 'os-pkgs', Vulnerabilities })
const cve = { VulnerabilityID: 'CVE-1', PkgName: 'x' }
const raw = (): RawReport => JSON.parse(recorded) as RawReport
const diffIds = raw().Metadata.ImageConfig.rootfs.diff_ids

const parse = (change: (report: RawReport) => void): ReturnType<typeof parseScanReport> => {
  const report = raw()
  change(report)
  return parseScanReport(JSON.stringify(report), diffIds)
}

describe('parseScanReport', () => {
  it('reads a recorded report', () => {
    const scan = parseScanReport(recorded, diffIds)
    expect(scan.os).toEqual({ family: 'debian', name: '12.15', endOfLife: false })
    expect(scan.packages).toBe(2)
    expect(scan.findings).toEqual([
      {
        kind: 'vulnerability',
        vendorSeverities: { nvd: 'CRITICAL' },
        id: 'CVE-2099-0001',
        severity: 'CRITICAL',
        severitySource: 'nvd',
        status: 'fixed',
        fixedVersion: '99.0-1',
        title: 'wget: <script>alert(1)</script> | @octocat #1 ::error::',
        url: 'https://avd.aquasec.com/nvd/cve-2099-0001',
        layer: diffIds[1],
        package: {
          name: 'wget',
          version: '1.21.3-1+deb12u1',
          purl: 'pkg:deb/debian/wget@1.21.3-1%2Bdeb12u1?arch=amd64&distro=debian-12.15',
          class: 'os-pkgs',
          type: 'debian',
        },
      },
      expect.objectContaining({ id: 'CVE-2023-45853', status: 'will_not_fix', layer: diffIds[0] }),
    ])
    expect(scan.findings[1]).not.toHaveProperty('fixedVersion')
  })

  it('ties findings in a layer that was only added for Trivy to the layer that it is from', () => {
    const [first = '', second = ''] = diffIds
    const { Metadata, ...rest } = JSON.parse(recorded.replaceAll(first, 'sha256:added')) as RawReport
    const ids = [...diffIds, 'sha256:added']
    const report = { ...rest, Metadata: { ...Metadata, DiffIDs: ids, ImageConfig: { rootfs: { diff_ids: ids } } } }
    const scan = parseScanReport(JSON.stringify(report), ids, new Map([['sha256:added', first]]))
    expect(scan.layers.map(({ diffId }) => diffId)).toEqual(diffIds)
    expect(scan.findings.map(finding => 'layer' in finding && finding.layer)).toEqual([second, first])
  })

  it('ties layers to the build steps that made them', () => {
    const { layers } = parseScanReport(recorded, diffIds)
    expect(layers.map(({ byBuildKit }) => byBuildKit)).toEqual([false, true, true])
    expect(layers[2]?.createdBy).toBe('COPY x /x # buildkit')
  })

  it('ties nothing where history and layers do not match', () => {
    const { layers } = parse(report => report.Metadata.ImageConfig.history.pop())
    expect(layers.every(({ createdBy, byBuildKit }) => createdBy === undefined && !byBuildKit)).toBe(true)
  })

  it('leaves out history entries without a layer', () => {
    const { layers } = parse(report =>
      report.Metadata.ImageConfig.history.push({ created_by: 'CMD ["x"]', empty_layer: true }),
    )
    expect(layers[2]?.createdBy).toBe('COPY x /x # buildkit')
  })

  it('reads an image in which nothing was recognised', () => {
    const scan = parse(report => {
      delete report.Results
      delete report.Metadata.OS
    })
    expect(scan).toMatchObject({ findings: [], packages: 0 })
    expect(scan).not.toHaveProperty('os')
  })

  it('reads the end of life of a distribution, and none for a family without a name', () => {
    expect(parse(report => (report.Metadata.OS = { Family: 'debian', Name: '8', EOSL: true })).os?.endOfLife).toBe(true)
    expect(parse(report => (report.Metadata.OS = { Family: 'debian' })).os).toMatchObject({ name: '' })
    expect(parse(report => (report.Metadata.OS = {}))).not.toHaveProperty('os')
  })

  it('reads findings of language packages, with their path', () => {
    const scan = parse(report => {
      delete report.Metadata.OS
      report.Results = [
        {
          Target: 'Node.js',
          Class: 'lang-pkgs',
          Type: 'node-pkg',
          Vulnerabilities: [{ VulnerabilityID: 'GHSA-1', PkgName: 'lodash', PkgPath: 'app/package.json' }],
        },
        { Target: '', Class: 'custom' },
      ]
    })
    expect(scan.findings).toEqual([
      {
        kind: 'vulnerability',
        vendorSeverities: {},
        id: 'GHSA-1',
        severity: 'UNKNOWN',
        status: 'unknown',
        package: { name: 'lodash', version: '', path: 'app/package.json', class: 'lang-pkgs', type: 'node-pkg' },
      },
    ])
  })

  it('knows which program a library was linked into', () => {
    const linked = (Target: string): RawResult => ({
      Target,
      Class: 'lang-pkgs',
      Type: 'gobinary',
      Vulnerabilities: [{ VulnerabilityID: 'CVE-1', PkgName: 'stdlib', InstalledVersion: 'v1.21.0' }],
    })
    const { findings } = parse(report => {
      delete report.Metadata.OS
      report.Results = [linked('usr/bin/a'), linked('usr/bin/b')]
    })
    expect(findings.map(finding => finding.kind === 'vulnerability' && finding.package.path)).toEqual([
      'usr/bin/a',
      'usr/bin/b',
    ])
  })

  it('reads secrets, in a file and in the configuration', () => {
    const secret = { RuleID: 'aws-access-key-id', Severity: 'CRITICAL', Title: 'AWS Access Key ID', Match: 'KEY=***' }
    const scan = parse(report => {
      delete report.Metadata.OS
      report.Results = [
        { Class: 'secret', Target: '/app/.env', Secrets: [{ ...secret, Layer: { DiffID: 'sha256:1' } }] },
        { Class: 'secret', Target: 'layout@sha256:2', Secrets: [{ RuleID: 'x' }] },
      ]
    })
    expect(scan.findings).toEqual([
      {
        kind: 'secret',
        id: 'aws-access-key-id',
        severity: 'CRITICAL',
        title: 'AWS Access Key ID',
        match: 'KEY=***',
        path: '/app/.env',
        layer: 'sha256:1',
      },
      { kind: 'secret', id: 'x', severity: 'UNKNOWN' },
    ])
  })

  it('keeps a finding whose severity it does not know', () => {
    const scan = parse(report => {
      report.Results = ['DIRE', 4, null, {}].map(Severity =>
        packages({ VulnerabilityID: 'CVE-1', PkgName: 'x', Severity }),
      )
    })
    expect(scan.findings.map(({ severity }) => severity)).toEqual(Array(4).fill('UNKNOWN'))
  })

  it.each<[string, (report: RawReport) => void, string | RegExp]>([
    ['another schema', r => (r['SchemaVersion'] = 3), 'SchemaVersion is 3, not 2'],
    ['a report about something else', r => (r['ArtifactType'] = 'filesystem'), 'ArtifactType is "filesystem"'],
    ['no metadata', r => (r['Metadata'] = undefined as never), 'Metadata is not an object'],
    ['results that are no list', r => (r.Results = {} as never), 'Results is not a list'],
    ['a result that is no object', r => (r.Results = [null] as never), 'Results[] is not an object'],
    ['a finding without an identifier', r => (r.Results = [packages({})]), 'VulnerabilityID is missing'],
    ['other layers', r => (r.Metadata.ImageConfig.rootfs.diff_ids = ['sha256:0']), 'about another image'],
    ['layers in one', r => (r.Metadata.ImageConfig.rootfs.diff_ids = [diffIds.join()]), 'about another image'],
    ['layers that Trivy did not look at', r => r.Metadata.DiffIDs.pop(), 'about another image'],
    ['no results', r => (r.Results = null as never), 'Results is not a list'],
    ['a result of no class', r => (r.Results = [{ Target: 'x' } as never]), 'Class is missing'],
    ['a result of nothing', r => (r.Results = [{ Class: 'custom' } as never]), 'Target is missing'],
    [
      'a version that is no text',
      r => (r.Results = [packages({ ...cve, FixedVersion: 2 })]),
      'FixedVersion is not a text',
    ],
    [
      'vulnerabilities of another class',
      r => (r.Results = [{ ...packages(cve), Class: 'unknown' }]),
      'there are Vulnerabilities in a result of the class "unknown"',
    ],
    [
      'secrets of another class',
      r => (r.Results = [{ Target: '/x', Class: 'license', Secrets: [{}] }]),
      'there are Secrets in a result of the class "license"',
    ],
    [
      'findings that something made Trivy leave out',
      r => (r.Results = [{ ...packages(), ExperimentalModifiedFindings: [{ Status: 'ignored' }] }]),
      'Trivy was told to leave findings out',
    ],
    ['a distribution without its packages', r => delete r.Results, 'it names debian, and says nothing of its packages'],
    ['an end of life that is neither', r => (r.Metadata.OS = { Family: 'debian', EOSL: 'true' }), 'EOSL is "true"'],
    ['a very long version', r => (r['SchemaVersion'] = 'x'.repeat(1000)), /SchemaVersion is "x{58}…, not 2/],
    ['a very deep version', r => (r['SchemaVersion'] = [[]]), 'SchemaVersion is a list'],
  ])('refuses %s', (_, change, message) => {
    expect(() => parse(change)).toThrow(IntegrityError)
    expect(() => parse(change)).toThrow(message)
  })

  it.each(['', '{', recorded.slice(0, recorded.length / 2), '[]', 'null'])('refuses half a report', text => {
    expect(() => parseScanReport(text, diffIds)).toThrow(IntegrityError)
  })

  it('refuses an object that says something twice', () => {
    for (const key of ['"Results"', '"Re\\u0073ults"', '"Results" \n']) {
      const twice = recorded.replace(/}\s*$/, `,${key}:[]}`)
      expect(() => parseScanReport(twice, diffIds)).toThrow('has the key "Results" more than once')
    }
    const strings = JSON.stringify({ ...raw(), Note: ['"a":{"a":1,"a":', '\\', '"Results":', '\\"'] })
    expect(parseScanReport(strings, diffIds).findings).toHaveLength(2)
  })

  it('says where nobody looked at the packages of the distribution', () => {
    const unexamined = (OS: Json | undefined, ...Results: RawResult[]): string | undefined =>
      parse(report => Object.assign(report, { Results, Metadata: { ...report.Metadata, OS } })).unexamined
    expect(unexamined({ Family: 'none', Name: '' })).toBe(
      'there are packages of a distribution that was not recognised',
    )
    expect(unexamined({ Family: 'fedora', Name: '42' })).toBe('Trivy does not know the vulnerabilities of fedora 42')
    expect(unexamined({ Family: 'debian', Name: '12.5' }, packages())).toBe(
      'debian 12.5 was recognised, but no package of it',
    )
    expect(unexamined({ Family: 'debian' }, packages(cve))).toBeUndefined()
    expect(unexamined({ Family: 'activestate' })).toBe('Trivy does not know the vulnerabilities of activestate')
    expect(unexamined({ Family: 'alpine', Name: '3.20', Supplier: 'rapidfort' }, packages(cve))).toContain('rapidfort')
    expect(unexamined(undefined)).toBeUndefined()
  })

  it('names packages of third parties, which Trivy does not look up', () => {
    const third = (Name: string): Json => ({ Name, Repository: { Class: 'third-party' } })
    const scan = parse(report => {
      const own = { Name: 'bash', Repository: { Class: 'official' } }
      report.Results = [{ Target: 'x', Class: 'os-pkgs', Packages: [own, third('nginx'), third('docker-ce')] }]
    })
    expect(scan.leftOut).toEqual([
      'packages of third parties: docker-ce, nginx (Trivy knows no vulnerabilities of them)',
    ])
    const many = parse(report => {
      const Packages = Array.from({ length: 8 }, (_, at) => third(`p${String(at)}`))
      report.Results = [{ Target: 'x', Class: 'os-pkgs', Packages }]
    })
    expect(many.leftOut?.[0]).toContain('p0, p1, p2, p3, p4 and 3 more')
    expect(parse(() => undefined)).not.toHaveProperty('leftOut')
  })

  it.each([
    ['alpine', 'dpkg'],
    ['debian', 'apk'],
    ['wolfi', 'rpm'],
    ['rocky', 'dpkg'],
  ])('refuses an image that says it is %s, with packages of %s', (Family, AnalyzedBy) => {
    const packagesBy = (analyzer: string): (() => unknown) =>
      parse.bind(undefined, report => {
        report.Metadata = { ...report.Metadata, OS: { Family, Name: '9' } }
        report.Results = [
          { Target: 'x', Class: 'os-pkgs', Packages: [{ Name: 'a', AnalyzedBy: analyzer }, { Name: 'b' }] },
        ]
      })
    expect(packagesBy(AnalyzedBy)).toThrow(`for ${Family} 9, but 1 of its packages are those of ${AnalyzedBy}`)
    expect(packagesBy({ debian: 'dpkg', rocky: 'rpmqa' }[Family] ?? 'apk')).not.toThrow()
    expect(packagesBy('sbom')).not.toThrow()
  })

  it.each([
    ['python-pkg', { Name: 'seal-django', Version: '4.2' }, true],
    ['pip', { Name: 'django', Version: '4.2.8+sp1' }, true],
    ['jar', { Name: 'seal.sp1.org.x:y', Version: '1' }, true],
    ['node-pkg', { Name: '@seal-security/ejs', Version: '1' }, true],
    ['gobinary', { Name: 'sealsecurity.io/x', Version: 'v1' }, true],
    ['node-pkg', { Name: 'seal-django', Version: '1.0.0+sp1' }, false],
    ['gemspec', { Name: 'sealed', Version: '1' }, false],
  ])('tells which packages only a supplier’s advisories are for: %s %j', (Type, one, expected) => {
    const scan = parse(report => {
      report.Results?.push({ Target: 'x', Class: 'lang-pkgs', Type, Packages: [one] })
    })
    expect(scan.leftOut?.join()).toEqual(
      expected ? expect.stringMatching(/Seal Security: .* of that supplier only/) : undefined,
    )
  })

  it.each([
    [{ Name: 'openssl', SrcName: 'seal-openssl' }, 'packages of Seal Security: openssl'],
    [{ Name: 'zlib', Version: '1.2', Release: '1.root.io.2' }, 'packages of Root.io: zlib'],
    [{ Name: 'musl', Version: '1.2.4-r10071' }, 'packages of Root.io: musl'],
  ])('tells which packages of the system are a supplier’s: %j', (one, expected) => {
    const scan = parse(report => {
      report.Results = [{ Target: 'x', Class: 'os-pkgs', Packages: [one] }]
    })
    expect(scan.leftOut?.join()).toContain(expected)
  })

  it('takes an image without layers for what it is', () => {
    const empty = parse.bind(undefined, report => {
      report.Metadata.ImageConfig = { rootfs: {}, history: [] } as never
    })
    expect(empty).toThrow('about another image')
  })

  it('never takes nonsense for a report', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), text => {
        expect(() => parseScanReport(text, diffIds)).toThrow(IntegrityError)
      }),
    )
  })
})
