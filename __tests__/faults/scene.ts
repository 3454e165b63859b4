/** One run of the real gate with something broken or hostile in it, and what must become of it. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Finding, ImageState, JudgedFinding } from '../../src/model.js'
import type { RunRequest, RunResult } from '../../testbed/runner.mjs'
import { writeTree, type FileTree } from '../git.js'
import { bed, dockerfileOf, heartbleed, run, runGate, temporaryFolder } from '../testbed.js'

/** One line of the matrix. */
export interface Row {
  /** What is broken or hostile: `Trivy is killed`. */
  readonly fault: string
  /** Where it strikes: `image scan`. */
  readonly where: string
  /** The image that it strikes. Absent: the run as a whole. */
  readonly image?: string
  /** How that image ends, or every image where none is named. Absent: nothing could be gated at all. */
  readonly state?: ImageState
  /** In the words of the failure; of an image that was scanned: the ID of a finding that counts. */
  readonly says?: string | RegExp
}

/** A run of the gate. It may have several faults that cannot influence each other: each is a row. */
export interface Scene {
  readonly rows: readonly Row[]
  /**
   * The repository, beside the bystander's folder. In these texts and in `programs`, `@MARK@` stands for a word that no other
   * run has, `@CANARY@` for the path of a file that must not be there in the end, `@WORK@` for the runner's folder.
   */
  readonly files?: FileTree
  /** What files alone cannot say. */
  readonly arrange?: (stage: Stage) => void | Promise<void>
  /** Other images, and how they must end. */
  readonly others?: Readonly<Record<string, ImageState>>
  /** True where the fault is everybody's: then there is no bystander that must keep its result. */
  readonly everybody?: boolean
  /** By default `error`. Then `warn-only` is on, which must not soften it. */
  readonly result?: 'error' | 'blocked'
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Shell code that runs before the program itself, in its place where it does not return. `$REAL` is the program. */
  readonly programs?: Readonly<Partial<Record<Program, string>>>
  /** True where the engine does not survive: then nothing can be asked of it in the end. */
  readonly engineDies?: boolean
  /** What must be there while the gate runs: calls `gate`, with what is only known by then. */
  readonly play?: (stage: Stage, gate: Gate) => Promise<RunResult>
}

export type Program = 'docker' | 'git' | 'trivy'

export type Gate = (more?: More) => Promise<RunResult>

export interface More {
  readonly files?: FileTree
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Another checkout than the stage's own. */
  readonly workspace?: string
  readonly request?: Partial<Omit<RunRequest, 'inputs' | 'env' | 'workspace' | 'work'>>
}

export interface Stage {
  /** A word that no other run has. It is in the environment of every child of the gate, as a part of PATH. */
  readonly mark: string
  /** The checked-out repository. */
  readonly workspace: string
  /** What belongs to the runner. */
  readonly work: string
  /** RUNNER_TEMP. */
  readonly temp: string
  /** TMPDIR. */
  readonly tmp: string
  /** First on PATH: each program notes what it was given and then runs. */
  readonly bin: string
  /** What the programs noted, a file for each process. */
  readonly seen: string
  /** Something of the repository ran where it must not when this file is there. */
  readonly canary: string
  /** What to undo when the run has been judged, the last first. */
  readonly undo: (() => void | Promise<void>)[]
  /** What no child, log or report may have. */
  readonly tokens: Readonly<Record<string, string>>
}

/** What the JSON report says, as far as it matters here. */
export interface JsonReport {
  readonly result: string
  readonly problem?: { readonly messages: readonly string[]; readonly advice: string }
  readonly images: readonly {
    readonly name: string
    readonly state: ImageState
    readonly failure?: { readonly message: string; readonly advice: string }
    readonly findings: readonly (Pick<Finding, 'id'> & Pick<JudgedFinding, 'ruling'>)[]
  }[]
}

/** What there is to judge when the gate has ended. */
export interface Played {
  readonly scene: Scene
  readonly stage: Stage
  /** The process IDs of the gates that ran. */
  readonly gates: readonly number[]
  readonly result: RunResult
  /** Absent where none was written. */
  readonly report: JsonReport | undefined
  /** The environment to ask the engine in. */
  readonly env: Readonly<Record<string, string>>
  /** The files of the repository, before and after. */
  readonly files: readonly [string, string]
}

/** The image that nothing is wrong with but what is in it: its findings must come through. */
export const bystander = 'bystander'

export async function play(scene: Scene, stage: Stage): Promise<Played> {
  writeTree(stage.workspace, filled(scene.files ?? {}, stage))
  if (scene.everybody !== true) writeTree(stage.workspace, { [dockerfileOf(bystander)]: heartbleed })
  await scene.arrange?.(stage)
  const done: Partial<Pick<Played, 'env' | 'files'>> = {}
  const gates: number[] = []
  const gate: Gate = async more => {
    const { workspace = stage.workspace } = more ?? {}
    writeTree(workspace, filled(more?.files ?? {}, stage))
    const env = environmentOf(scene, stage, more)
    const before = await listFiles(workspace)
    const patience: { timer?: NodeJS.Timeout } = {}
    const onStart = (pid: number): void => {
      gates.push(pid)
      // With everything that it started, since nobody else will end that.
      patience.timer = setTimeout(() => void endAll(stage.mark, pid), limit)
    }
    const request = { ...more?.request, onStart, work: stage.work }
    const result = await runGate(workspace, inputsOf(scene, stage, more), env, request)
    clearTimeout(patience.timer)
    Object.assign(done, { env, files: [before, await listFiles(workspace)] })
    return result
  }
  const result = await (scene.play?.(stage, gate) ?? gate())
  const path = result.outputs['report'] ?? ''
  const report = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonReport) : undefined
  return { scene, stage, gates, result, report, env: done.env ?? {}, files: done.files ?? ['', ''] }
}

