/**
 * Which Trivy may run: release archives by version and platform with their SHA-256, and versions that must never run.
 *
 * `trivy-releases.json` was put together from public files, most values from several independent ones (named in it).
 * `trivy-denylist.json` is the table of the advisory GHSA-69fq-xp46-6x23 (CVE-2026-33634): a malicious release went
 * through Trivy's genuine release pipeline, so that a checksum or a signature fetched beside it would have said yes.
 */
import type { TrivySettings } from '../ports.js'
import denylist from './trivy-denylist.json' with { type: 'json' }
import table from './trivy-releases.json' with { type: 'json' }

type ReleaseTable = Readonly<Record<string, Readonly<Record<string, { readonly sha256: string }>>>>
type Denylist = Readonly<
  Record<
    string,
    {
      readonly reason: string
      readonly archives?: Record<string, string>
      readonly executables?: Record<string, string>
    }
  >
>

const releases: ReleaseTable = table.releases
const denied: Denylist = denylist.versions

/** The suffixes of Trivy's archives, by Node's names for platform and architecture. */
const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'Linux-64bit',
  'linux-arm64': 'Linux-ARM64',
  'linux-arm': 'Linux-ARM',
  'linux-s390x': 'Linux-s390x',
  'linux-ppc64': 'Linux-PPC64LE',
  'darwin-x64': 'macOS-64bit',
  'darwin-arm64': 'macOS-ARM64',
}

/** The file name of a release's archive for a platform such as `linux-x64`; undefined where Trivy has none. */
export function assetName(version: string, platform: string): string | undefined {
  const suffix = platforms[platform]
  return suffix === undefined ? undefined : `trivy_${version}_${suffix}.tar.gz`
}

/** The known SHA-256 of a release's archive. */
export function knownSha256(version: string, platform: string): string | undefined {
  return releases[version]?.[assetName(version, platform) ?? '']?.sha256
}

/** Why a version must not run, whatever its checksum says. */
export function deniedVersion(version: string): string | undefined {
  return denied[version]?.reason
}

/** Why a file with this SHA-256, archive or program, must not run. */
export function deniedSha256(sha256: string): string | undefined {
  const bad = Object.entries(denied).find(([, { archives = {}, executables = {} }]) =>
    [...Object.values(archives), ...Object.values(executables)].includes(sha256),
  )
  return bad === undefined ? undefined : `Trivy ${bad[0]}: ${bad[1].reason}`
}

/** Versions with a known checksum for a platform, newest first. */
export function knownVersions(platform: string): string[] {
  return Object.keys(releases)
    .filter(version => knownSha256(version, platform) !== undefined)
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}

/** What is wrong with the Trivy inputs together; said with all other wrong inputs. */
export function trivyMistakes({ version, sha256, path }: TrivySettings, platform: string): string[] {
  const reason = deniedVersion(version)
  if (reason !== undefined) {
    return [`trivy-version: ${version} is refused: ${reason}. Use ${knownVersions(platform)[0] ?? 'another version'}`]
  }
  if (path !== undefined) return []
  if (assetName(version, platform) === undefined) {
    return [`trivy-version: Trivy has no release for ${platform}. Use a Linux or macOS runner, or set trivy-path`]
  }
  if (sha256 !== undefined || knownSha256(version, platform) !== undefined) return []
  return [
    `trivy-version: Image Gate knows no checksum of ${version} for ${platform}. ` +
      `Use one of ${knownVersions(platform).slice(0, 5).join(', ')}, or give the archive's SHA-256 in trivy-sha256`,
  ]
}
