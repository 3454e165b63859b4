/**
 * The fault matrix: rows of what is broken or hostile, each checked after a run of the real gate. Every row that ran is kept
 * in `build/faults.jsonl`, of which `scripts/test.mjs` makes the table at the end of the suite, and its log in
 * `build/faults/`.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeTurns } from '../../src/turns.js'
import { projectFolder } from '../../testbed/state.mjs'
import { removeTemporaryFolders } from '../testbed.js'
import { violationsOf } from './invariants.js'
import { makeStage, play, type Played, type Row, type Scene } from './scene.js'

interface Judged {
  readonly played: Played
  readonly violations: readonly string[]
}

/** How many runs go at once: the gate waits more than it works. */
const together = 2

/** How many are begun or wait for their turn, beside those that are done. */
const ahead = 16

export class Faults {
  readonly #scenes: readonly Scene[]
  readonly #turns = takeTurns(together)
  readonly #played = new Map<number, Promise<Judged>>()

  constructor(scenes: readonly Scene[]) {
    this.#scenes = scenes
  }

  /** For `it.each`: the title of each row, and the row. */
  get rows(): [string, Row][] {
    return this.#scenes.flatMap(({ rows }) => rows.map((row): [string, Row] => [`${row.fault} (${row.where})`, row]))
  }

  /** @returns everything about a row that is not as it must be; and keeps the row for the table */
  async wrongWith(row: Row): Promise<string[]> {
    const at = this.#scenes.findIndex(({ rows }) => rows.includes(row))
    const judging = this.#judge(at)
    // The next ones on their way, since this one may wait for long.
    for (let next = at + 1; next < Math.min(at + ahead, this.#scenes.length); next += 1)
      this.#judge(next).catch(() => undefined)
    const { played, violations } = await judging
    const reached = outcomeOf(row, played)
    keep(row, reached, played)
    return [...checkRow(row, reached), ...violations]
  }

  /** To call after all: no run may outlive the tests. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#played.values())
    removeTemporaryFolders()
  }

  #judge(at: number): Promise<Judged> {
    const scene = this.#scenes[at]
    if (scene === undefined) throw new Error(`there is no scene ${String(at)}`)
    const known = this.#played.get(at)
    if (known !== undefined) return known
    const judging = this.#turns(async () => {
      const stage = makeStage(scene)
      try {
        const played = await play(scene, stage)
        return { played, violations: await violationsOf(played) }
      } finally {
        for (const step of stage.undo.toReversed()) await step()
      }
    })
    this.#played.set(at, judging)
    return judging
  }
}

interface Outcome {
  readonly state: string
  /** The words of the failure, or the IDs of the findings that count. */
  readonly message: string
}

/** A run as a whole: the state of its images where they all have the same, else that nothing could be gated. */
function outcomeOf(row: Row, { report }: Played): Outcome {
  const images = report?.images ?? []
  const image = row.image === undefined ? images[0] : images.find(({ name }) => name === row.image)
  if (image === undefined) return { state: 'none gated', message: (report?.problem?.messages ?? []).join('; ') }
  const findings = image.findings.filter(({ ruling }) => ruling === 'gating').map(({ id }) => id)
  return { state: image.state, message: image.failure?.message ?? [...new Set(findings)].join(' ') }
}

function checkRow({ state, says = '' }: Row, reached: Outcome): string[] {
  const expected = state ?? 'none gated'
  const isSaid = typeof says === 'string' ? reached.message.includes(says) : says.test(reached.message)
  return [
    ...(reached.state === expected ? [] : [`it ends ${reached.state} instead of ${expected}: ${reached.message}`]),
    ...(isSaid ? [] : [`it says '${reached.message}', not ${String(says)}`]),
  ]
}

/** With the log, for whoever must find out why a row fails. */
function keep(
  { fault, where }: Row,
  { state, message }: Outcome,
  { result: { exitCode, outputs, log } }: Played,
): void {
  const folder = join(projectFolder, 'build')
  mkdirSync(join(folder, 'faults'), { recursive: true })
  writeFileSync(join(folder, 'faults', `${where}, ${fault}`.replace(/[^\w ,.-]+/g, '-').concat('.log')), log)
  const line = { fault, where, state, exit: exitCode, result: outputs['result'], message }
  appendFileSync(join(folder, 'faults.jsonl'), `${JSON.stringify(line)}\n`)
}
