import type { ImageScan, Layer } from '../model.js'
import { foldWhitespace } from '../dockerfile/text.js'
import type { FinalStage, Step } from './dockerfile.js'

/**
 * For each layer the instruction that made it, from the image's history. Walks back from the last layer and the last
 * instruction: each layer's history must tell of the instruction, or the walk ends there. What lies below the first
 * instruction comes with the base image. A layer that cannot be placed has none: no line is better than a wrong one.
 */
export function placeByHistory(
  layers: ImageScan['layers'],
  { from, steps }: FinalStage,
): readonly (Step | undefined)[] {
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
  // `RUN ["a", "b"]` is recorded as `RUN a b`.
  return told.endsWith(step.argument) || told.endsWith(step.exec ?? step.argument)
}
