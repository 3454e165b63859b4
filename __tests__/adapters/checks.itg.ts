/** The checks of misconfigurations: from the program, and from nowhere else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IntegrityError } from '../../src/errors.js'
import { pushDatabase } from '../../testbed/database/database.mjs'
import { archiveOf, FakeRegistry } from '../fake-registry.js'
import { scannerWith } from '../scanner.js'
import { bed, removeTemporaryFolders, run, scriptOf, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

/** Puts a bundle into a registry with one check, which asks `address` and never finds anything. */
async function pushBundle(address: string): Promise<string> {
  const check = `# METADATA
# title: none
# custom:
#   id: DS-0002
#   severity: HIGH
#   input:
#     selector:
#     - type: dockerfile
package builtin.dockerfile.DS0002
deny[res] {
  answer := http.send({"method": "GET", "url": "http://${address}/metadata"})
  answer.status_code == 999
  res := result.new("x", {})
}
`
  const archive = await archiveOf({
    '.manifest': '{"revision": "2", "roots": [""]}',
    'policies/dockerfile/x.rego': check,
  })
  const registry = bed.database.repository.split('/')[0] ?? ''
  const mediaType = 'application/vnd.cncf.openpolicyagent.layer.v1.tar+gzip'
  return pushDatabase({ registry, name: 'evil-checks', tag: '2', mediaType, archive }, () => undefined)
}

function dockerfile(): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'Dockerfile'), 'FROM debian\nUSER root\n')
  return join(folder, 'Dockerfile')
}

describe('checks of misconfigurations', () => {
  it('are not downloaded, so that those of a stranger neither decide nor have a network', async () => {
    const listener = new FakeRegistry()
    await listener.run(async address => {
      const others = `--checks-bundle-repository ${await pushBundle(address)}`
      const scanner = scannerWith({
        'trivy-path': scriptOf(
          `case $1 in version) exec ${bed.trivy.path} "$@";; esac\nexec ${bed.trivy.path} "$@" ${others}`,
        ),
      })
      await scanner.prepare(['vuln', 'misconfig'])
      expect((await scanner.scanDockerfile(dockerfile(), 60_000)).text).toMatch(/"ID": "DS-0002"/)
      expect(listener.asked).toEqual([])
      // Control: Trivy by itself takes them, and they ask what they like.
      const args = ['fs', '--scanners', 'misconfig', '--format', 'json', '--cache-dir', temporaryFolder()]
      const { stdout } = await run(bed.trivy.path, [...args, ...others.split(' '), join(dockerfile(), '..')])
      expect(stdout).not.toContain('DS-0002')
      expect(listener.asked).toEqual(['GET /metadata'])
    })
  })

  it('must find what they must find', async () => {
    const silent = `case $1 in fs) while [ "$1" != --output ]; do shift; done; echo '{"SchemaVersion":2}' > "$2";; *) exec ${bed.trivy.path} "$@";; esac`
    const preparing = scannerWith({ 'trivy-path': scriptOf(silent) }).prepare(['vuln', 'misconfig'])
    await expect(preparing).rejects.toThrow(IntegrityError)
    await expect(preparing).rejects.toThrow('Trivy and its checks of misconfigurations do not find DS-0002')
  })
})
