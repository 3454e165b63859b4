/** Behind a company's firewall: nothing but a proxy gets out, and its certificates are the company's own. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import {
  bed,
  clean,
  dockerfileOf,
  removeTemporaryFolders,
  repositoryWith,
  runGate,
  temporaryFolder,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

async function portOf(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A certificate for hosts that exist nowhere. */
function certificate(): { readonly key: string; readonly cert: string } {
  const folder = temporaryFolder()
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = 'subjectAltName=DNS:releases.example,DNS:registry.example'
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=company', '-addext', names]
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { key, cert }
}

describe('behind a proxy', () => {
  it('Trivy and its database come through it', async () => {
    const { key, cert } = certificate()
    const asset = `/v${bed.trivy.version}/trivy_${bed.trivy.version}_Linux-64bit.tar.gz`
    const registry = bed.database.repository.split('/')[0] ?? ''
    const behind = createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      const { url = '', method, headers } = request
      if (url === asset) return void response.end(readFileSync(bed.trivy.archive))
      void fetch(`http://${registry}${url}`, {
        method: method ?? 'GET',
        headers: { accept: headers.accept ?? '*/*' },
      }).then(async answer => response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())))
    })
    const port = await portOf(behind)
    const through: string[] = []
    const proxy = createHttpServer((_, response) => response.writeHead(500).end())
    proxy.on('connect', (request, socket) => {
      through.push(request.url ?? '')
      const out = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        out.pipe(socket).pipe(out)
      })
      out.on('error', () => socket.destroy())
      socket.on('error', () => out.destroy())
    })
    const address = `http://127.0.0.1:${String(await portOf(proxy))}`
    try {
      const inputs = {
        'trivy-path': '',
        'trivy-mirror': 'https://releases.example',
        'trivy-sha256': bed.trivy.archiveSha256,
        'db-repository': bed.database.repository.replace(registry, 'registry.example'),
      }
      const env = { HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: cert, NO_PROXY: 'localhost' }
      const { outputs, log } = await runGate(repositoryWith({ [dockerfileOf('web')]: clean }), inputs, env)
      expect(log).toContain(`Trivy ${bed.trivy.version}, from https://releases.example`)
      expect(outputs['result']).toBe('passed')
      expect([...new Set(through)].sort()).toEqual(['registry.example:443', 'releases.example:443'])
      // Without the certificate the servers are strangers, whatever the job's environment says of strangers.
      const careless = { HTTPS_PROXY: address, NO_PROXY: 'localhost', NODE_TLS_REJECT_UNAUTHORIZED: '0' }
      const refused = await runGate(repositoryWith({ [dockerfileOf('web')]: clean }), inputs, careless)
      expect(refused.outputs['result']).toBe('error')
      expect(refused.log).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here')
      expect(refused.log).toContain('self-signed certificate')
    } finally {
      for (const server of [behind, proxy]) {
        server.closeAllConnections()
        server.close()
      }
    }
  })
})
