import type { LineRange, ProvenStep } from '../model.js'

/**
 * What is read of BuildKit's provenance (`solver/llbsolver/provenance/types` and `solver/pb` in moby/buildkit); nothing
 * of it is believed to be there.
 */
interface Provenance {
  /** SLSA 0.2 */
  readonly buildConfig?: BuildConfig
  readonly metadata?: Readonly<Record<string, BuildKitMetadata | undefined>>
  /** SLSA 1 */
  readonly buildDefinition?: { readonly internalParameters?: { readonly buildConfig?: BuildConfig } }
  readonly runDetails?: { readonly metadata?: { readonly buildkit_metadata?: BuildKitMetadata } }
}

interface BuildConfig {
  readonly llbDefinition?: readonly RawStep[]
}

interface RawStep {
  readonly id: string
  readonly op?: { readonly Op?: Operation }
  /** Each the ID of a step and the number of one of its results: `step3:0`. */
  readonly inputs?: readonly string[]
}

/** Of several kinds; numbers are indices into the step's inputs, -1 for nothing. */
interface Operation {
  readonly source?: unknown
  readonly exec?: { readonly mounts?: readonly { readonly dest?: string; readonly input?: number }[] }
  readonly file?: { readonly actions?: readonly { readonly input?: number }[] }
  readonly merge?: { readonly inputs?: readonly { readonly input?: number }[] }
}

interface BuildKitMetadata {
  readonly source?: { readonly locations?: Readonly<Record<string, { readonly locations?: readonly Location[] }>> }
  /** By result: one list of layers for each way in which they were packed. */
  readonly layers?: Readonly<Record<string, readonly (readonly { readonly digest: string }[])[]>>
}

interface Location {
  readonly ranges?: readonly {
    readonly start?: { readonly line?: number }
    readonly end?: { readonly line?: number }
  }[]
}

/**
 * The steps that an image consists of. It explains findings and decides nothing, so that what is not understood is left
 * out.
 */
export function readProvenance(value: unknown): readonly ProvenStep[] {
  try {
    return readSteps(value ?? {})
  } catch {
    return []
  }
}

function readSteps(provenance: Provenance): ProvenStep[] {
  const { buildConfig = provenance.buildDefinition?.internalParameters?.buildConfig } = provenance
  const known = provenance.metadata?.['https://mobyproject.org/buildkit@v1#metadata']
  const { source, layers } = known ?? provenance.runDetails?.metadata?.buildkit_metadata ?? {}
  return walkUp(buildConfig?.llbDefinition ?? []).map(({ step, output, adds }) => ({
    ...(adds === undefined ? {} : { adds }),
    results: (layers?.[output] ?? []).filter(chain => chain.length > 0).map(chain => chain.map(({ digest }) => digest)),
    instructions: (source?.locations?.[step.id]?.locations ?? []).flatMap(readLines),
  }))
}

interface Rung {
  readonly step: RawStep
  /** The result of it that the image consists of. */
  readonly output: string
  readonly adds: number | undefined
}

/** The way from the base image to the result, which is what the last step of a definition refers to. */
function walkUp(definition: readonly RawStep[]): Rung[] {
  const steps = new Map(definition.map(step => [step.id, step]))
  const rungs: Rung[] = []
  let output = definition.at(-1)?.inputs?.[0]
  while (output !== undefined) {
    const step = steps.get(output.replace(/:\d+$/, ''))
    const operation = step?.op?.Op
    if (step === undefined || operation === undefined) return []
    const { input, adds } = readOperation(operation)
    rungs.unshift({ step, output, adds })
    // A definition that goes in circles is none.
    if (rungs.length > steps.size) return []
    output = input === undefined ? undefined : step.inputs?.[input]
  }
  return rungs
}

/** On which input a step builds, if on any, and how many layers it puts on top. */
function readOperation({ source, exec, file, merge }: Operation): { input?: number; adds?: number } {
  if (source !== undefined) return {}
  // What is 0 is left out in some of them.
  if (merge?.inputs !== undefined) return { input: merge.inputs[0]?.input ?? 0, adds: merge.inputs.length - 1 }
  const root = file?.actions?.[0] ?? exec?.mounts?.find(({ dest }) => dest === '/')
  if (root === undefined) throw new Error('a step of an unknown kind')
  return { input: root.input ?? 0, adds: 1 }
}

/** The lines of one instruction; a here-document has a range for each of its lines. */
function readLines({ ranges = [] }: Location): LineRange[] {
  const lines = ranges.flatMap(({ start, end }) => [start?.line, end?.line].filter(line => typeof line === 'number'))
  return lines.length === 0 ? [] : [{ start: Math.min(...lines), end: Math.max(...lines) }]
}
