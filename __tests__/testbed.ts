/** What the test bed gives to integration and end-to-end tests, and short ways to use it. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createReadStream } from 'node:fs'
import { runAction, type RunRequest, type RunResult } from '../testbed/runner.mjs'
import { serving } from './server.js'

export interface Bed {
  readonly env: Record<string, string>
  readonly trivy: { path: string; version: string; archive: string; archiveSha256: string }
  readonly database: { repository: string }
  /** What engines of the test bed's own ask before Docker Hub. */
  readonly registry: { address: string }
  readonly node24: { path: string }
  readonly act: { path: string }
  readonly chromium: { path: string }
  /** BuildKit's own parser: Dockerfiles in, one a line in base64; JSON lines out. */
  readonly dockerfileParser: { path: string }
  /** A bare BuildKit, as a builder of buildx. */
  readonly buildkit: { builder: string; env: Record<string, string> }
  /** A current Docker with the overlay2 store, as hosted runners have up to Docker 28. */
  readonly overlayEngine: { env: Record<string, string>; version: string }
  /** Docker 20.10, with a graphdriver store. */
  readonly oldEngine: { env: Record<string, string>; version: string }
}

/** Set by the global set-up. */
export const bed = JSON.parse(process.env['IMAGE_GATE_TESTBED'] ?? '{}') as Bed

const folders: string[] = []

/** An empty folder that is gone after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'image-gate-test-'))
  folders.push(folder)
  return folder
}

export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** A repository with these files; a value `-> TARGET` makes a symbolic link. */
export function repositoryWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    const target = /^-> (.*)$/.exec(text)?.[1]
    if (target === undefined) writeFileSync(join(folder, path), text)
    else symlinkSync(target, join(folder, path))
  }
  return folder
}

/** The path of an image's Dockerfile, by the convention. */
export const dockerfileOf = (name: string): string => `docker-builder/registry-repos/${name}/Dockerfile`

/** Installs an empty package of the name, source and version of the OpenSSL with Heartbleed; on lines 2 to 5. */
export const heartbleed = `FROM debian:bookworm
RUN mkdir -p /p/DEBIAN \\
 && printf 'Package: libssl1.0.0\\nSource: openssl\\nVersion: 1.0.1e-2\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\n' > /p/DEBIAN/control \\
 && dpkg-deb --build /p /p.deb \\
 && dpkg --install /p.deb
`

export const clean = 'FROM debian:bookworm\nRUN true\n'

/**
 * Runs the action's bundle on Node 24 as a runner does, with the test bed's Trivy and database.
 * @param more for instance the event
 */
export async function runGate(
  workspace: string,
  inputs: Record<string, string> = {},
  env: Record<string, string> = {},
  more: Partial<Omit<RunRequest, 'inputs' | 'env'>> = {},
): Promise<RunResult & { work: string }> {
  const work = more.work ?? temporaryFolder()
  const result = await runAction({
    workspace,
    node: bed.node24.path,
    inputs: {
      'trivy-path': bed.trivy.path,
      'db-repository': bed.database.repository,
      // The small database is as old as it is.
      'db-max-age': 'any',
      ...inputs,
    },
    env: { ...bed.env, ...env },
    ...more,
    work,
  })
  return { ...result, work }
}

/** Writes an executable shell script. */
export function scriptOf(text: string): string {
  const path = join(temporaryFolder(), 'script')
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return path
}

/** A web server that answers each path with a file or a status, while `use` runs. */
export async function withServer<T>(
  answers: Readonly<Record<string, string | number>>,
  use: (address: string) => Promise<T>,
): Promise<T> {
  return serving((request, response) => {
    const answer = answers[request.url ?? ''] ?? 404
    if (typeof answer === 'number') response.writeHead(answer).end()
    else createReadStream(answer).pipe(response)
  }, use)
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string | undefined>; cwd?: string } = {},
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const child = spawn(command, args, {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', data => (stdout += String(data)))
  child.stderr.on('data', data => (stderr += String(data)))
  const exitCode = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  return { exitCode, stdout, stderr }
}

/** Lines that a runner would take for commands: it ignores those between stop-commands and its token. */
export function commandsIn(log: string): string[] {
  const commands: string[] = []
  let token: string | undefined
  for (const line of log.split('\n')) {
    const text = line.trimStart()
    if (token !== undefined) {
      if (text === `::${token}::`) token = undefined
    } else if (text.startsWith('::stop-commands::')) token = text.slice('::stop-commands::'.length)
    else if (text.startsWith('::') || text.includes('##[')) commands.push(text)
  }
  return commands
}

/** The states of the images, as the outputs tell them. */
export const imagesIn = (outputs: Record<string, string>): unknown[] =>
  (JSON.parse(outputs['images'] ?? '[]') as { name: string; state: string }[]).map(
    ({ name, state }) => `${name}: ${state}`,
  )
