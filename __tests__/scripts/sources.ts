/** Texts as the sources of Trivy's checksums give them, in the formats of August 2026, with values that the tests choose. */
import type { components } from '@octokit/openapi-types'

type Release = components['schemas']['release']
type Asset = components['schemas']['release-asset']

/** Archive name to SHA-256. */
export type Values = Readonly<Record<string, string>>

const upstream = 'https://github.com/aquasecurity/trivy/releases/download'
const user = { login: 'github-actions[bot]', id: 41898282, type: 'Bot', site_admin: false } as Asset['uploader']
export const day = 24 * 60 * 60 * 1000

/** A SHA-256 that is different for each text, and easy to tell from others. */
export function hash(text: string): string {
  return Buffer.from(text).toString('hex').padEnd(64, '0').slice(-64)
}

/** All archives of a version, each with a value of its own. */
export function archives(version: string, ...suffixes: string[]): Record<string, string> {
  return Object.fromEntries(
    suffixes.map(suffix => [`trivy_${version}_${suffix}`, hash(`${version} ${suffix.slice(0, 12)}`)]),
  )
}

export const everywhere = ['Linux-64bit.tar.gz', 'Linux-ARM64.tar.gz', 'macOS-64bit.tar.gz', 'macOS-ARM64.tar.gz']

function asset(version: string, name: string, digest: string | null, uploaded: string): Asset {
  return {
    url: 'https://api.github.com/repos/aquasecurity/trivy/releases/assets/1',
    browser_download_url: `${upstream}/v${version}/${name}`,
    id: 1,
    node_id: 'RA_1',
    name,
    label: '',
    state: 'uploaded',
    content_type: 'application/gzip',
    size: 47_000_000,
    digest,
    download_count: 12_345,
    created_at: uploaded,
    updated_at: uploaded,
    uploader: user,
  }
}

/** One release; the type is that of GitHub's own description of its API. */
export function release(
  version: string,
  values: Values,
  more: Partial<Release> & { readonly uploaded?: string } = {},
): Release {
  const { uploaded = '2026-08-14T09:00:00Z', ...fields } = more
  return {
    url: 'https://api.github.com/repos/aquasecurity/trivy/releases/1',
    html_url: `https://github.com/aquasecurity/trivy/releases/tag/v${version}`,
    assets_url: 'https://api.github.com/repos/aquasecurity/trivy/releases/1/assets',
    upload_url: 'https://uploads.github.com/repos/aquasecurity/trivy/releases/1/assets{?name,label}',
    tarball_url: `https://api.github.com/repos/aquasecurity/trivy/tarball/v${version}`,
    zipball_url: `https://api.github.com/repos/aquasecurity/trivy/zipball/v${version}`,
    id: 1,
    node_id: 'RE_1',
    tag_name: `v${version}`,
    target_commitish: 'main',
    name: `v${version}`,
    body: '## Changelog',
    draft: false,
    prerelease: false,
    immutable: true,
    created_at: uploaded,
    published_at: uploaded,
    author: user as Release['author'],
    assets: [
      ...Object.entries(values).map(([name, value]) => asset(version, name, `sha256:${value}`, uploaded)),
      asset(version, `trivy_${version}_checksums.txt`, `sha256:${hash('checksums')}`, uploaded),
      asset(version, `trivy_${version}_Linux-64bit.tar.gz.sigstore.json`, null, uploaded),
    ],
    ...fields,
  }
}

const installNames: Readonly<Record<string, string>> = {
  'Linux-64bit.tar.gz': 'x86_64_linux_gnu',
  'macOS-64bit.tar.gz': 'x86_64_macos',
  'windows-64bit.zip': 'x86_64_windows',
  'Linux-ARM64.tar.gz': 'aarch64_linux_gnu',
  'macOS-ARM64.tar.gz': 'aarch64_macos',
  'Linux-PPC64LE.tar.gz': 'powerpc64le_linux_gnu',
  'Linux-s390x.tar.gz': 's390x_linux_gnu',
}

/** `manifests/trivy.json` of taiki-e/install-action; `key` was `checksum` until 2026. */
export function installAction(values: Values, key = 'hash', address = upstream): string {
  const template = Object.entries(installNames).map(([suffix, name]): [string, unknown] => [
    name,
    { url: `${address}/v\${version}/trivy_\${version}_${suffix}`, bin: 'trivy' },
  ])
  const versions: Record<string, Record<string, unknown>> = {}
  for (const [archive, value] of Object.entries(values)) {
    const [, version = '', suffix = ''] = archive.split('_')
    const platforms = (versions[version] ??= {})
    platforms[installNames[suffix] ?? ''] = { etag: '0x8DEF9F73B032717', [key]: value }
  }
  const [newest = ''] = Object.keys(versions)
  const aliases = { latest: { version: newest }, [newest.split('.').slice(0, 2).join('.')]: { version: newest } }
  return JSON.stringify({ rust_crate: null, template: Object.fromEntries(template), ...aliases, ...versions }, null, 2)
}

/** `trivy.hcl` of cashapp/hermit-packages. */
export function hermit(values: Values, address = upstream): string {
  const lines = Object.entries(values).map(
    ([archive, value]) => `  "${address}/v${archive.split('_')[1] ?? ''}/${archive}": "${value}",`,
  )
  return `description = "Find vulnerabilities, misconfigurations, secrets, SBOM"
binaries = ["trivy"]
test = "trivy --version"
source = "${address}/v\${version}/trivy_\${version}_\${_os}-\${_arch}.tar.gz"

platform "amd64" {
  vars = {
    "_arch": "64bit",
  }
}

version "0.73.0" "0.74.0" {
  auto-version {
    github-release = "aquasecurity/trivy"
  }
}

sha256sums = {
${lines.join('\n')}
}
`
}