/** Milliseconds after which a gate counts as one that never ends. */
const limit = 100_000

/** Ends whatever has the mark, and the processes given. */
export async function endAll(mark: string, ...others: number[]): Promise<void> {
  for (const pid of [...others, ...(await processesWith(mark)).map(line => parseInt(line, 10))]) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended with the others.
    }
  }
}

/** Those that have the mark in their environment or their arguments: a line each, with the ID at its beginning. */
export async function processesWith(mark: string): Promise<string[]> {
  const { stdout } = await run('ps', ['axeww', '-o', 'pid=,stat=,args='])
  return stdout.split('\n').filter(line => line.includes(mark) && !/^\s*\d+ Z/.test(line))
}

export function makeStage({ programs = {} }: Scene): Stage {
  const mark = `fault-${randomBytes(6).toString('hex')}`
  const work = temporaryFolder()
  const [temp, tmp, seen] = ['temp', 'tmp', 'seen'].map(name => join(work, name)) as [string, string, string]
  const bin = join(work, mark)
  for (const folder of [temp, tmp, seen, bin]) mkdirSync(folder)
  const word = (): string => `ghs_${randomBytes(18).toString('hex')}`
  const tokens = {
    GITHUB_TOKEN: word(),
    ACTIONS_RUNTIME_TOKEN: word(),
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: word(),
    'github-token': word(),
  }
  const stage = {
    ...{ mark, workspace: temporaryFolder(), work, temp, tmp, bin, seen, tokens },
    canary: join(work, 'canary'),
    undo: [],
  }
  for (const program of ['docker', 'git', 'trivy'] as const) {
    const code = filled({ code: programs[program] ?? '' }, stage)['code'] ?? ''
    writeFileSync(join(bin, program), wrapperOf(program, code, stage), { mode: 0o755 })
  }
  for (const program of neverStarted) {
    const alarm = `#!/bin/sh\necho "$0 $*" >> '${stage.canary}'\nexit 1\n`
    writeFileSync(join(bin, program), alarm, { mode: 0o755 })
  }
  return stage
}

/** What docker, buildx or git would start for something that a repository says; the gate needs none of them. */
const neverStarted = ['sh', 'bash', 'ssh', 'gpg', 'git-lfs', 'git-remote-ext', 'pass', 'docker-credential-planted']

/** Only what the shell has inside: the rest of PATH may be missing. */
function wrapperOf(program: Program, code: string, { seen }: Stage): string {
  const real = program === 'trivy' ? bed.trivy.path : pathOf(program)
  return `#!/bin/sh
REAL='${real}' NODE='${process.execPath}'
{ echo "$0 $*"; echo "parent $PPID"; export -p; } > '${seen}'/${program}.$$
${code}
exec "$REAL" "$@"
`
}

function pathOf(program: string): string {
  const folders = (bed.env['PATH'] ?? process.env['PATH'] ?? '').split(delimiter)
  return folders.map(folder => join(folder, program)).find(existsSync) ?? `/no/such/${program}`
}

function filled(files: FileTree, { mark, canary, work }: Stage): FileTree {
  const entries = Object.entries(files).map(([path, text]) => [
    path,
    text?.replaceAll('@MARK@', mark).replaceAll('@CANARY@', canary).replaceAll('@WORK@', work) ?? null,
  ])
  return Object.fromEntries(entries) as FileTree
}

function environmentOf(scene: Scene, stage: Stage, more: More | undefined): Record<string, string> {
  const { GITHUB_TOKEN, ACTIONS_RUNTIME_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = stage.tokens
  const given = {
    ...bed.env,
    PATH: [stage.bin, bed.env['PATH'] ?? process.env['PATH'] ?? ''].join(delimiter),
    TMPDIR: stage.tmp,
    GITHUB_TOKEN,
    ACTIONS_RUNTIME_TOKEN,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    ...scene.env,
    ...more?.env,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<string, string>
}

function inputsOf(scene: Scene, stage: Stage, more: More | undefined): Record<string, string> {
  return {
    'trivy-path': join(stage.bin, 'trivy'),
    'github-token': stage.tokens['github-token'] ?? '',
    // Every fresh layer costs a second, and freshness is not what is tested here.
    'no-cache': 'false',
    'warn-only': String(scene.result !== 'blocked'),
    ...scene.inputs,
    ...more?.inputs,
  }
}

/** What the gate must leave as it is. Git's own folder is git's. */
async function listFiles(folder: string): Promise<string> {
  const print = ['-printf', '%p %y %m %s %T@ %l\\n']
  const { stdout } = await run('find', [folder, '-name', '.git', '-prune', '-o', ...print])
  return stdout.split('\n').sort().join('\n')
}
