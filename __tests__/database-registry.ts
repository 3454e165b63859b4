/** A registry with a database, and what asks it for that. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FolderShelf, noShelf, type Shelf } from '../src/adapters/shelf.js'
import {
  provideDatabase,
  vulnerabilityDatabase,
  type Database,
  type DatabaseKind,
  type DatabaseOptions,
} from '../src/adapters/trivy-database.js'
import { archiveOf, FakeRegistry } from './fake-registry.js'

const root = mkdtempSync(join(tmpdir(), 'image-gate-database-'))
export const newFolder = (): string => mkdtempSync(join(root, 'folder-'))

export function removeFolders(): void {
  rmSync(root, { recursive: true })
}

export const now = new Date('2026-08-02T00:00:00Z')
export const metadata = { Version: 2, UpdatedAt: '2026-08-01T00:00:00Z', NextUpdate: '2026-08-02T06:00:00Z' }

/** The archive of a database that says this of itself. */
export const databaseArchive = (more: object = {}, files: Record<string, string> = {}): Promise<Buffer> =>
  archiveOf({ 'trivy.db': 'advisories', 'metadata.json': JSON.stringify({ ...metadata, ...more }), ...files })

/** What a test has at hand. */
interface Bed {
  readonly registry: FakeRegistry
  readonly address: string
  readonly told: string[]
  readonly provide: (
    more?: Partial<DatabaseOptions>,
    repositories?: readonly string[],
    kind?: DatabaseKind,
  ) => Promise<Database>
}

export async function withRegistry<T>(archive: Buffer, use: (bed: Bed) => Promise<T>): Promise<T> {
  const registry = new FakeRegistry()
  registry.push('db', '2', archive)
  const told: string[] = []
  return registry.run(address =>
    use({
      registry,
      address,
      told,
      provide: (more = {}, repositories = [`${address}/db:2`], kind = vulnerabilityDatabase) =>
        provideDatabase(kind, repositories, {
          credentials: [],
          signal: new AbortController().signal,
          backoff: 1,
          tempDir: newFolder(),
          shelf: noShelf,
          now,
          tell: text => told.push(text),
          prove: async () => undefined,
          ...more,
        }),
    }),
  )
}

/** A shelf that others can write to. */
export class SharedShelf extends FolderShelf implements Shelf {
  override readonly own: boolean = false
}
