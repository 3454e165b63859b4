/** Which distribution an image has, and whether Trivy looked at its packages. */
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

/** The one distribution whose packages are those of its languages (`HasOSPackages` in `pkg/fanal/types/const.go`). */
const withoutPackages = 'activestate'

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
    if (family === withoutPackages) return { os }
    return { os, unexamined: `Trivy does not know the vulnerabilities of ${family} ${name}`.trimEnd() }
  }
  const seen = ofSystem.some(result =>
    ['Packages', 'Vulnerabilities'].some(key => objectsOf(result[key], key).length > 0),
  )
  return seen ? { os } : { os, unexamined: `${family} ${name} was recognised, but no package of it`.replace('  ', ' ') }
}
