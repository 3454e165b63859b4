import { join } from 'node:path'
import { causeOf, unlessOverdue } from '../ending.js'
import { GateError, messageOf, ToolError } from '../errors.js'
import {
  imageTitle,
  type BuildOutcome,
  type BuiltImage,
  type Finding,
  type ImageContext,
  type ImageScan,
  type Layer,
  type Rules,
  type ScanOutcome,
  type WorkDone,
  type Workspaces,
} from '../model.js'
import type {
  AnalysisCache,
  Clock,
  Console,
  Ending,
  Engine,
  Export,
  ExportedImage,
  Scanner,
  ShownImage,
  Turns,
} from '../ports.js'
import { groupLockFiles, parseDockerfileReport, parseLockFileReport } from './context-report.js'
import { withLeftOut } from './left-out.js'
import { inspectLayers, layerReader } from './layers.js'
import { planScans } from './plan.js'
import { parseScanReport } from './report.js'

export interface ScanPlan {
  /** Milliseconds an image. */
  readonly timeout: number
  readonly turns: Turns
  readonly workspaces: Workspaces
  /** Make an SBOM of each image. */
  readonly sbom: boolean
  /** What to look for in an image. */
  readonly rulesOf: (image: ImageContext) => ScanRules
}

export type ScanRules = Pick<Rules, 'scanners' | 'lockFiles'>

export interface ScanPorts {
  readonly engine: Engine
  readonly scanner: Scanner
  readonly console: Console
  readonly clock: Clock
  readonly ending: Ending
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
  if (built.length === 0) return { outcomes: [], work: { export: 0, scan: 0, layers: countLayers([]) } }
  const { clock, engine, ending } = ports
  const started = clock.now().getTime()
  const elapsed = (): number => clock.now().getTime() - started
  // Beside the work, so that those that are known outlive an export that fails later, or a run that must end.
  const outcomes = new Map<BuiltImage, ScanOutcome>()
  const work = { exported: elapsed, layers: countLayers([]) }
  const scan = async (exported: Export): Promise<void> => {
    const duration = elapsed()
    work.exported = () => duration
    const scannable = await findScannable(built, { exported, turns: plan.turns }, outcomes, ports)
    work.layers = countLayers(scannable)
    await scanGroups(scannable, plan.turns, ports.scanner, async (image, cache) => {
      outcomes.set(image.built, await scanImage(image, cache, plan, ports))
    })
  }
  const imageIds = built.map(({ imageId }) => imageId)
  let missing: unknown
  try {
    ending.cancelled.throwIfAborted()
    await unlessOverdue(engine.withExport(imageIds, scan), ending)
  } catch (error) {
    missing = causeOf(error, ending.cancelled)
    if (!(missing instanceof GateError)) throw missing
  }
  const exportDuration = work.exported()
  return {
    outcomes: built.map(image => outcomes.get(image) ?? toFailure(image, missing, 0, ports)),
    work: { export: exportDuration, scan: elapsed() - exportDuration, layers: work.layers },
  }
}

interface Scannable {
  readonly built: BuiltImage
  readonly exported: ExportedImage
  readonly shown: ShownImage
}

/** What was exported whole, and as it says; for the others, that is their outcome. */
async function findScannable(
  built: readonly BuiltImage[],
  { exported, turns }: { exported: Export; turns: Turns },
  outcomes: Map<BuiltImage, ScanOutcome>,
  ports: ScanPorts,
): Promise<Scannable[]> {
  const read = layerReader()
  const found = await Promise.all(
    built.map(image =>
      turns(async (): Promise<Scannable[]> => {
        try {
          const one = exported.image(image.imageId)
          return [{ built: image, exported: one, shown: await one.show(await inspectLayers(one, read)) }]
        } catch (error) {
          outcomes.set(image, toFailure(image, error, 0, ports))
          return []
        }
      }),
    ),
  )
  return found.flat()
}

/** Gives a cache on demand: an image whose cache cannot be made is that image's failure alone. */
type CacheMaker = () => Promise<AnalysisCache>

async function scanGroups(
  images: readonly Scannable[],
  turns: Turns,
  scanner: Scanner,
  scan: (image: Scannable, cache: CacheMaker) => Promise<void>,
): Promise<void> {
  const groups = planScans(images, image => image.exported.digests.diffIds)
  await Promise.all(
    groups.map(async ({ first, rest }) => {
      let known: AnalysisCache | undefined
      const warmUp: CacheMaker = async () => (known ??= await scanner.newCache())
      await turns(async () => {
        for (const image of first) await scan(image, warmUp)
      })
      const free: AnalysisCache[] = []
      await Promise.all(
        rest.map(image =>
          turns(async () => {
            let own = free.pop()
            await scan(image, async () => (own ??= await scanner.newCache(known)))
            if (own !== undefined) free.push(own)
          }),
        ),
      )
    }),
  )
}

