/** When two findings of two scans are the same. */
import type { Finding } from '../model.js'
import { splitPurl } from './purl.js'

/**
 * What a finding is, however often the image is rebuilt and the package upgraded: the vulnerability, the package without
 * its version, where it lies, and of which class it is. Trivy's own fingerprint changes with every build.
 */
export function identityOf(finding: Finding): string {
  return JSON.stringify([finding.kind, finding.id, ...subjectOf(finding)])
}

function subjectOf(finding: Finding): readonly string[] {
  switch (finding.kind) {
    case 'vulnerability': {
      const { name, purl, path = '', class: kind } = finding.package
      return [purl === undefined ? name : splitPurl(purl).name, path, kind]
    }
    case 'secret':
      return [finding.path ?? '']
    case 'misconfiguration':
      return [finding.place?.file ?? '', finding.message]
    default:
      return []
  }
}

/** Where a finding lies, in all the ways in which people name it: in the image, in the repository. Without a leading slash. */
export function pathsOf(finding: Finding): readonly string[] {
  const inImage =
    finding.kind === 'vulnerability' ? finding.package.path : finding.kind === 'secret' ? finding.path : undefined
  return [inImage, finding.place?.file].flatMap(path => (path === undefined ? [] : [path.replace(/^\//, '')]))
}

/** The same finding in the same version of the package, or on the same line of the file. */
export function exactIdentityOf(finding: Finding): string {
  return `${identityOf(finding)} ${detailOf(finding)}`
}

function detailOf(finding: Finding): string {
  if (finding.kind === 'vulnerability') return finding.package.version
  return finding.kind === 'secret' ? (finding.match ?? '') : ''
}

/**
 * Tells for each finding whether the change brought it. Copies are counted: where there was one and now are two, one was
 * brought, and that is the one in another version.
 */
export function markChanges(
  findings: readonly Finding[],
  before: readonly Finding[],
): readonly ('introduced' | 'existing')[] {
  const exact = new Counter(before.map(exactIdentityOf))
  const unmatched = findings.map(finding => !exact.take(exactIdentityOf(finding)))
  // An upgrade that does not fix it brings nothing new: of these only the package counts, not its version.
  const left = new Counter(before.map(identityOf))
  for (const [index, finding] of findings.entries()) if (unmatched[index] !== true) left.take(identityOf(finding))
  return findings.map((finding, index) => {
    if (unmatched[index] !== true) return 'existing'
    // Another secret in the place of one is a new one, since the old one may be revoked.
    const isSame = finding.kind !== 'secret' && left.take(identityOf(finding))
    return isSame ? 'existing' : 'introduced'
  })
}

/** Things of which there is a number, by key. */
export class Counter {
  readonly #counts = new Map<string, number>()

  constructor(keys: readonly string[]) {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  /** Takes one away. @returns false where none is left */
  take(key: string): boolean {
    const count = this.#counts.get(key) ?? 0
    if (count === 0) return false
    this.#counts.set(key, count - 1)
    return true
  }
}
