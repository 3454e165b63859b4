/** What Trivy left out of its report on an image. */
import { ToolError } from '../errors.js'

/**
 * @param lostPackages what Trivy said of packages of the distribution that are not in its report
 * @throws ToolError where there are some: nothing is known of their vulnerabilities
 */
export function refuseLostPackages(lostPackages: readonly string[]): void {
  const [first] = lostPackages
  if (first === undefined) return
  const others = lostPackages.length === 1 ? '' : ` (and ${String(lostPackages.length - 1)} more lines like it)`
  throw new ToolError(
    `Trivy left out packages of the image’s distribution: ${first}${others}`,
    'Look for what writes to the package database of the image beside the package manager, and take it out of the Dockerfile. Packages that were not looked at are never a pass.',
    lostPackages.slice(0, 20),
  )
}
