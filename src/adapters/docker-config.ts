/** A configuration of the docker client for one run, with no login but those that were given. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigurationError, messageOf } from '../errors.js'
import type { RegistryCredentials } from '../ports.js'
import type { Environment } from './process.js'

/** Where the docker client keeps the logins at Docker Hub. */
const dockerHub = 'https://index.docker.io/v1/'

/**
 * Where logins are, or who is asked for them: https://docs.docker.com/reference/cli/docker/login/#credential-stores.
 * In lower case: the client, as every Go program, reads `AUTHS` as `auths`.
 */
const loginKeys: ReadonlySet<string> = new Set(['auths', 'credsstore', 'credhelpers'])

/** A client whose configuration knows no login at all goes and asks the keychain of the machine, if there is one. */
const nobody = { 'image-gate.invalid': {} }

/** What else the client looks for in its folder: contexts, plugins, and the certificates of an engine behind TLS. */
const clientEntries = ['contexts', 'cli-plugins', 'ca.pem', 'cert.pem', 'key.pem']

/** The builders. Not `config`, where buildx keeps logins that count for some repositories only. */
const builderEntries = ['instances', 'defaults', 'current', '.lock']

/** The part of a docker client's `config.json` that holds these logins. */
export function dockerAuths(credentials: readonly RegistryCredentials[]): Record<string, { readonly auth?: string }> {
  const auths: Record<string, { readonly auth?: string }> = { ...nobody }
  for (const { registry, username, password } of credentials) {
    const auth = Buffer.from(`${username}:${password}`).toString('base64')
    auths[registry === 'docker.io' ? dockerHub : registry] = { auth }
  }
  return auths
}

/**
 * A pull request may name any image in its FROM, and send what it finds there anywhere: the logins of the runner must
 * not be its logins. Everything else of the client's configuration stays: context, proxies, plugins and builders.
 * @param env the docker client's own
 * @param directory absolute; does not exist yet
 * @returns the docker client's environment with the new configuration
 * @throws ConfigurationError where the client's own configuration cannot be read
 */
export async function withGivenLogins(
  env: Environment,
  credentials: readonly RegistryCredentials[],
  directory: string,
): Promise<Environment> {
  const own = resolve(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'))
  const builders = resolve(env['BUILDX_CONFIG'] ?? join(own, 'buildx'))
  const [config, buildx] = [join(directory, 'client'), join(directory, 'buildx')]
  for (const folder of [directory, config, buildx]) await mkdir(folder, { mode: 0o700 })
  const kept = await readConfig(join(own, 'config.json'))
  const text = JSON.stringify({ ...kept, auths: dockerAuths(credentials) })
  await writeFile(join(config, 'config.json'), text, { mode: 0o600 })
  await link(own, clientEntries, config)
  await link(builders, builderEntries, buildx)
  return { ...env, DOCKER_CONFIG: config, BUILDX_CONFIG: buildx }
}

/** Without the logins. What is in the file is never said: it holds passwords. */
async function readConfig(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}'
    throw unreadable(path, messageOf(error))
  })
  const config = parse(text)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw unreadable(path, 'it is not a JSON object')
  }
  return Object.fromEntries(Object.entries(config).filter(([key]) => !loginKeys.has(key.toLowerCase())))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch {
    return undefined
  }
}

function unreadable(path: string, reason: string): ConfigurationError {
  return new ConfigurationError(
    `the docker client’s configuration ${path} cannot be read: ${reason}`,
    'Mend it or take it away, then run again.',
  )
}

async function link(from: string, names: readonly string[], to: string): Promise<void> {
  for (const name of names.filter(entry => existsSync(join(from, entry))))
    await symlink(join(from, name), join(to, name))
}
