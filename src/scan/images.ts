import { GateError, messageOf, ToolError } from '../errors.js'
import type { BuildOutcome, BuiltImage, ImageScan, ScanOutcome, WorkDone } from '../model.js'
import type { AnalysisCache, Clock, Console, Engine, Export, ExportedImage, Scanner, Turns } from '../ports.js'
import { planScans } from './plan.js'
import { parseScanReport } from './report.js'

export interface ScanPlan {
  /** Milliseconds an image. */
  readonly timeout: number
  readonly turns: Turns
}

export interface ScanPorts {
  readonly engine: Engine
  readonly scanner: Scanner
  readonly console: Console
  readonly clock: Clock
}

export interface Scans {
  readonly outcomes: readonly ScanOutcome[]
  readonly work: Pick<WorkDone, 'export' | 'scan' | 'layers'>
}

/**
 * Exports every image that was built, together, and scans them. A scan that fails is that image's outcome, never "no
 * findings"; so is an export.
 */
export async function scanImages(builds: readonly BuildOutcome[], plan: ScanPlan, ports: ScanPorts): Promise<Scans> {
  const built = builds.filter(build => build.status === 'built')
  if (built.length === 0) return { outcomes: [], work: { export: 0, scan: 0, layers: noLayers } }
  const { clock, console, engine } = ports
  const started = clock.now().getTime()
  let exportDuration: number | undefined
  const elapsed = (): number => clock.now().getTime() - started
  const scan = async (exported: Export): Promise<Pick<Scans, 'outcomes'> & Pick<WorkDone, 'layers'>> => {
    exportDuration = elapsed()
    return scanExport(built, exported, plan, ports)
  }
  const imageIds = built.map(({ imageId }) => imageId)
  const { outcomes, layers } = await engine.withExport(imageIds, scan).catch((error: unknown) => ({
    outcomes: built.map(image => toFailure(image, error, 0, console)),
    layers: noLayers,
  }))
  const total = elapsed()
  exportDuration ??= total
  return { outcomes, work: { export: exportDuration, scan: total - exportDuration, layers } }
}

const noLayers = { distinct: 0, total: 0, bytes: 0 }

interface Scannable {
  readonly built: BuiltImage
  readonly exported: ExportedImage
}

async function scanExport(
  built: readonly BuiltImage[],
  exported: Export,
  plan: ScanPlan,
  ports: ScanPorts,
): Promise<Pick<Scans, 'outcomes'> & Pick<WorkDone, 'layers'>> {
  const outcomes = new Map<BuiltImage, ScanOutcome>()
  const scannable: Scannable[] = []
  for (const image of built) {
    try {
      scannable.push({ built: image, exported: exported.image(image.imageId) })
    } catch (error) {
      outcomes.set(image, toFailure(image, error, 0, ports.console))
    }
  }
  const scan = async (image: Scannable, cache: AnalysisCache): Promise<void> => {
    outcomes.set(image.built, await scanImage(image, cache, plan, ports))
  }
  const groups = planScans(scannable, image => image.exported.digests.diffIds)
  await Promise.all(
    groups.map(async ({ first, rest }) => {
      const known = await plan.turns(async () => {
        const cache = await ports.scanner.newCache()
        for (const image of first) await scan(image, cache)
        return cache
      })
      const free: AnalysisCache[] = []
      await Promise.all(
        rest.map(image =>
          plan.turns(async () => {
            const cache = free.pop() ?? (await ports.scanner.newCache(known))
            await scan(image, cache)
            free.push(cache)
          }),
        ),
      )
    }),
  )
  return { outcomes: built.flatMap(image => outcomes.get(image) ?? []), layers: countLayers(scannable) }
}

async function scanImage(
  { built, exported }: Scannable,
  cache: AnalysisCache,
  { timeout }: ScanPlan,
  { scanner, console, clock }: ScanPorts,
): Promise<ScanOutcome> {
  const started = clock.now().getTime()
  const elapsed = (): number => clock.now().getTime() - started
  const { image, imageId } = built
  const { digests } = exported
  console.progress(image.name, 'scanning')
  try {
    const scan = parseScanReport(await scanner.scan(exported, cache, timeout), digests.diffIds)
    console.info(`Scanned ${image.name}: ${describeScan(scan)}`)
    return { status: 'scanned', image, imageId, digests, scan, duration: elapsed() }
  } catch (error) {
    return toFailure(built, error, elapsed(), console)
  }
}

/** @throws what is a defect of ours */
function toFailure({ image, imageId }: BuiltImage, error: unknown, duration: number, console: Console): ScanOutcome {
  if (!(error instanceof GateError)) throw error
  const log = error instanceof ToolError ? error.log : []
  console.progress(image.name, 'scan failed')
  console.info(`${image.name}: the scan failed: ${messageOf(error)}`)
  const failure = { message: `the scan failed: ${messageOf(error)}`, advice: error.advice, log }
  return { status: 'failed', image, imageId, failure, duration }
}

function countLayers(images: readonly Scannable[]): WorkDone['layers'] {
  const layers = images.flatMap(({ exported }) => exported.layers)
  const sizes = new Map(layers.map(({ digest, bytes }) => [digest, bytes]))
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  return { distinct: sizes.size, total: layers.length, bytes }
}

function describeScan({ os, packages, findings }: ImageScan): string {
  const system = os === undefined ? 'no operating system recognised' : `${os.family} ${os.name}`
  return `${system}, ${String(packages)} packages, ${String(findings.length)} findings before the policy`
}
