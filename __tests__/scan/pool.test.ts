import { readVulnerabilities } from '../../src/scan/finding.js'

const result = (more: object = {}): { Class: string; Type: string; Vulnerabilities: unknown[] } => ({
  Class: 'os-pkgs',
  Type: 'debian',
  Vulnerabilities: [
    {
      VulnerabilityID: 'CVE-2014-0160',
      PkgName: 'openssl',
      InstalledVersion: '1.0.1e-2',
      FixedVersion: '1.0.1g-1',
      Severity: 'HIGH',
      VendorSeverity: { nvd: 3, redhat: 4 },
      Title: 'Heartbleed',
      Layer: { DiffID: 'sha256:1' },
      ...more,
    },
  ],
})

describe('findings of several images', () => {
  it('are one and the same where they are the same', () => {
    const [first] = readVulnerabilities(structuredClone(result()))
    const [second] = readVulnerabilities(structuredClone(result()))
    expect(second).toBe(first)
    expect(first).toMatchObject({ id: 'CVE-2014-0160', vendorSeverities: { nvd: 'HIGH', redhat: 'CRITICAL' } })
  })

  it.each([
    ['the layer', { Layer: { DiffID: 'sha256:2' } }, { layer: 'sha256:2' }],
    ['the rating', { Severity: 'LOW' }, { severity: 'LOW' }],
    ['what others say', { VendorSeverity: { nvd: 1 } }, { vendorSeverities: { nvd: 'LOW' } }],
    ['the fix', { FixedVersion: '2' }, { fixedVersion: '2' }],
    ['the version', { InstalledVersion: '1' }, { package: { version: '1' } }],
    ['the path', { PkgPath: 'a/b' }, { package: { path: 'a/b' } }],
    ['what is not known', { Title: undefined, PrimaryURL: 'https://x.example' }, { url: 'https://x.example' }],
  ])('are two where %s is another', (_, more, expected) => {
    const [first] = readVulnerabilities(result())
    const [other] = readVulnerabilities(result(more))
    expect(other).not.toBe(first)
    expect(other).toMatchObject(expected)
    expect(readVulnerabilities(result())[0]).toEqual(first)
  })
})