async function scanImage(
  { built, exported, shown }: Scannable,
  cache: CacheMaker,
  plan: ScanPlan,
  ports: ScanPorts,
): Promise<ScanOutcome> {
  const { scanner, console, clock } = ports
  const started = clock.now().getTime()
  const elapsed = (): number => clock.now().getTime() - started
  const { image, imageId } = built
  const { digests } = exported
  console.progress(imageTitle(image), 'scanning')
  // Packages are always looked for: without them "nothing found" could not be told from "nothing recognised".
  const secrets = plan.rulesOf(image).scanners.filter(name => name === 'secret')
  const request = { scanners: ['vuln' as const, ...secrets], timeout: plan.timeout }
  try {
    const inContext = await scanContext(image, plan, scanner)
    const { text: ofShown, ...said } = await scanner.scanImage(shown, await cache(), request)
    const text = ofShown.replaceAll(shown.digests.config, digests.config)
    const inImage = withLeftOut(parseScanReport(text, shown.digests.diffIds, shown.standIns), said)
    const layers = inImage.layers.map((layer, at) => withDigest(layer, exported.layers[at]?.digest))
    const findings = [...inImage.findings, ...inContext]
    const scan = { ...inImage, layers, findings }
    console.info(`Scanned ${imageTitle(image)}: ${describeScan(scan)}`)
    const sbom =
      plan.sbom && image.revision === 'head'
        ? await makeSbom(withoutStandIns(text, shown), image, plan, { scanner, console })
        : {}
    return { status: 'scanned', image, imageId, digests, scan, ...sbom, duration: elapsed() }
  } catch (error) {
    return toFailure(built, error, elapsed(), ports)
  }
}

/** What is in a layer that was only added for Trivy is in the layer that it is from. */
function withoutStandIns(report: string, { standIns }: ShownImage): string {
  return [...standIns].reduce((text, [standIn, diffId]) => text.replaceAll(standIn, diffId), report)
}

/** An SBOM is a report and no part of the verdict: without one the image is as clean as it is. */
async function makeSbom(
  report: string,
  { name }: ImageContext,
  { timeout }: ScanPlan,
  { scanner, console }: Pick<ScanPorts, 'scanner' | 'console'>,
): Promise<{ sbom?: string }> {
  try {
    return { sbom: await scanner.makeSbom(report, name, timeout) }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    console.warning(`${name}: no SBOM: ${messageOf(error)}`)
    return {}
  }
}

function withDigest(layer: Layer, digest: string | undefined): Layer {
  return digest === undefined ? layer : { ...layer, digest }
}

/** What is wrong with an image before it is built: in the lock files that it copies, and in its Dockerfile. */
async function scanContext(image: ImageContext, plan: ScanPlan, scanner: Scanner): Promise<readonly Finding[]> {
  const { scanners, lockFiles } = plan.rulesOf(image)
  const { timeout } = plan
  const workspace = plan.workspaces[image.revision]
  const inLockFiles: Finding[] = []
  for (const [below, files] of lockFiles ? groupLockFiles(image.lockFiles) : []) {
    const report = await scanner.scanLockFiles(join(workspace, image.contextDir, below), timeout)
    const found = parseLockFileReport(report, { ...image, lockFiles: files }, below)
    for (const finding of found) inLockFiles.push(finding)
  }
  const inDockerfile = scanners.includes('misconfig')
    ? parseDockerfileReport(await scanner.scanDockerfile(join(workspace, image.dockerfile), timeout), image)
    : []
  return [...inLockFiles, ...inDockerfile]
}

/** @throws what is a defect of ours */
function toFailure(
  { image, imageId }: BuiltImage,
  error: unknown,
  duration: number,
  { console, ending }: Pick<ScanPorts, 'console' | 'ending'>,
): ScanOutcome {
  const cause = causeOf(error, ending.cancelled)
  if (!(cause instanceof GateError)) throw cause
  const log = cause instanceof ToolError ? cause.log : []
  console.progress(imageTitle(image), 'scan failed')
  console.info(`${imageTitle(image)}: the scan failed: ${messageOf(cause)}`)
  const failure = { message: `the scan failed: ${messageOf(cause)}`, advice: cause.advice, log }
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
