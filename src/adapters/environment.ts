/**
 * The environments of children: lists of what they may see. The runner's own variables hold tokens
 * (`ACTIONS_RUNTIME_TOKEN`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN`) and the paths of command files (`GITHUB_OUTPUT`), and
 * `TRIVY_*` would change what the scanner finds; none of them is on a list.
 */
import { delimiter, isAbsolute } from 'node:path'
import type { Environment } from './process.js'

type Source = Readonly<Record<string, string | undefined>>

export type GitSetting = readonly [key: string, value: string]

const common = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'XDG_RUNTIME_DIR']

const network = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap(name => [name, name.toLowerCase()]),
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

const docker = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'DOCKER_API_VERSION',
  'BUILDX_BUILDER',
  'BUILDX_CONFIG',
  'SSH_AUTH_SOCK',
]

const actionsCache = [
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_RESULTS_URL',
  'ACTIONS_CACHE_URL',
  'ACTIONS_CACHE_SERVICE_V2',
  'ACTIONS_CACHE_MODE',
  'GITHUB_SERVER_URL',
  'GITHUB_REF',
]

/**
 * buildx starts git in the folder that it builds, to name the commit. That folder is the pull request's, and may be a bare
 * repository whose configuration starts programs. So buildx must not ask (the first two), git finds no repository (the
 * third), and acts on no configuration of a repository, should a program start it all the same.
 */
const withoutGit: Environment = {
  BUILDX_GIT_INFO: '0',
  BUILDX_GIT_LABELS: '0',
  GIT_DIR: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...gitConfiguration([
    ['safe.bareRepository', 'explicit'],
    ['protocol.allow', 'never'],
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
  ]),
}

/** Settings of git in the environment, where no list of processes shows them. One key may stand there more than once. */
export function gitConfiguration(settings: readonly GitSetting[]): Environment {
  if (settings.length === 0) return {}
  const entries = settings.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${String(at)}`, key],
    [`GIT_CONFIG_VALUE_${String(at)}`, value],
  ])
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(entries) } as Environment
}

/** For the docker client. */
export function dockerEnvironment(source: Source): Environment {
  return {
    ...pick(source, [...common, ...network, ...docker]),
    ...withoutGit,
    // Plugins of the client that want to comment on each command.
    DOCKER_CLI_HOOKS: 'false',
    DOCKER_CLI_HINTS: 'false',
    BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
    // Into the metadata file, which nobody but us reads: only `max` tells which line made which layer.
    BUILDX_METADATA_PROVENANCE: 'max',
  }
}

/** For git: the way out, and the user's own configuration. */
export function gitEnvironment(source: Source): Environment {
  return pick(source, [...common, ...network, 'XDG_CONFIG_HOME', 'SSH_AUTH_SOCK', 'USERPROFILE'])
}

/** For a scan: neither network nor credentials, and a home without anybody's configuration. */
export function scanEnvironment(source: Source, home: string): Environment {
  return { ...pick(source, ['PATH', 'LANG', 'LC_ALL']), HOME: home, TMPDIR: home }
}

/** For the client of the Actions cache, which is ours: the only child that gets the runner's token for it. */
export function cacheEnvironment(source: Source): Environment {
  return pick(source, [...common, ...network, 'NODE_EXTRA_CA_CERTS', ...actionsCache])
}

function pick(source: Source, names: readonly string[]): Environment {
  const env = Object.fromEntries(names.flatMap(name => (source[name] === undefined ? [] : [[name, source[name]]])))
  return env['PATH'] === undefined ? env : { ...env, PATH: absoluteOnly(env['PATH']) }
}

/** A child that is started in the repository would find its programs there. */
function absoluteOnly(path: string): string {
  return path
    .split(delimiter)
    .filter(folder => isAbsolute(folder))
    .join(delimiter)
}
