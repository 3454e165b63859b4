/**
 * The environments of children: lists of what they may see. The runner's own variables hold tokens
 * (`ACTIONS_RUNTIME_TOKEN`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN`) and the paths of command files (`GITHUB_OUTPUT`), and
 * `TRIVY_*` would change what the scanner finds; none of them is on a list.
 */
import type { Environment } from './process.js'

type Source = Readonly<Record<string, string | undefined>>

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

/** For the docker client. */
export function dockerEnvironment(source: Source): Environment {
  return {
    ...pick(source, [...common, ...network, ...docker]),
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

/** For what Trivy downloads itself, its checks of misconfigurations: the way out as well, and no credentials. */
export function downloadEnvironment(source: Source, home: string): Environment {
  return { ...scanEnvironment(source, home), ...pick(source, network) }
}

/** For the client of the Actions cache, which is ours: the only child that gets the runner's token for it. */
export function cacheEnvironment(source: Source): Environment {
  return pick(source, [...common, ...network, 'NODE_EXTRA_CA_CERTS', ...actionsCache])
}

function pick(source: Source, names: readonly string[]): Environment {
  return Object.fromEntries(names.flatMap(name => (source[name] === undefined ? [] : [[name, source[name]]])))
}
