/** JAR files need a second database, which is only downloaded when an image holds one. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pushDatabase } from '../../testbed/database/database.mjs'
import {
  bed,
  clean,
  dockerfileOf,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  run,
  runGate,
  temporaryFolder,
} from '../testbed.js'

/** A Java database with the tables of trivy-java-db and nothing in them: this JAR says itself what it is. */
async function pushJavaDatabase(): Promise<string> {
  const folder = temporaryFolder()
  const database = new DatabaseSync(join(folder, 'trivy-java.db'))
  database.exec('CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)')
  database.exec('CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)')
  database.close()
  const metadata = { Version: 1, NextUpdate: '2099-01-01T00:00:00Z', UpdatedAt: '2026-08-01T00:00:00Z' }
  writeFileSync(join(folder, 'metadata.json'), JSON.stringify(metadata))
  await run('tar', ['-czf', 'db.tar.gz', 'trivy-java.db', 'metadata.json'], { cwd: folder })
  const archive = readFileSync(join(folder, 'db.tar.gz'))
  const mediaType = 'application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip'
  const registry = bed.database.repository.split('/')[0] ?? ''
  return pushDatabase({ registry, name: 'trivy-java-db', tag: '1', mediaType, archive }, () => undefined)
}

const log4j = 'FROM scratch\nCOPY log4j-core.jar /app/log4j-core.jar\n'

/** A JAR is a ZIP archive; Python's standard library makes one. */
const packJar = `import zipfile
jar = zipfile.ZipFile('log4j-core.jar', 'w')
jar.writestr('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\\n')
jar.writestr('META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties', 'groupId=org.apache.logging.log4j\\nartifactId=log4j-core\\nversion=2.14.1\\n')
jar.close()
`

afterAll(removeTemporaryFolders)

describe('an image with a JAR', () => {
  it('gets the Java database once, and blocks on Log4Shell', async () => {
    const repository = repositoryWith({ [dockerfileOf('java')]: log4j, [dockerfileOf('web')]: clean })
    await run('python3', ['-c', packJar], { cwd: join(repository, 'docker-builder/registry-repos/java') })
    const { outputs, summary } = await runGate(repository, { 'java-db-repository': await pushJavaDatabase() })
    expect(imagesIn(outputs)).toEqual(['java: vulnerable', 'web: clean'])
    expect(summary).toContain('CVE-2021-44228')
    expect(summary).toContain('`org.apache.logging.log4j:log4j-core`<br>`2.14.1`<br>`app/log4j-core.jar`')
  })

  it('is no pass when the Java database cannot be had, and costs no other image its result', async () => {
    const repository = repositoryWith({ [dockerfileOf('java')]: log4j, [dockerfileOf('web')]: clean })
    await run('python3', ['-c', packJar], { cwd: join(repository, 'docker-builder/registry-repos/java') })
    const { outputs, summary } = await runGate(repository, { 'java-db-repository': '127.0.0.1:9/java:1' })
    expect(imagesIn(outputs)).toEqual(['java: scan-failed', 'web: clean'])
    expect(summary).toContain('java-db-repository: no repository gave the Java database')
  })
})
