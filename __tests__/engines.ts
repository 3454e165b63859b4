/** The engines of the test bed, and what tests ask of them. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DockerEngine } from '../src/adapters/docker-engine.js'
import { dockerEnvironment } from '../src/adapters/environment.js'
import { createRunProcess } from '../src/adapters/process.js'
import type { BuildRequest, BuildResult } from '../src/ports.js'
import { bed, repositoryWith, temporaryFolder } from './testbed.js'

export interface Where {
  readonly env?: Readonly<Record<string, string>>
  readonly builder?: string
  readonly secrets?: readonly string[]
}

/** Where the client has its plugins: a configuration of the test bed, or of the machine. */
export const plugins = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker')

export function engineAt({ env = {}, builder, secrets = [] }: Where = {}): { engine: DockerEngine; tempDir: string } {
  const tempDir = temporaryFolder()
  const engine = new DockerEngine({
    run: createRunProcess(new AbortController().signal),
    runCleaning: createRunProcess(new AbortController().signal),
    env: { ...dockerEnvironment(process.env), ...env },
    tempDir,
    secrets,
    ...(builder === undefined ? {} : { builder }),
  })
  return { engine, tempDir }
}

export const tag = 'image-gate/test/engine:gate'

export function requestOf(dockerfile: string, more: Partial<BuildRequest> = {}): BuildRequest {
  const contextDir = repositoryWith({ Dockerfile: dockerfile })
  return { contextDir, dockerfile: join(contextDir, 'Dockerfile'), tag, buildArgs: [], timeout: 60_000, ...more }
}

/** Docker itself, also where a builder beside it is meant. */
export const dockerOf = ({ env = {}, builder }: Where): Record<string, string> =>
  builder === undefined ? { ...env } : {}

export const idOf = (result: BuildResult): string => (result.status === 'built' ? result.imageId : result.status)

/** The last: whether the engine records how it built. */
export const stores: [string, Where, boolean][] = [
  ['the containerd store', {}, true],
  ['the overlay2 store of a current Docker', { env: bed.overlayEngine.env }, true],
  ['the graphdriver store of Docker 20.10', { env: bed.oldEngine.env }, false],
  ['a builder', { env: bed.buildkit.env, builder: bed.buildkit.builder }, true],
]
