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
    results: (layers?.[output] ?? []).filter(chain => chain.length > 0).map(readDigests),
    instructions: (source?.locations?.[step.id]?.locations ?? []).flatMap(readLines),
  }))
}

function readDigests(chain: readonly { readonly digest?: unknown }[]): string[] {
  return chain.map(({ digest }) => {
    if (typeof digest !== 'string' || digest === '') throw new Error('a layer without a digest')
    return digest
  })
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
  if (steps.size !== definition.length) return []
  const rungs: Rung[] = []
  let output = definition.at(-1)?.inputs?.[0]
  while (output !== undefined) {
    const step = steps.get(output.replace(/:\d+$/, ''))
    const operation = step?.op?.Op
    if (step === undefined || operation === undefined) return []
    const { input, adds } = readOperation(operation)
    rungs.push({ step, output, adds })
    // A definition that goes in circles is none.
    if (rungs.length > steps.size) return []
    output = input === undefined ? undefined : inputOf(step, input)
  }
  return rungs.reverse()
}

/** @param index -1 for nothing */
function inputOf({ inputs = [] }: RawStep, index: number): string | undefined {
  if (index === -1) return undefined
  const input = Number.isInteger(index) ? inputs[index] : undefined
  if (input === undefined) throw new Error('an input that is not there')
  return input
}

/** On which input a step builds, if on any, and how many layers it puts on top. */
function readOperation({ source, exec, file, merge }: Operation): { input?: number; adds?: number } {
  if (source !== undefined) return {}
  // What is 0 is left out in some of them.
  if (merge?.inputs !== undefined) {
    const [first, ...rest] = merge.inputs
    if (first === undefined) throw new Error('a merge of nothing')
    return { input: first.input ?? 0, adds: rest.length }
  }
  const root = file?.actions?.[0] ?? exec?.mounts?.find(({ dest }) => dest === '/')
  if (root === undefined) throw new Error('a step of an unknown kind')
  return { input: root.input ?? 0, adds: 1 }
}

/** The lines of one instruction; a here-document has a range for each of its lines. */
function readLines({ ranges = [] }: Location): LineRange[] {
  const lines = ranges.map(({ start, end }): LineRange => {
    const range = { start: start?.line ?? 0, end: end?.line ?? 0 }
    const isRange = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end)
    // One of several instructions less, and another would look like the right one: nothing is believed then.
    if (!isRange || range.start < 1 || range.end < range.start) throw new Error('lines that there are not')
    return range
  })
  if (lines.length === 0) return []
  const bounds = (one: LineRange, other: LineRange): LineRange => ({
    start: Math.min(one.start, other.start),
    end: Math.max(one.end, other.end),
  })
  return [lines.reduce(bounds)]
}
