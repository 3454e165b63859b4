// @ts-check
/**
 * The buildx plugin of the Docker client: its own, else built and put into a docker configuration of the test bed, never
 * into the user's.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from './shell.mjs'
import { folder } from './state.mjs'
import { buildTool } from './tools.mjs'

/** @param {import('./shell.mjs').Log} log @returns {Promise<Record<string, string>>} what to add to the environment */
export async function provideBuildx(log) {
  const config = folder('docker-config')
  if (process.env['DOCKER_CONFIG'] !== config && ask('docker', ['buildx', 'version']).ok) return {}
  const plugins = join(config, 'cli-plugins')
  const plugin = join(plugins, 'docker-buildx')
  if (!existsSync(plugin)) {
    mkdirSync(plugins, { recursive: true })
    copyFileSync(await buildTool('buildx', log), `${plugin}.new`)
    chmodSync(`${plugin}.new`, 0o755)
    renameSync(`${plugin}.new`, plugin)
  }
  const env = { DOCKER_CONFIG: config }
  const { ok, stderr } = ask('docker', ['buildx', 'version'], { env: { ...process.env, ...env } })
  if (!ok) throw new Error(`docker buildx does not run: ${stderr}. Remove ${plugin}, then run again.`)
  return env
}
