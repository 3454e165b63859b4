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

/**
 * The builders. Not `config`, where buildx keeps logins that count for some repositories only. And not `.buildNodeID`: to
 * a client that it knows by that, BuildKit believes that a file of the same size and time is the one that it has.
 */
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
  const { own, builders } = foldersOf(env)
  const [config, buildx] = [join(directory, 'client'), join(directory, 'buildx')]
  for (const folder of [directory, config, buildx]) await mkdir(folder, { mode: 0o700 })
  const kept = await readConfig(join(own, 'config.json'))
  const text = JSON.stringify({ ...kept, auths: dockerAuths(credentials) })
  await writeFile(join(config, 'config.json'), text, { mode: 0o600 })
  await link(own, clientEntries, config)
  await link(builders, builderEntries, buildx)
  return { ...env, DOCKER_CONFIG: config, BUILDX_CONFIG: buildx }
}

/**
 * The user's own configuration, logins too, but as a client that BuildKit does not know yet: it takes all of the build
 * context as it is now.
 * @param env the docker client's own
 * @param directory absolute; does not exist yet
 */
export async function withOwnLogins(env: Environment, directory: string): Promise<Environment> {
  const { own, builders } = foldersOf(env)
  await mkdir(directory, { mode: 0o700 })
  await link(builders, [...builderEntries, 'config'], directory)
  return { ...env, DOCKER_CONFIG: own, BUILDX_CONFIG: directory }
}

/**
 * The logins at proxies that every RUN step gets from the client's configuration, in each form in which a step may print
 * them. None where the configuration cannot be read: the client says so itself.
 * @param env the docker client's
 */
export async function proxySecrets(env: Environment): Promise<readonly string[]> {
  const config = parse(await readFile(join(foldersOf(env).own, 'config.json'), 'utf8').catch(() => ''))
  const { proxies } = (config ?? {}) as { readonly proxies?: unknown }
  const addresses = valuesOf(proxies)
    .flatMap(valuesOf)
    .filter(value => typeof value === 'string')
  return [...new Set(addresses.flatMap(address => secretsOf(address)))]
}

const valuesOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

/** A password that is too short to be one is only hidden together with its user, or every such letter would go. */
function secretsOf(address: string): string[] {
  const [, login = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/)?([^/]*)@/i.exec(address) ?? []
  const at = login.indexOf(':')
  if (at < 0) return []
  const password = login.slice(at + 1)
  const plain = [login, password].map(decoded)
  const basic = Buffer.from(plain[0] ?? '').toString('base64')
  return [login, ...plain.slice(0, 1), basic, ...[password, ...plain.slice(1)].filter(({ length }) => length > 4)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function foldersOf(env: Environment): { readonly own: string; readonly builders: string } {
  const own = resolve(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'))
  return { own, builders: resolve(env['BUILDX_CONFIG'] ?? join(own, 'buildx')) }
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
