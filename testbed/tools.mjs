// @ts-check
/** Programs built from their Go modules, where there is nothing else to take. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ask, onPath, runProgram, step } from './shell.mjs'
import { cacheFolder, folder, testbedFolder } from './state.mjs'

/** @typedef {import('./shell.mjs').Log} Log */

/**
 * The Go modules, each pinned by the go.mod and go.sum of a folder in tools/. `own`: what is built of it is a program in that folder.
 * @type {Record<string, {module: string, package: string, own?: boolean, env?: Record<string, string>, ldflags?: string, minutes?: string}>}
 */
const modules = {
  buildx: {
    module: 'github.com/docker/buildx',
    package: 'cmd/buildx',
    minutes: '3 minutes',
    ldflags: '-X github.com/docker/buildx/version.Version=VERSION',
  },
  dockerd: {
    module: 'github.com/moby/moby/v2',
    package: 'cmd/dockerd',
    minutes: '3 minutes',
    ldflags: '-X github.com/moby/moby/v2/dockerversion.Version=VERSION',
  },
  buildkitd: {
    module: 'github.com/moby/buildkit',
    package: 'cmd/buildkitd',
    minutes: '2 minutes',
    ldflags: '-X github.com/moby/buildkit/version.Version=VERSION',
  },
  trivy: {
    module: 'github.com/aquasecurity/trivy',
    package: 'cmd/trivy',
    minutes: '7 minutes',
    env: { GOEXPERIMENT: 'jsonv2' },
    ldflags: '-s -w -X github.com/aquasecurity/trivy/pkg/version/app.ver=VERSION',
  },
  actionlint: { module: 'github.com/rhysd/actionlint', package: 'cmd/actionlint' },
  act: { module: 'github.com/nektos/act', package: '.' },
  'dockerfile-parser': { module: 'github.com/moby/buildkit', package: '.', own: true },
}

/** @param {string} name */
export function pinnedVersion(name) {
  const text = readFileSync(join(testbedFolder, 'tools', name, 'go.mod'), 'utf8')
  const module = modules[name]?.module ?? ''
  const version = text
    .split('\n')
    .map(line => line.replace(/^require\s+|^\s+/, '').split(' '))
    .find(([path]) => path === module)?.[1]
  if (version === undefined) throw new Error(`testbed/tools/${name}/go.mod does not require ${module}`)
  return version
}

/**
 * Builds a program once a version.
 * @param {string} name @param {Log} log @returns {Promise<string>} its path
 */
export async function buildTool(name, log) {
  const tool = modules[name]
  if (tool === undefined) throw new Error(`no such tool: ${name}`)
  const version = pinnedVersion(name)
  const directory = join(testbedFolder, 'tools', name)
  const edition = tool.own === true ? `${version}-${hashOf(join(directory, 'main.go'))}` : version
  const path = join(folder('tools', `${name}-${edition}`), name)
  if (existsSync(path)) return path
  if (!ask('go', ['version']).ok)
    throw new Error(
      `${name} is missing. Install it, or Go (https://go.dev/dl/), with which it can be built; then run again.`,
    )
  const packageName = tool.own === true ? '.' : tool.package === '.' ? tool.module : `${tool.module}/${tool.package}`
  const flags = tool.ldflags?.replace('VERSION', name === 'trivy' ? version.slice(1) : version)
  await step(
    log,
    `Building ${name} ${version} from its Go module (once${tool.minutes ? `, about ${tool.minutes} on two cores` : ''})`,
    () =>
      runProgram(
        'go',
        ['build', '-mod=readonly', ...(flags ? ['-ldflags', flags] : []), '-o', `${path}.new`, packageName],
        {
          cwd: directory,
          env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', ...tool.env },
        },
      ),
  )
  renameSync(`${path}.new`, path)
  return path
}

/** @param {string} path */
function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12)
}

/** A program on PATH, else built. @param {string} name @param {Log} log */
export async function provideTool(name, log) {
  const found = onPath(name)
  // In a shell that took over our environment, what is on PATH is a link to what was built, maybe of an older version.
  return found === undefined || found.startsWith(cacheFolder) ? buildTool(name, log) : found
}
