import type { ImageContext, ImageScan, Layer, Origin, ScanOutcome, Verdict } from '../model.js'
import { foldWhitespace, parseFinalStage, type FinalStage, type Step } from './dockerfile.js'

/** Adds to each finding the Dockerfile instruction that brought it, as far as that is certain. */
export function explainOrigins(
  verdict: Verdict,
  scans: readonly ScanOutcome[],
  dockerfiles: ReadonlyMap<ImageContext, string>,
): Verdict {
  const scanOf = new Map(
    scans.flatMap(outcome => (outcome.status === 'scanned' ? [[outcome.image, outcome.scan]] : [])),
  )
  const images = verdict.images.map(image => {
    const scan = scanOf.get(image.image)
    const dockerfile = dockerfiles.get(image.image)
    if (scan === undefined || dockerfile === undefined) return image
    const origins = locateLayers(scan.layers, dockerfile, image.image.dockerfile)
    const findings = image.findings.map(finding => {
      const origin = finding.layer === undefined ? undefined : origins.get(finding.layer)
      return origin === undefined ? finding : { ...finding, origin }
    })
    return { ...image, findings }
  })
  return { ...verdict, images }
}

/**
 * Maps layers (by DiffID) to the instructions that made them. Walks back from the last layer and the last
 * instruction: each layer's history must tell of the instruction, or the walk ends there. What lies below the first
 * instruction comes with the base image. A layer that cannot be placed has no entry: no line is better than a wrong one.
 */
export function locateLayers(
  layers: ImageScan['layers'],
  dockerfile: string,
  file: string,
): ReadonlyMap<string, Origin> {
  const stage = parseFinalStage(dockerfile)
  const origins = new Map<string, Origin>()
  if (stage === undefined) return origins
  const placed = placeLayers(layers, stage)
  for (const [index, step] of placed.entries()) {
    const diffId = layers[index]?.diffId
    if (diffId === undefined || step === undefined) continue
    const { lines, text } = step
    origins.set(diffId, { file, lines, instruction: text, fromBase: step === stage.from })
  }
  return origins
}

/** For each layer its step; undefined from the first layer up to which the walk did not reach. */
function placeLayers(layers: ImageScan['layers'], { from, steps }: FinalStage): readonly (Step | undefined)[] {
  const placed: (Step | undefined)[] = layers.map(() => undefined)
  const makers = steps.filter(({ keyword }) => layerKeywords.has(keyword))
  let top = layers.length - 1
  for (const step of makers.toReversed()) {
    const layer = layers[top]
    if (layer !== undefined && tellsOf(layer, step)) {
      placed[top] = step
      top -= 1
    } else if (step.keyword !== 'WORKDIR') {
      return placed
    }
  }
  return placed.map((step, index) => (index <= top ? from : step))
}

/** WORKDIR makes a layer only where the folder did not exist. */
const layerKeywords: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR'])

/**
 * BuildKit records `RUN /bin/sh -c COMMAND # buildkit` (with `|1 ARG=value` before the shell where there are build
 * arguments) and `COPY SOURCE TARGET # buildkit`; see `dispatchRun` and `dispatchCopy` in its dockerfile2llb package.
 */
function tellsOf(layer: Layer, step: Step): boolean {
  if (layer.createdBy === undefined || !layer.byBuildKit) return false
  const told = foldWhitespace(layer.createdBy.replace(/# buildkit\s*$/, ''))
  if (!told.toUpperCase().startsWith(`${step.keyword} `)) return false
  // BuildKit expands variables, globs and here-documents outside of RUN before it records them.
  if (step.keyword !== 'RUN' || step.heredoc) return true
  return told.endsWith(step.argument) || told.endsWith(execFormText(step.argument) ?? step.argument)
}

/** `RUN ["a", "b"]` is recorded as `RUN a b`. */
function execFormText(argument: string): string | undefined {
  if (!argument.startsWith('[')) return undefined
  try {
    const words: unknown = JSON.parse(argument)
    return Array.isArray(words) ? foldWhitespace(words.join(' ')) : undefined
  } catch {
    return undefined
  }
}
