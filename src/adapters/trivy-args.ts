/** The arguments of a scan. */
import type { ScanRequest } from '../ports.js'

export interface ScanArgs extends ScanRequest {
  readonly output: string
  readonly cacheDir: string
}

/**
 * One scan of an image without any filter: Trivy measures, the policy decides.
 * @param args with the image as Trivy reads it: `LAYOUT@DIGEST`
 */
export function imageArgs(args: ScanArgs & { readonly input: string }): string[] {
  return [
    'image',
    ...['--input', args.input],
    ...commonArgs(args),
    // Trivy would drop language packages whose files any package of the system lists, and an image can add to the lists.
    ...['--detection-priority', 'comprehensive'],
    ...sbomFiles.flatMap(pattern => ['--skip-files', pattern]),
    // Which secrets Trivy finds in a layer depends on where the layer was seen first: nothing may be shared then.
    ...(args.scanners.includes('secret') ? ['--cache-backend', 'memory'] : []),
    // Only in debug mode does Trivy say what it leaves out of its report.
    '--debug',
  ]
}

/**
 * SBOM files (`requiredSuffixes` in `pkg/fanal/analyzer/sbom/sbom.go` of aquasecurity/trivy). Files that one names are not
 * analyzed, and applications that it names take the place of others: an image could hide anything from Trivy.
 */
const sbomFiles = ['**/*.spdx', '**/*.spdx.json', '**/*.cdx', '**/*.cdx.json']

/** One scan of a folder. Only in debug mode does Trivy say that it cannot read a file. */
export function folderArgs(args: ScanArgs & { readonly directory: string }): string[] {
  return ['fs', ...commonArgs(args), '--cache-backend', 'memory', '--skip-check-update', '--debug', args.directory]
}

/** One scan of what looks like the file system of an image. */
export function proofArgs(args: ScanArgs & { readonly directory: string }): string[] {
  return ['rootfs', ...commonArgs(args), '--cache-backend', 'memory', '--quiet', args.directory]
}

function commonArgs({ output, cacheDir, timeout, scanners }: ScanArgs): string[] {
  return [
    ...['--format', 'json', '--output', output],
    ...['--scanners', scanners.join(','), '--list-all-pkgs'],
    ...['--cache-dir', cacheDir, '--timeout', `${String(Math.ceil(timeout / 1000))}s`],
    '--skip-db-update',
    '--skip-java-db-update',
    '--offline-scan',
    // Both are needed to stop Trivy from calling home.
    '--skip-version-check',
    '--disable-telemetry',
    '--no-progress',
  ]
}
