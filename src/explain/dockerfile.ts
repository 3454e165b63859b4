import { DockerfileParser, From, type Instruction } from 'dockerfile-ast'
import type { LineRange } from '../model.js'

/** One instruction of a Dockerfile. */
export interface Step {
  /** In upper case: `RUN`. */
  readonly keyword: string
  /** What follows the keyword and its flags, with continuation lines joined, comments dropped and white space folded. */
  readonly argument: string
  /** The first line as written. */
  readonly text: string
  readonly lines: LineRange
  readonly heredoc: boolean
}

/** The steps that make the final image, in order. */
export interface FinalStage {
  /**
   * The FROM that names the base image: of the final stage, or of the stage that it builds upon. Absent where that
   * depends on a variable.
   */
  readonly from?: Step
  readonly steps: readonly Step[]
}

/** The final stage, together with the stages that it is FROM. Undefined where there is no stage at all. */
export function parseFinalStage(dockerfile: string): FinalStage | undefined {
  const source = dockerfile.split(/\r?\n/)
  // The parser counts a carriage return as the end of a line; neither BuildKit nor anybody who numbers lines does.
  const stages = splitStages(DockerfileParser.parse(dockerfile.replace(/\r(?!\n)/g, ' ')).getInstructions())
  const named = new NamedStages(stages)
  const bodies: (readonly Instruction[])[] = []
  let stage = stages.at(-1)
  while (stage !== undefined) {
    bodies.unshift(stage.body)
    const base = stage.from.getImage()?.toLowerCase()
    const parent = named.findLastBefore(stage, base)
    if (parent !== undefined) {
      stage = parent
      continue
    }
    const steps = bodies.flatMap(body => body.map(instruction => toStep(instruction, source)))
    const certain = !named.anyBefore(stage) || base?.includes('$') !== true
    return { steps, ...(certain ? { from: toStep(stage.from, source) } : {}) }
  }
  return undefined
}

interface Stage {
  readonly from: From
  readonly body: Instruction[]
  /** Its place among all. */
  readonly index: number
}

function splitStages(instructions: readonly Instruction[]): Stage[] {
  const stages: Stage[] = []
  for (const instruction of instructions) {
    if (instruction instanceof From) stages.push({ from: instruction, body: [], index: stages.length })
    else stages.at(-1)?.body.push(instruction)
  }
  return stages
}

/** Stages by name, read once: there may be thousands, each of which is FROM the one before. */
class NamedStages {
  readonly #byName = new Map<string, Stage[]>()
  readonly #first: number

  constructor(stages: readonly Stage[]) {
    let first = Infinity
    for (const stage of stages) {
      const name = stage.from.getBuildStage()?.toLowerCase()
      if (name === undefined) continue
      first = Math.min(first, stage.index)
      const known = this.#byName.get(name)
      if (known === undefined) this.#byName.set(name, [stage])
      else known.push(stage)
    }
    this.#first = first
  }

  /** Whoever asks does so for ever earlier stages: later ones are forgotten on the way. */
  findLastBefore({ index }: Stage, name: string | undefined): Stage | undefined {
    const known = this.#byName.get(name ?? '') ?? []
    while ((known.at(-1)?.index ?? -1) >= index) known.pop()
    return known.at(-1)
  }

  anyBefore({ index }: Stage): boolean {
    return this.#first < index
  }
}

function toStep(instruction: Instruction, source: readonly string[]): Step {
  const { start, end } = instruction.getRange()
  const written = source
    .slice(start.line, end.line + 1)
    .join('\n')
    .trimStart()
  const argument = foldWhitespace(withoutFlags(written.slice(instruction.getKeyword().length), source[0] ?? ''))
  return {
    keyword: instruction.getKeyword().toUpperCase(),
    argument,
    text: (source[start.line] ?? '').trim(),
    lines: { start: start.line + 1, end: end.line + 1 },
    heredoc: /<<-?["']?\w/.test(argument),
  }
}

/** Joins continuation lines, as BuildKit does before it runs and records them, and drops flags such as `--mount`. */
function withoutFlags(argument: string, firstLine: string): string {
  const escape = escapeOf(firstLine)
  const lines = argument.split(/\r?\n/).filter((line, index) => index === 0 || !/^\s*(#|$)/.test(line))
  const joined = lines
    .map(line => (line.trimEnd().endsWith(escape) ? line.trimEnd().slice(0, -1) : `${line}\n`))
    .join('')
  return joined.trim().replace(/^(--[a-z-]+(=\S+)?\s+)+/, '')
}

function escapeOf(firstLine: string): string {
  return /^#\s*escape\s*=\s*`/i.test(firstLine) ? '`' : '\\'
}

/** More of an instruction than this nobody needs to recognise it. */
const maxText = 100

/** An instruction in one line, for people: continuation lines joined, and cut where it is long. */
export function instructionText(source: readonly string[], { start, end }: LineRange): string {
  const lines = source.slice(start - 1, end).filter((line, at) => at === 0 || !/^\s*(#|$)/.test(line))
  const escape = escapeOf(source[0] ?? '')
  const last = lines.findIndex(line => !line.trimEnd().endsWith(escape))
  const joined = lines.slice(0, last + 1 || undefined).map(line => line.trimEnd())
  const text = foldWhitespace(joined.map(line => (line.endsWith(escape) ? line.slice(0, -1) : line)).join(' '))
  // What a here-document holds is not the instruction's own line.
  const whole = last === -1 || last === lines.length - 1 ? text : `${text} …`
  const characters = [...whole]
  return characters.length <= maxText
    ? whole
    : `${characters
        .slice(0, maxText - 1)
        .join('')
        .trimEnd()}…`
}

export function foldWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
