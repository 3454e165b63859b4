/**
 * One copy of what is the same in many findings. Images that share layers have the same packages with the same
 * vulnerabilities, and each of Trivy's reports brings copies of its own: without this, 200 images with 2,000 findings each
 * take twice the memory.
 */
import type { Package, Vulnerability } from '../model.js'

const texts = new Map<string, string>()
const objects = new Map<string, object>()

export function oneText(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  texts.set(text, text)
  return text
}

/** @param made flat; told from others in JSON, so that no character in a name can make one look like another */
export function oneOf<T extends object>(kind: string, made: T): T {
  const key = `${kind} ${JSON.stringify(made)}`
  const known = objects.get(key)
  if (known !== undefined) return known as T
  objects.set(key, made)
  return made
}

/** The newest of each ID in a package: the next image that has it most likely has the same. */
const findings = new WeakMap<Package, Map<string, Vulnerability>>()

export function oneVulnerability(finding: Vulnerability): Vulnerability {
  const ofPackage = findings.get(finding.package) ?? new Map<string, Vulnerability>()
  findings.set(finding.package, ofPackage)
  const known = ofPackage.get(finding.id)
  if (known !== undefined && isSame(known, finding)) return known
  ofPackage.set(finding.id, finding)
  return finding
}

function isSame(a: Vulnerability, b: Vulnerability): boolean {
  const names = Object.keys(a) as (keyof Vulnerability)[]
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}
