/**
 * One copy of what is the same in many findings. Images that share layers have the same packages with the same
 * vulnerabilities, and each of Trivy's reports brings copies of its own: without this, 200 images with 2,000 findings each
 * take four times the memory.
 */
import type { Package, Vulnerability } from '../model.js'

const texts = new Map<string, string>()
const objects = new Map<string, object>()

/** The newest of each ID in a package: the next image that has it most likely has the same. */
const findings = new WeakMap<Package, Map<string, Vulnerability>>()

/** The same finding as that of another image, where it is the same; else one whose parts are those of others. */
export function pooled(finding: Vulnerability): Vulnerability {
  const subject = oneObject(keyOf(finding.package), finding.package)
  const ofPackage = findings.get(subject) ?? new Map<string, Vulnerability>()
  findings.set(subject, ofPackage)
  const ratings = oneObject(JSON.stringify(finding.vendorSeverities), finding.vendorSeverities)
  const own = { ...finding, package: subject, vendorSeverities: ratings }
  const known = ofPackage.get(finding.id)
  if (known !== undefined && isSame(known, own)) return known
  const shared = withSharedTexts(own)
  ofPackage.set(finding.id, shared)
  return shared
}

/** All that there is to a package, in JSON: no character in a name can make one package look like another. */
function keyOf({ name, version, purl, path, class: kind, type }: Package): string {
  return JSON.stringify([name, version, purl, path, kind, type])
}

function withSharedTexts(finding: Vulnerability): Vulnerability {
  const { id, title, url, layer } = finding
  return {
    ...finding,
    id: oneText(id),
    ...(title === undefined ? {} : { title: oneText(title) }),
    ...(url === undefined ? {} : { url: oneText(url) }),
    ...(layer === undefined ? {} : { layer: oneText(layer) }),
  }
}

function isSame(a: Vulnerability, b: Vulnerability): boolean {
  const names = Object.keys(a) as (keyof Vulnerability)[]
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}

function oneText(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  texts.set(text, text)
  return text
}

function oneObject<T extends object>(key: string, object: T): T {
  const known = objects.get(key)
  if (known !== undefined) return known as T
  objects.set(key, object)
  return object
}
