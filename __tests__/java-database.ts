/** Java databases: which file, by its SHA-1, is which package. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import jars from '../src/adapters/canary-jars.json' with { type: 'json' }
import { archiveOf } from './fake-registry.js'

/** `group:artifact:version`, by SHA-1. */
export type JavaPackages = Readonly<Record<string, string>>

/** What each genuine database has. */
export const knownPackages: JavaPackages = { [jars.aopalliance.sha1]: 'aopalliance:aopalliance:1.0' }

/** The archive of a database with the tables of trivy-java-db (`pkg/db/db.go`). */
export async function javaArchive(packages: JavaPackages, more: object = {}): Promise<Buffer> {
  const path = join(mkdtempSync(join(tmpdir(), 'image-gate-java-')), 'trivy-java.db')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)')
  database.exec('CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)')
  Object.entries(packages).forEach(([sha1, name], id) => {
    const [group = '', artifact = '', version = ''] = name.split(':')
    database.prepare('INSERT INTO artifacts VALUES (?, ?, ?)').run(id, group, artifact)
    database.prepare('INSERT INTO indices VALUES (?, ?, ?, ?)').run(id, version, Buffer.from(sha1, 'hex'), 'jar')
  })
  database.close()
  const metadata = { Version: 1, UpdatedAt: new Date().toISOString(), NextUpdate: '2099-01-01T00:00:00Z', ...more }
  return archiveOf({ 'trivy-java.db': readFileSync(path), 'metadata.json': JSON.stringify(metadata) })
}
