const variable = 'NODE_TLS_REJECT_UNAUTHORIZED'

/**
 * Node reads this variable at each connection, whatever client makes it. With `0` any server on the way could take logins and
 * give databases, so it is taken away before the first connection.
 * @param env of this process; changed
 * @returns what a person should know
 */
export function insistOnCertificates(env: NodeJS.ProcessEnv): string | undefined {
  if (env[variable] !== '0') return undefined
  Reflect.deleteProperty(env, variable)
  return `${variable}=0 has no effect here: the certificate of each server is checked. Name the file with the certificate of your own authority in NODE_EXTRA_CA_CERTS.`
}
