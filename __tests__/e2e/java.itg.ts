/** JAR files need a second database, which is only downloaded when an image holds one. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeRegistry } from '../fake-registry.js'
import { javaArchive, knownPackages } from '../java-database.js'
import {
  clean,
  dockerfileOf,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  run,
  runGate,
  temporaryFolder,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

const properties = 'groupId=org.apache.logging.log4j\\nartifactId=log4j-core\\nversion=2.14.1\\n'

/** A JAR is a ZIP archive; Python's standard library makes one, the same each time. */
async function packJars(repository: string): Promise<{ readonly silent: string }> {
  const pack = `import zipfile
for name in ('telling', 'silent'):
  jar = zipfile.ZipFile('docker-builder/registry-repos/%s/app.jar' % name, 'w')
  jar.writestr(zipfile.ZipInfo('META-INF/MANIFEST.MF'), 'Manifest-Version: 1.0\\n')
  if name == 'telling': jar.writestr('META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties', '${properties}')
  jar.close()
`
  await run('python3', ['-c', pack], { cwd: repository })
  const silent = readFileSync(join(repository, dockerfileOf('silent'), '../app.jar'))
  return { silent: createHash('sha1').update(silent).digest('hex') }
}

const withJar = 'FROM scratch\nCOPY app.jar /app/app.jar\n'

/** Says what its JAR is, does not say it, and has none. */
const images = { [dockerfileOf('telling')]: withJar, [dockerfileOf('silent')]: withJar, [dockerfileOf('web')]: clean }

interface JavaReport {
  readonly scanner: { readonly javaDatabase?: { readonly repository: string; readonly digest: string } }
}

async function gateWith(
  repositories: (address: string) => readonly string[],
): Promise<{ readonly result: Awaited<ReturnType<typeof runGate>>; readonly report: JavaReport; digest: string }> {
  const repository = repositoryWith(images)
  const { silent } = await packJars(repository)
  const registry = new FakeRegistry()
  // Trivy's own index is empty here, as everything else in it is as it should be.
  registry.push('empty', '1', await javaArchive({}))
  registry.push('old', '1', await javaArchive(knownPackages, { UpdatedAt: '2019-01-01T00:00:00Z' }))
  const known = { ...knownPackages, [silent]: 'org.apache.logging.log4j:log4j-core:2.14.1' }
  const digest = registry.push('good', '1', await javaArchive(known))
  const reports = temporaryFolder()
  const result = await registry.run(address =>
    runGate(repository, { 'java-db-repository': repositories(address).join(), 'report-dir': reports }),
  )
  return { result, digest, report: JSON.parse(readFileSync(join(reports, 'report.json'), 'utf8')) as JavaReport }
}

describe('an image with a JAR', () => {
  it('gets the first Java database that proves itself, once, and blocks on Log4Shell', async () => {
    const { result, report, digest } = await gateWith(address =>
      ['empty', 'old', 'good'].map(name => `${address}/${name}:1`),
    )
    const { outputs, summary } = result
    expect(imagesIn(outputs)).toEqual(['silent: vulnerable', 'telling: vulnerable', 'web: clean'])
    expect(summary).toContain('CVE-2021-44228')
    expect(summary).toContain('`org.apache.logging.log4j:log4j-core`<br>`2.14.1`<br>`app/app.jar`')
    const { javaDatabase } = report.scanner
    expect(javaDatabase).toMatchObject({ repository: expect.stringMatching(/\/good:1$/) as string, digest })
    expect(summary).toContain(`Java database of ${new Date().toISOString().slice(0, 10)}`)
  })

  it('is no pass when no Java database can be had that proves itself, and costs no other image its result', async () => {
    const { result } = await gateWith(address => ['127.0.0.1:65000/java:1', `${address}/empty:1`, `${address}/old:1`])
    expect(imagesIn(result.outputs)).toEqual(['silent: scan-failed', 'telling: scan-failed', 'web: clean'])
    expect(result.summary).toContain('java-db-repository: no repository gave the Java database')
    for (const reason of ['ECONNREFUSED', 'Java database recognize neither aopalliance nor xmlpull', 'java-db-max-age'])
      expect(result.summary).toContain(reason)
  })
})
