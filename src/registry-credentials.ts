/** Reads the input `registry-credentials`. Nothing of a password, or of what could be one, is ever said. */
import { Mistake } from './input-values.js'
import type { RegistryCredentials } from './ports.js'

/** A host, with or without a port: what stands in an image's name before its first slash. */
const registryForm = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/i

/** One `REGISTRY=USERNAME:PASSWORD` a line; neither a registry nor a user name can hold what ends it. */
export function parseRegistryCredentials(text: string): RegistryCredentials[] {
  const credentials: RegistryCredentials[] = []
  const mistakes: string[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const read = parseLine(line.trim())
    const known = typeof read !== 'string' && credentials.some(({ registry }) => registry === read.registry)
    if (typeof read !== 'string' && !known) credentials.push(read)
    else
      mistakes.push(`line ${String(index + 1)}: ${typeof read === 'string' ? read : `${read.registry} is named twice`}`)
  }
  if (mistakes.length > 0) throw new Mistake(mistakes.join('; '))
  return credentials
}

/** @returns what is wrong, where something is */
function parseLine(line: string): RegistryCredentials | string {
  const [registry, login] = splitAt(line, '=')
  if (login === undefined) return 'is not of the form REGISTRY=USERNAME:PASSWORD'
  if (!registryForm.test(registry)) {
    return 'what stands before the first = is not a registry such as ghcr.io or registry.example:5000, without https:// and path'
  }
  const [username, password] = splitAt(login, ':')
  if (password === undefined) return `${registry}: what follows the first = is not of the form USERNAME:PASSWORD`
  if (username === '' || password === '')
    return `${registry}: the ${username === '' ? 'user name' : 'password'} is empty`
  if (/[\u0000-\u001F\u007F]/.test(login)) return `${registry}: the user name or password has a control character`
  return { registry: registry.toLowerCase(), username, password }
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/**
 * What the log must not show: each password, and how HTTP writes it with its user name. It is generous, so that also
 * what is mistyped is hidden before anybody says that it is.
 */
export function secretsIn(text: string): string[] {
  const secrets = text.split(/\r?\n/).flatMap(line => {
    const [, login = line] = splitAt(line.trim(), '=')
    const [, password = login] = splitAt(login, ':')
    return [password, Buffer.from(login).toString('base64'), line]
  })
  return [...new Set(secrets.map(secret => secret.trim()))].filter(secret => secret !== '')
}
