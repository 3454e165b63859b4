/** Where something lies in a registry. */
export interface Reference {
  /** As people name it and credentials are kept: `ghcr.io`, `docker.io`. */
  readonly registry: string
  /** Address of its API, without a slash at its end. */
  readonly base: string
  /** The repository within: `aquasecurity/trivy-db`. */
  readonly name: string
  /** A tag, or a digest. */
  readonly version: string
}

/**
 * Reads a reference as Docker does (`reference.ParseNormalizedNamed` in distribution/reference): a first part without a
 * dot or a port is no host, but a name on Docker Hub.
 * @param tag where the reference has neither a tag nor a digest
 */
export function parseReference(text: string, tag: string): Reference {
  const [path = '', digest] = text.split('@')
  const [first = '', ...rest] = path.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = isHost ? first.toLowerCase() : 'docker.io'
  const tagged = isHost ? rest.join('/') : path
  const [name = '', given = tag] = tagged.split(':')
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  // Docker and Trivy speak plainly to this machine alone.
  const scheme = /^(127(\.\d{1,3}){3}|localhost)(:\d+)?$/.test(host) ? 'http' : 'https'
  return { registry, base: `${scheme}://${host}`, name, version: digest ?? given }
}
