/** What Trivy left out of its report on an image. */
import { ToolError } from '../errors.js'
import type { ImageScan } from '../model.js'
import type { ImageReport } from '../ports.js'

/**
 * @param scan what the report says of the image
 * @returns the same, with what Trivy said beside its report
 * @throws ToolError where packages of the distribution are not in the report: nothing is known of their vulnerabilities
 */
export function withLeftOut(scan: ImageScan, said: Omit<ImageReport, 'text'>): ImageScan {
  refuseLostPackages(said.lostPackages)
  const leftOut = [...said.leftOut, ...(scan.leftOut ?? [])]
  const { unknownRelease: release } = said
  const unexamined =
    scan.unexamined ??
    (release === undefined
      ? undefined
      : `Trivy does not know the release ${release}, and maybe no vulnerabilities of it`)
  return {
    ...scan,
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(unexamined === undefined ? {} : { unexamined }),
  }
}

function refuseLostPackages(lostPackages: readonly string[]): void {
  const [first] = lostPackages
  if (first === undefined) return
  const others = lostPackages.length === 1 ? '' : ` (and ${String(lostPackages.length - 1)} more lines like it)`
  throw new ToolError(
    `Trivy left out packages of the image’s distribution: ${first}${others}`,
    'Look for what writes to the package database of the image beside the package manager, and take it out of the Dockerfile. Packages that were not looked at are never a pass.',
    lostPackages.slice(0, 20),
  )
}
