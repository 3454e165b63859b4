import type { Layer, LineRange, ProvenStep } from '../model.js'
import type { FinalStage } from './dockerfile.js'

/**
 * For each layer the lines that asked for it, from what BuildKit recorded. Undefined where that does not tell of the
 * image: an engine may pack its layers anew when they leave it.
 */
export function placeByProvenance(
  layers: readonly Layer[],
  steps: readonly ProvenStep[],
  stage: FinalStage | undefined,
): readonly (LineRange | undefined)[] | undefined {
  const heights = measureHeights(layers, steps)
  if (heights === undefined) return undefined
  const placed = layers.map((): LineRange | undefined => undefined)
  let below = 0
  for (const [at, step] of steps.entries()) {
    const height = heights[at] ?? below
    placed.fill(chooseInstruction(step, stage), below, height)
    below = height
  }
  return placed
}

/**
 * How many layers there are after each step. Where the step's own layers are not recorded, it is counted on from a step
 * where they are. Undefined where that does not come out even.
 */
function measureHeights(layers: readonly Layer[], steps: readonly ProvenStep[]): readonly number[] | undefined {
  const digests = layers.map(({ digest }) => digest)
  const recorded = steps.map(
    ({ results }) => results.find(result => result.every((digest, at) => digest === digests[at]))?.length,
  )
  if (recorded.every(height => height === undefined)) return undefined
  const heights: number[] = []
  let above = layers.length
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const height = recorded[at] ?? above
    if (height !== above) return undefined
    heights.unshift(height)
    above = height - (steps[at]?.adds ?? height)
  }
  return above === 0 ? heights : undefined
}

/** A step that several stages have in common stands where the final one has it; a base image, in its FROM. */
function chooseInstruction({ adds, instructions }: ProvenStep, stage: FinalStage | undefined): LineRange | undefined {
  if (instructions.length === 1) return instructions[0]
  const steps = adds === undefined ? [stage?.from] : (stage?.steps ?? [])
  const starts = new Set(steps.map(step => step?.lines.start))
  const own = instructions.filter(({ start }) => starts.has(start))
  return own.length === 1 ? own[0] : undefined
}
