/** Which distribution an image has, and whether Trivy looked at its packages. */
import { IntegrityError } from '../errors.js'
import type { ImageScan } from '../model.js'
import { asObject, objectsOf, optionalString, shown, unreadable, type JsonObject } from './json.js'

type SystemScan = Pick<ImageScan, 'os' | 'unexamined'>

/**
 * Distributions that Trivy has known vulnerabilities of for years: of these its report has packages, or it is not whole.
 * Of others it depends on the version of Trivy (`drivers` in `pkg/detector/ospkg/detect.go` of aquasecurity/trivy).
 */
const examined: ReadonlySet<string> = new Set([
  ...['alma', 'alpine', 'amazon', 'cbl-mariner', 'centos', 'chainguard', 'debian', 'oracle', 'photon', 'redhat'],
  ...['rocky', 'ubuntu', 'wolfi'],
])

/** The analyzers of packages that distributions have (`pkg/fanal/analyzer/pkg` in aquasecurity/trivy). */
const managers: readonly (readonly [analyzers: readonly string[], families: readonly string[]])[] = [
  [['apk'], ['alpine', 'chainguard', 'minimos', 'wolfi']],
  [['dpkg'], ['debian', 'echo', 'ubuntu']],
  [
    ['rpm', 'rpmqa'],
    [
      ...['alma', 'amazon', 'azurelinux', 'cbl-mariner', 'centos', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed'],
      ...['oracle', 'photon', 'redhat', 'rocky', 'slem', 'sles'],
    ],
  ],
]

/** What Trivy calls the distribution of packages that belong to none. */
const none = 'none'

/** @throws IntegrityError where the report says nothing of the packages of a distribution that Trivy knows */
export function readSystem(value: unknown, results: readonly JsonObject[]): SystemScan {
  if (value === undefined) return {}
  const system = asObject(value, 'OS')
  const [family, name = ''] = [optionalString(system['Family'], 'Family'), optionalString(system['Name'], 'Name')]
  const endOfLife = system['EOSL'] ?? false
  if (typeof endOfLife !== 'boolean') throw unreadable(`EOSL is ${shown(endOfLife)}`)
  if (family === undefined) return {}
  // Whoever removes the files that tell the distribution would otherwise be rid of all its vulnerabilities.
  if (family === none) return { unexamined: 'there are packages of a distribution that was not recognised' }
  const os = { family, name, endOfLife }
  const ofSystem = results.filter(({ Class }) => Class === 'os-pkgs')
  if (ofSystem.length === 0) {
    if (examined.has(family)) throw unreadable(`it names ${family}, and says nothing of its packages`)
    // Of ActiveState, for instance, Trivy never looks at them (`HasOSPackages` in `pkg/fanal/types/const.go`).
    return { os, unexamined: `Trivy does not know the vulnerabilities of ${family} ${name}`.trimEnd() }
  }
  refuseOthers(os, ofSystem)
  const supplier = optionalString(system['Supplier'], 'Supplier')
  // A file of any content says so.
  if (supplier === 'rapidfort') {
    return { os, unexamined: `an image of ${supplier}: Trivy looks in the advisories of that supplier only` }
  }
  const seen = ofSystem.some(result =>
    ['Packages', 'Vulnerabilities'].some(key => objectsOf(result[key], key).length > 0),
  )
  return seen ? { os } : { os, unexamined: `${family} ${name} was recognised, but no package of it`.replace('  ', ' ') }
}

/**
 * A file that names another distribution makes Trivy hold every package against advisories that have none of them.
 * @throws IntegrityError where packages are not those of a package manager that the distribution has
 */
function refuseOthers({ family, name }: NonNullable<ImageScan['os']>, ofSystem: readonly JsonObject[]): void {
  const own = managers.find(([, families]) => families.includes(family))?.[0]
  if (own === undefined) return
  const others = ofSystem
    .flatMap(result => objectsOf(result['Packages'], 'Packages'))
    .map(one => optionalString(one['AnalyzedBy'], 'Packages[].AnalyzedBy'))
    .filter(analyzer => analyzer !== undefined && isManager(analyzer) && !own.includes(analyzer))
  if (others.length === 0) return
  throw new IntegrityError(
    `Trivy takes the image for ${`${family} ${name}`.trimEnd()}, but ${String(others.length)} of its packages are those of ${String(others[0])}`,
    'Let no file of the image or of its base image name another distribution than the one that its packages are of (/etc/alpine-release, /etc/debian_version, /etc/redhat-release, /etc/os-release).',
  )
}

function isManager(analyzer: string): boolean {
  return managers.some(([analyzers]) => analyzers.includes(analyzer))
}
