/** The checks of misconfigurations: from the program, and from nowhere else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRunProcess } from '../../src/adapters/process.js'
import { noShelf } from '../../src/adapters/shelf.js'
import { TrivyScanner } from '../../src/adapters/trivy-scanner.js'
import { thisPlatform } from '../../src/adapters/workbench.js'
import { IntegrityError } from '../../src/errors.js'
import { parseInputs } from '../../src/inputs.js'
import { pushDatabase } from '../../testbed/database/database.mjs'
import { archiveOf, FakeRegistry } from '../fake-registry.js'
import { bed, removeTemporaryFolders, run, scriptOf, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

function scannerWith(trivyPath: string): TrivyScanner {
  const { signal } = new AbortController()
  const given = { 'trivy-path': trivyPath, 'db-repository': bed.database.repository, 'db-max-age': 'any' }
  return new TrivyScanner({
    settings: parseInputs(given, () => []).trivy,
    run: createRunProcess(signal),
    tempDir: temporaryFolder(),
    shelf: noShelf,
    credentials: [],
    platform: thisPlatform,
    signal,
    console: { info: () => undefined },
  })
}

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
      const scanner = scannerWith(
        scriptOf(`case $1 in version) exec ${bed.trivy.path} "$@";; esac\nexec ${bed.trivy.path} "$@" ${others}`),
      )
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
    const preparing = scannerWith(scriptOf(silent)).prepare(['vuln', 'misconfig'])
    await expect(preparing).rejects.toThrow(IntegrityError)
    await expect(preparing).rejects.toThrow('Trivy and its checks of misconfigurations do not find DS-0002')
  })
})
