/** Which of several versions is the newest; only where that is certain. */
import type { Package, Vulnerability } from '../model.js'
import { compareAlpine } from './alpine.js'
import { compareDebian } from './debian.js'
import { compareRpm } from './rpm.js'
import { compareNumbers, compareSemver } from './semver.js'

/** @returns negative, zero or positive; undefined where the two cannot be compared for certain */
type Compare = (a: string, b: string) => number | undefined

/** The lowest version of a package that fixes all of the findings; undefined where it is not certain. */
export function fixingVersion(findings: readonly Vulnerability[]): string | undefined {
  const fixes = findings.map(fixOf)
  const [first] = fixes
  if (first === undefined) return undefined
  if (fixes.every(fix => fix === first)) return first
  const compare = compareFor(findings[0]?.package)
  return fixes.reduce<string | undefined>((highest, fix) => {
    if (highest === undefined || fix === undefined) return undefined
    const order = compare(fix, highest)
    return order === undefined ? undefined : order > 0 ? fix : highest
  }, first)
}

/** Of several versions that fix a finding, each on its own line of releases, the next above the installed one. */
function fixOf({ fixedVersion, package: installed }: Vulnerability): string | undefined {
  const candidates = (fixedVersion ?? '').split(',').map(version => version.trim())
  if (candidates.length === 1) return candidates[0] === '' ? undefined : candidates[0]
  const compare = compareFor(installed)
  const above = candidates.filter(version => (compare(version, installed.version) ?? 0) > 0)
  const sorted = above.toSorted((a, b) => compare(a, b) ?? 0)
  return candidates.every(version => compare(version, installed.version) !== undefined) ? sorted[0] : undefined
}

/** By Trivy's names of distributions and of kinds of packages; what is not here has numbers and points, or no order. */
const comparers: Readonly<Record<string, Compare>> = {
  ...orderOf(compareDebian, 'debian ubuntu'),
  ...orderOf(compareAlpine, 'alpine chainguard wolfi'),
  ...orderOf(
    compareRpm,
    'alma amazon azurelinux cbl-mariner centos fedora opensuse-leap opensuse-tumbleweed oracle photon redhat rocky',
  ),
  ...orderOf(compareSemver, 'cargo gobinary gomod node-pkg npm pnpm rustbinary yarn'),
}

function orderOf(compare: Compare, types: string): Record<string, Compare> {
  return Object.fromEntries(types.split(' ').map(type => [type, compare]))
}

function compareFor(subject: Package | undefined): Compare {
  return comparers[subject?.type ?? ''] ?? compareNumbers
}
