import { GateError, messageOf, ToolError } from '../errors.js'
import type { BuildOutcome, BuiltImage, ImageScan, ScanOutcome } from '../model.js'
import type { Clock, Console, Engine, Scanner } from '../ports.js'
import { parseScanReport } from './report.js'

export interface ScanPorts {
  readonly engine: Engine
  readonly scanner: Scanner
  readonly console: Console
  readonly clock: Clock
}

/**
 * Scans every image that was built. A scan that fails is that image's outcome, never "no findings".
 * @param timeout milliseconds an image
 */
export async function scanImages(
  builds: readonly BuildOutcome[],
  timeout: number,
  ports: ScanPorts,
): Promise<readonly ScanOutcome[]> {
  const outcomes: ScanOutcome[] = []
  for (const build of builds) {
    if (build.status === 'built') outcomes.push(await scanImage(build, timeout, ports))
  }
  return outcomes
}

async function scanImage(built: BuiltImage, timeout: number, ports: ScanPorts): Promise<ScanOutcome> {
  const started = ports.clock.now().getTime()
  const elapsed = (): number => ports.clock.now().getTime() - started
  const { image, imageId } = built
  try {
    const scan = await measure(imageId, timeout, ports)
    ports.console.info(`Scanned ${image.name}: ${describeScan(scan)}`)
    return { status: 'scanned', image, imageId, scan, duration: elapsed() }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const log = error instanceof ToolError ? error.log : []
    ports.console.info(`${image.name}: the scan failed: ${messageOf(error)}`)
    const failure = { message: `the scan failed: ${messageOf(error)}`, advice: error.advice, log }
    return { status: 'failed', image, imageId, failure, duration: elapsed() }
  }
}

function measure(imageId: string, timeout: number, { engine, scanner }: ScanPorts): Promise<ImageScan> {
  return engine.withExport(imageId, async ({ archive, diffIds }) =>
    parseScanReport(await scanner.scan(archive, timeout), diffIds),
  )
}

function describeScan({ os, packages, findings }: ImageScan): string {
  const system = os === undefined ? 'no operating system recognised' : `${os.family} ${os.name}`
  return `${system}, ${String(packages)} packages, ${String(findings.length)} findings before the policy`
}
