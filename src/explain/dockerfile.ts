import { foldWhitespace, instructionText, unquote, wordsOf } from '../dockerfile/text.js'
import { parseDockerfile, type Instruction } from '../dockerfile/dockerfile.js'
import type { LineRange } from '../model.js'

/** One instruction of a Dockerfile. */
export interface Step {
  /** In upper case: `RUN`. */
  readonly keyword: string
  /** What follows the keyword and its flags, with white space folded. */
  readonly argument: string
  /** The words of the JSON form, as BuildKit records them. */
  readonly exec?: string
  /** In one line, for people. */
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
  const { instructions, escape } = parseDockerfile(dockerfile)
  const stages = splitStages(instructions, escape)
  const named = new NamedStages(stages)
  const bodies: (readonly Instruction[])[] = []
  let stage = stages.at(-1)
  while (stage !== undefined) {
    bodies.unshift(stage.body)
    const parent = named.findLastBefore(stage, stage.base)
    if (parent !== undefined) {
      stage = parent
      continue
    }
    const steps = bodies.flatMap(body => body.map(toStep))
    const certain = !named.anyBefore(stage) || !stage.base.includes('$')
    return { steps, ...(certain ? { from: toStep(stage.from) } : {}) }
  }
  return undefined
}

interface Stage {
  readonly from: Instruction
  /** What it is FROM, in lower case. */
  readonly base: string
  /** In lower case. */
  readonly name: string | undefined
  readonly body: Instruction[]
  /** Its place among all. */
  readonly index: number
}

function splitStages(instructions: readonly Instruction[], escape: string): Stage[] {
  const stages: Stage[] = []
  for (const instruction of instructions) {
    if (instruction.keyword !== 'FROM') {
      stages.at(-1)?.body.push(instruction)
      continue
    }
    const [base = '', as, name] = wordsOf(instruction)
    stages.push({
      from: instruction,
      base: unquote(base, escape).toLowerCase(),
      name: as?.toLowerCase() === 'as' ? name?.toLowerCase() : undefined,
      body: [],
      index: stages.length,
    })
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
      const { name } = stage
      if (name === undefined) continue
      first = Math.min(first, stage.index)
      const known = this.#byName.get(name)
      if (known === undefined) this.#byName.set(name, [stage])
      else known.push(stage)
    }
    this.#first = first
  }

  /** Whoever asks does so for ever earlier stages: later ones are forgotten on the way. */
  findLastBefore({ index }: Stage, name: string): Stage | undefined {
    const known = this.#byName.get(name) ?? []
    while ((known.at(-1)?.index ?? -1) >= index) known.pop()
    return known.at(-1)
  }

  anyBefore({ index }: Stage): boolean {
    return this.#first < index
  }
}

function toStep(instruction: Instruction): Step {
  const { keyword, argument, json, lines, heredocs } = instruction
  return {
    keyword,
    argument: foldWhitespace(argument),
    text: instructionText(instruction),
    lines,
    heredoc: heredocs.length > 0,
    ...(json === undefined ? {} : { exec: foldWhitespace(json.join(' ')) }),
  }
}

/** Tells the instruction that begins on a line, in one line; where there is none, the line itself. */
export function readTexts(dockerfile: string): (line: number) => string {
  const starts = new Map(parseDockerfile(dockerfile).instructions.map(found => [found.lines.start, found]))
  const source = dockerfile.split('\n')
  return line => {
    const found = starts.get(line)
    return found === undefined ? foldWhitespace(source[line - 1] ?? '') : instructionText(found)
  }
}
