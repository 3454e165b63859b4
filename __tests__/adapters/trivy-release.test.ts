import {
  assetName,
  deniedSha256,
  deniedVersion,
  knownSha256,
  knownVersions,
  trivyMistakes,
} from '../../src/adapters/trivy-release.js'
import { inputTable } from '../../src/inputs.js'
import type { TrivySettings } from '../../src/ports.js'

const settings = (more: Partial<TrivySettings>): TrivySettings => ({
  version: '0.74.0',
  mirror: 'https://mirror.example',
  dbRepositories: [],
  javaDbRepositories: [],
  ...more,
})

describe('the table of releases', () => {
  it('knows the default version for every platform that a runner has', () => {
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']) {
      expect(knownSha256(inputTable['trivy-version'].default, platform)).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('has no version and no checksum that is refused', () => {
    for (const version of knownVersions('linux-x64')) {
      expect(deniedVersion(version)).toBeUndefined()
      expect(deniedSha256(knownSha256(version, 'linux-x64') ?? '')).toBeUndefined()
    }
  })

  it('knows the files of the malicious release', () => {
    expect(deniedSha256('385d498d18a3a7c67878ca7322716f9da25683eb1a4bf9e9592da0d5f2ab09f6')).toMatch(
      /^Trivy 0\.69\.4: malicious/,
    )
    expect(deniedSha256('822dd269ec10459572dfaaefe163dae693c344249a0161953f0d5cdd110bd2a0')).toMatch(/^Trivy 0\.69\.4/)
  })

  it('sorts versions by number, newest first', () => {
    const versions = knownVersions('linux-x64')
    expect(versions.indexOf('0.74.0')).toBeLessThan(versions.indexOf('0.69.3'))
  })

  it('names archives as the releases do', () => {
    expect(assetName('0.74.0', 'linux-x64')).toBe('trivy_0.74.0_Linux-64bit.tar.gz')
    expect(assetName('0.74.0', 'darwin-arm64')).toBe('trivy_0.74.0_macOS-ARM64.tar.gz')
    expect(assetName('0.74.0', 'win32-x64')).toBeUndefined()
  })
})

describe('trivyMistakes', () => {
  it.each<[string, Partial<TrivySettings>, string, RegExp[]]>([
    ['a known version', {}, 'linux-x64', []],
    [
      'a refused version, even with a checksum',
      { version: '0.69.4', sha256: 'a'.repeat(64) },
      'linux-x64',
      [/^trivy-version: 0\.69\.4 is refused: malicious/],
    ],
    ['a refused version, even with a path', { version: '0.69.5', path: '/x' }, 'linux-x64', [/is refused/]],
    [
      'an unknown version',
      { version: '9.9.9' },
      'linux-x64',
      [/knows no checksum of 9\.9\.9 for linux-x64\. Use one of 0\.\d+\.\d+, .* trivy-sha256$/],
    ],
    ['an unknown version with a checksum', { version: '9.9.9', sha256: 'a'.repeat(64) }, 'linux-x64', []],
    ['a platform without releases', {}, 'win32-x64', [/Trivy has no release for win32-x64/]],
    ['a program of one’s own', { version: '9.9.9', path: '/opt/trivy' }, 'win32-x64', []],
  ])('judges %s', (_, more, platform, expected) => {
    const mistakes = trivyMistakes(settings(more), platform)
    expect(mistakes).toHaveLength(expected.length)
    expected.forEach((pattern, index) => {
      expect(mistakes[index]).toMatch(pattern)
    })
  })
})
