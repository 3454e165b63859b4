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
import type { AnalysisCache, Clock, Console, Ending, Engine, Export, ExportedImage, Scanner, Turns } from '../ports.js'
import { groupLockFiles, parseDockerfileReport, parseLockFileReport } from './context-report.js'
import { refuseLostPackages } from './left-out.js'
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
    const scannable = findScannable(built, exported, outcomes, ports)
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
}

/** What was exported whole; for the others, that is their outcome. */
function findScannable(
  built: readonly BuiltImage[],
  exported: Export,
  outcomes: Map<BuiltImage, ScanOutcome>,
  ports: ScanPorts,
): Scannable[] {
  const scannable: Scannable[] = []
  for (const image of built) {
    try {
      scannable.push({ built: image, exported: exported.image(image.imageId) })
    } catch (error) {
      outcomes.set(image, toFailure(image, error, 0, ports))
    }
  }
  return scannable
}

/**
 * Images that call different content by the same DiffID. Trivy keeps what it knows of a layer under that name, which an
 * image only claims for what is packed: none of them may speak for another one's layer.
 */
function findDisputed(images: readonly Scannable[]): ReadonlySet<Scannable> {
  const named = new Map<string, { digests: Set<string>; images: Set<Scannable> }>()
  for (const image of images) {
    const { digests, layers } = image.exported
    for (const [at, diffId] of digests.diffIds.entries()) {
      const known = named.get(diffId) ?? { digests: new Set(), images: new Set() }
      named.set(diffId, known)
      known.digests.add(layers[at]?.digest ?? '')
      known.images.add(image)
    }
  }
  return new Set([...named.values()].filter(({ digests }) => digests.size > 1).flatMap(one => [...one.images]))
}

/** Gives a cache on demand: an image whose cache cannot be made is that image's failure alone. */
type CacheMaker = () => Promise<AnalysisCache>

async function scanGroups(
  images: readonly Scannable[],
  turns: Turns,
  scanner: Scanner,
  scan: (image: Scannable, cache: CacheMaker) => Promise<void>,
): Promise<void> {
  const disputed = findDisputed(images)
  const groups = [
    ...planScans(
      images.filter(image => !disputed.has(image)),
      image => image.exported.digests.diffIds,
    ),
    ...[...disputed].map(image => ({ first: [image], rest: [] })),
  ]
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
  { built, exported }: Scannable,
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
    const { text, lostPackages, leftOut } = await scanner.scanImage(exported, await cache(), request)
    const inImage = parseScanReport(text, digests.diffIds)
    refuseLostPackages(lostPackages)
    const layers = inImage.layers.map((layer, at) => withDigest(layer, exported.layers[at]?.digest))
    const findings = [...inImage.findings, ...inContext]
    const missed = [...leftOut, ...(inImage.leftOut ?? [])]
    const scan = { ...inImage, layers, findings, ...(missed.length === 0 ? {} : { leftOut: missed }) }
    console.info(`Scanned ${imageTitle(image)}: ${describeScan(scan)}`)
    const sbom = plan.sbom && image.revision === 'head' ? await makeSbom(text, image, plan, { scanner, console }) : {}
    return { status: 'scanned', image, imageId, digests, scan, ...sbom, duration: elapsed() }
  } catch (error) {
    return toFailure(built, error, elapsed(), ports)
  }
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
