/** The files of an image that Trivy reads by their names, to tell which packages are installed (of aquasecurity/trivy 0.74). */

/** `requiredFiles` of the analyzers in `pkg/fanal/analyzer/os`, `pkg`, `repo` and `rapidfort`. */
const systemFiles: ReadonlySet<string> = new Set([
  ...['etc/alpine-release', 'etc/apk/repositories', 'etc/debian_version', 'etc/lsb-release', 'etc/os-release'],
  ...['usr/lib/os-release', 'etc/system-release', 'usr/lib/system-release', 'etc/almalinux-release'],
  ...['etc/centos-release', 'etc/fedora-release', 'usr/lib/fedora-release', 'etc/oracle-release', 'etc/redhat-release'],
  ...['etc/rocky-release', 'var/lib/ubuntu-advantage/status.json', 'usr/share/rapidfort/curated.json'],
  ...['lib/apk/db/installed', 'usr/lib/apk/db/installed', 'var/lib/dpkg/status', 'var/lib/dpkg/available'],
  ...['usr/lib/sysimage/rpm', 'var/lib/rpm', 'usr/share/rpm'].flatMap(folder =>
    ['Packages', 'Packages.db', 'rpmdb.sqlite'].map(name => `${folder}/${name}`),
  ),
  'var/lib/rpmmanifest/container-manifest-2',
])

/** Each file in it tells of packages: images without a package manager have them. */
const systemFolder = 'var/lib/dpkg/status.d'

/** Where packages of the system, and the distribution, are told. A link over one of these hides it. */
export const systemPaths: readonly string[] = [...systemFiles, `${systemFolder}/*`]

/** True for the files of the system, of which there is one for the whole image. */
export function isSystemFile(path: string): boolean {
  return systemFiles.has(path) || path.startsWith(`${systemFolder}/`)
}

/** Names that tell by themselves what a file says (`Required` of the analyzers in `pkg/fanal/analyzer/language`). */
const names: ReadonlySet<string> = new Set([
  ...['package.json', 'installed.json', 'Cargo.lock', 'packages.lock.json', 'packages.config', 'Manifest.toml'],
])

const patterns = [
  /\.(jar|war|ear|par)$/i,
  /\.(egg|deps\.json|egg-info)$/,
  /\.dist-info\/METADATA$/,
  /(\.egg-info\/(PKG-INFO|METADATA)|EGG-INFO\/PKG-INFO)$/,
  /\/specifications\/.+\.gemspec$/,
  /\/envs\/.+\/conda-meta\/[^/]+\.json$/,
]

/** True for every file that Trivy reads because of its name. */
export function isWatched(path: string): boolean {
  return isSystemFile(path) || names.has(nameOf(path)) || patterns.some(pattern => pattern.test(path))
}

/** Names that watched files have, wherever they lie: through a link such a file may come to a watched path. */
export function mayBeWatched(path: string): boolean {
  const name = nameOf(path)
  return watchedNames.has(name) || /\/status\.d\/[^/]+$/.test(path) || isWatched(path) || name.endsWith('.gemspec')
}

const watchedNames: ReadonlySet<string> = new Set([...[...systemFiles].map(nameOf), ...['METADATA', 'PKG-INFO']])

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** SBOM files, which Trivy is told not to read (`requiredSuffixes` in `pkg/fanal/analyzer/sbom/sbom.go`). */
export function isSbom(path: string): boolean {
  return /\.(spdx|cdx)(\.json)?$/.test(path)
}
