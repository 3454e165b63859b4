import type {
  BuildOutcome,
  ImageContext,
  LineRange,
  Origin,
  ProvenStep,
  ScannedImage,
  ScanOutcome,
  Verdict,
} from '../model.js'
import { parseFinalStage, readTexts } from './dockerfile.js'
import { placeByHistory } from './history.js'
import { placeByProvenance } from './provenance.js'

/** What tells where a finding comes from. */
export interface Evidence {
  readonly builds: readonly BuildOutcome[]
  readonly scans: readonly ScanOutcome[]
  /** As they are in the repository. */
  readonly dockerfiles: ReadonlyMap<ImageContext, string>
}

/** Adds to each finding the Dockerfile instruction that brought it, as far as that is certain. */
export function explainOrigins(verdict: Verdict, { builds, scans, dockerfiles }: Evidence): Verdict {
  const provenance = new Map(builds.map(build => [build.image, build.status === 'built' ? build.provenance : []]))
  const scanOf = new Map(scans.flatMap(outcome => (outcome.status === 'scanned' ? [[outcome.image, outcome]] : [])))
  const images = verdict.images.map(judged => {
    const { image } = judged
    const scanned = scanOf.get(image)
    const dockerfile = dockerfiles.get(image)
    if (scanned === undefined || dockerfile === undefined) return judged
    const origins = locateLayers(scanned, provenance.get(image) ?? [], dockerfile)
    const secrets = judged.findings.filter(({ kind }) => kind === 'secret')
    const secretive = new Set(secrets.map(({ layer = '' }) => origins.get(layer)?.lines.start))
    const findings = judged.findings.map(finding => {
      const origin = finding.origin ?? origins.get(finding.layer ?? '')
      if (origin === undefined) return finding
      return { ...finding, origin: secretive.has(origin.lines.start) ? withoutCommand(origin) : origin }
    })
    return { ...judged, findings }
  })
  return { ...verdict, images }
}

/** Maps layers (by DiffID) to the instructions that made them; a layer that cannot be placed has no entry. */
export function locateLayers(
  { image, scan: { layers } }: Pick<ScannedImage, 'image' | 'scan'>,
  provenance: readonly ProvenStep[],
  dockerfile: string,
): ReadonlyMap<string, Origin> {
  const stage = parseFinalStage(dockerfile)
  const textAt = readTexts(dockerfile)
  const last = dockerfile.split('\n').length
  const proven = placeByProvenance(layers, provenance, stage)
  // Lines that there are not tell of another Dockerfile.
  const fits = proven?.every(lines => lines === undefined || lines.end <= last) === true
  const placed = fits ? proven : stage === undefined ? [] : placeByHistory(layers, stage).map(step => step?.lines)
  const origins = new Map<string, Origin>()
  for (const [at, { diffId }] of layers.entries()) {
    const lines = placed[at]
    // Two instructions that make the same layer both brought it: the first one is where it was first.
    if (lines !== undefined && !origins.has(diffId))
      origins.set(diffId, toOrigin(lines, image.dockerfile, textAt(lines.start)))
  }
  return origins
}

function toOrigin(lines: LineRange, file: string, instruction: string): Origin {
  return { file, lines, instruction, fromBase: /^FROM\s/i.test(instruction) }
}

/** A command that wrote a secret into a file very likely has it in itself. */
function withoutCommand(origin: Origin): Origin {
  return { ...origin, instruction: origin.instruction.replace(/^(RUN\s).*$/is, '$1***') }
}
