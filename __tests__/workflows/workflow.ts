/** This repository's workflows as values, and their steps run as a runner would: bash, and a gh that only notes. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { temporaryFolder } from '../testbed.js'

export interface Step {
  readonly name?: string
  readonly id?: string
  readonly if?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

export interface Job {
  readonly needs?: string | readonly string[]
  readonly if?: string
  readonly uses?: string
  readonly environment?: string
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps?: readonly Step[]
}

export interface Workflow {
  readonly path: string
  readonly text: string
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

export const folders = { own: '.github/workflows', examples: 'examples/workflows' }

export function readWorkflow(path: string): Workflow {
  const text = readFileSync(path, 'utf8')
  return { ...(parse(text) as Omit<Workflow, 'path' | 'text'>), path, text }
}

export function workflowsIn(folder: string): Workflow[] {
  return readdirSync(folder).map(name => readWorkflow(join(folder, name)))
}

/** Notes its arguments; what it answers comes from files beside the note. */
const fakeGh = `#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$FAKE_GH/calls"
case "$1 $2" in
  'pr list') cat "$FAKE_GH/open" ;;
  'release view') if [ -e "$FAKE_GH/notes" ]; then cat "$FAKE_GH/notes"; else cat "$FAKE_GH/refusal" >&2; exit 1; fi ;;
esac
`

/** A runner's temporary folder, outputs and gh. */
export class Runner {
  readonly temp = temporaryFolder()
  readonly #gh = temporaryFolder()
  readonly #output = join(this.temp, 'output')

  constructor() {
    mkdirSync(join(this.#gh, 'bin'))
    writeFileSync(join(this.#gh, 'bin/gh'), fakeGh)
    chmodSync(join(this.#gh, 'bin/gh'), 0o755)
    for (const name of ['calls', 'open']) writeFileSync(join(this.#gh, name), '')
    this.refuse('release not found')
    for (const name of ['output', 'summary']) writeFileSync(join(this.temp, name), '')
  }

  /** What gh was asked to do. */
  get calls(): string[] {
    return readFileSync(join(this.#gh, 'calls'), 'utf8').split('\n').filter(Boolean)
  }

  get outputs(): string {
    return readFileSync(this.#output, 'utf8')
  }

  get summary(): string {
    return readFileSync(join(this.temp, 'summary'), 'utf8')
  }

  /** The number that gh gives for an open pull request. */
  open(number: string): void {
    writeFileSync(join(this.#gh, 'open'), number)
  }

  /** The notes of a release that is there. */
  released(notes: string): void {
    writeFileSync(join(this.#gh, 'notes'), notes)
  }

  /** What gh says of a release that it does not show. */
  refuse(reason: string): void {
    writeFileSync(join(this.#gh, 'refusal'), `${reason}\n`)
  }

  file(path: string, text: string): string {
    const full = join(this.temp, path)
    mkdirSync(join(full, '..'), { recursive: true })
    appendFileSync(full, text)
    return full
  }

  /** Runs a step by its name, with the environment that it sets itself, and more in place of its expressions. */
  run(
    workflow: Workflow,
    job: string,
    name: string,
    cwd: string,
    more: Readonly<Record<string, string>> = {},
  ): { status: number | null; printed: string } {
    const step = workflow.jobs[job]?.steps?.find(candidate => candidate.name === name)
    if (step?.run === undefined) throw new Error(`${workflow.path} has no step "${name}" in ${job}`)
    const script = join(this.temp, 'step.sh')
    writeFileSync(script, step.run)
    const own = Object.entries(step.env ?? {}).filter(([, value]) => !value.includes('${{'))
    const { status, stdout, stderr } = spawnSync('bash', ['-e', script], {
      cwd,
      encoding: 'utf8',
      env: {
        PATH: `${join(this.#gh, 'bin')}:${process.env['PATH'] ?? ''}`,
        HOME: this.temp,
        GIT_CONFIG_SYSTEM: '/dev/null',
        FAKE_GH: this.#gh,
        RUNNER_TEMP: this.temp,
        GITHUB_OUTPUT: this.#output,
        GITHUB_STEP_SUMMARY: join(this.temp, 'summary'),
        GITHUB_REPOSITORY: 'image-gate/image-gate',
        ...Object.fromEntries(own),
        ...more,
      },
    })
    return { status, printed: stdout + stderr }
  }
}
