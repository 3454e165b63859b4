/** Which findings an exception lets pass, and what became of each exception. */
import picomatch from 'picomatch'
import type { Exception, ExceptionUse, Finding, ImageVerdict } from '../model.js'
import { pathsOf } from './identity.js'
import { splitPurl } from './purl.js'
import { matchesName } from './rules.js'

/** How long before its end an exception is announced, in milliseconds: two weeks. */
const announced = 14 * 24 * 3_600_000

/** @returns the first exception that lets the finding pass */
export type FindException = (finding: Finding, imageName: string) => Exception | undefined

/** Sorted by what they are about once, since there may be very many findings. */
export function exceptionFinder(exceptions: readonly Exception[], now: Date): FindException {
  const byId = new Map<string, Exception[]>()
  for (const exception of exceptions.filter(one => holds(one, now))) {
    const id = exception.id.toLowerCase()
    const known = byId.get(id)
    if (known === undefined) byId.set(id, [exception])
    else known.push(exception)
  }
  return (finding, imageName) =>
    byId.get(finding.id.toLowerCase())?.find(exception => covers(exception, finding, imageName))
}

function holds({ until }: Exception, now: Date): boolean {
  return until === undefined || Date.parse(until) > now.getTime()
}

function covers({ images, packages, paths, source }: Exception, finding: Finding, imageName: string): boolean {
  // VEX has names, and no globs.
  const isImage = (pattern: string): boolean =>
    source === 'vex' ? pattern === imageName : matchesName(imageName, pattern)
  return (
    (images.length === 0 || images.some(isImage)) &&
    (packages.length === 0 || packages.some(name => isPackage(finding, name))) &&
    (paths.length === 0 || paths.some(pattern => isIn(finding, pattern)))
  )
}

function isPackage(finding: Finding, wanted: string): boolean {
  if (finding.kind !== 'vulnerability') return false
  const { name, purl } = finding.package
  if (!wanted.startsWith('pkg:')) return name === wanted
  if (purl === undefined) return false
  const [own, other] = [splitPurl(purl), splitPurl(wanted)]
  // What is named must be so, as in Trivy (`Match` in its `pkg/purl/purl.go`): another release's package is another one.
  return (
    own.name === other.name &&
    (other.version === '' || own.version === other.version) &&
    [...other.qualifiers].every(([key, value]) => own.qualifiers.get(key) === value)
  )
}

function isIn(finding: Finding, pattern: string): boolean {
  const relative = pattern.replace(/^\//, '')
  // `/!x` is a path that begins so, and not all paths but one.
  const matches = picomatch(relative, { dot: true, nonegate: relative !== pattern })
  return pathsOf(finding).some(path => path === relative || matches(path))
}

/** @param images as they were judged with these exceptions */
export function reviewExceptions(
  exceptions: readonly Exception[],
  images: readonly ImageVerdict[],
  now: Date,
): ExceptionUse {
  const used = new Set(images.flatMap(({ findings }) => findings.flatMap(({ exception }) => exception ?? [])))
  const holding = exceptions.filter(exception => holds(exception, now))
  return {
    expired: exceptions.filter(exception => !holds(exception, now)),
    expiring: holding.filter(({ until }) => until !== undefined && Date.parse(until) - now.getTime() <= announced),
    // A VEX document may be about more than is used here; nobody wrote it for this repository alone.
    unused: holding.filter(
      exception => exception.source !== 'vex' && !used.has(exception) && wasTried(exception, images),
    ),
  }
}

/** An exception for an image that was not measured may well be needed. */
function wasTried({ images: patterns }: Exception, images: readonly ImageVerdict[]): boolean {
  return images
    .filter(({ image }) => patterns.length === 0 || patterns.some(pattern => matchesName(image.name, pattern)))
    .every(({ state }) => state === 'clean' || state === 'vulnerable')
}
