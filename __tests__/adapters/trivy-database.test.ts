import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FolderShelf, noShelf, type Shelf } from '../../src/adapters/shelf.js'
import {
  javaDatabase,
  provideDatabase,
  vulnerabilityDatabase,
  type Database,
  type DatabaseKind,
  type DatabaseOptions,
} from '../../src/adapters/trivy-database.js'
import { ToolError } from '../../src/errors.js'
import { archiveOf, FakeRegistry } from '../fake-registry.js'

const root = mkdtempSync(join(tmpdir(), 'image-gate-database-'))
const newFolder = (): string => mkdtempSync(join(root, 'folder-'))
afterAll(() => {
  rmSync(root, { recursive: true })
})

const now = new Date('2026-08-02T00:00:00Z')
const metadata = { Version: 2, UpdatedAt: '2026-08-01T00:00:00Z', NextUpdate: '2026-08-02T06:00:00Z' }

/** The archive of a database that says this of itself. */
const databaseArchive = (more: object = {}, files: Record<string, string> = {}): Promise<Buffer> =>
  archiveOf({ 'trivy.db': 'advisories', 'metadata.json': JSON.stringify({ ...metadata, ...more }), ...files })

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

async function withRegistry<T>(archive: Buffer, use: (bed: Bed) => Promise<T>): Promise<T> {
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
          ...more,
        }),
    }),
  )
}

/** A shelf that others can write to. */
class SharedShelf extends FolderShelf implements Shelf {
  override readonly own: boolean = false
}

const day = 24 * 60 * 60_000

describe('a database', () => {
  it('is downloaded, and unpacked as Trivy wants it', async () => {
    await withRegistry(await databaseArchive(), async ({ address, provide }) => {
      const database = await provide()
      expect(database).toMatchObject({ repository: `${address}/db:2`, updatedAt: metadata.UpdatedAt })
      expect(readdirSync(database.path).sort()).toEqual(['metadata.json', 'trivy.db'])
      expect(JSON.parse(readFileSync(join(database.path, 'metadata.json'), 'utf8'))).toEqual({
        ...metadata,
        DownloadedAt: now.toISOString(),
      })
    })
  })

  it.each<[string, () => Promise<Buffer>, string]>([
    ['has another schema', () => databaseArchive({ Version: 3 }), 'its schema is 3, and Trivy understands 2'],
    [
      'does not say when it was built',
      () => databaseArchive({ UpdatedAt: 'lately' }),
      'does not say when it was built',
    ],
    [
      'has metadata that is none',
      () => archiveOf({ 'trivy.db': 'x', 'metadata.json': '[' }),
      'no readable metadata.json',
    ],
    ['has no metadata', () => archiveOf({ 'trivy.db': 'x' }), 'it lacks metadata.json'],
    ['has nothing in it', () => archiveOf({}), 'it lacks trivy.db and metadata.json'],
    ['is no archive', async () => Buffer.from('<html>'), 'its archive cannot be used: incorrect header check'],
    [
      'is cut',
      async () => (await databaseArchive()).subarray(0, 60),
      'its archive cannot be used: unexpected end of file',
    ],
    [
      'only has files that would lie elsewhere',
      () => archiveOf({ '../trivy.db': 'x', '/trivy.db': 'x', 'metadata.json': JSON.stringify(metadata) }),
      'it lacks trivy.db',
    ],
  ])('is refused when it %s', async (_, archive, message) => {
    await withRegistry(await archive(), async ({ provide }) => {
      const tempDir = newFolder()
      await expect(provide({ tempDir })).rejects.toThrow(message)
      await expect(provide({ tempDir })).rejects.toThrow(ToolError)
    })
  })

  it.each<[string, object, string]>([
    ['no layer', { layers: [] }, 'one with exactly one layer'],
    ['two layers', { layers: [{}, {}] }, 'one with exactly one layer'],
    ['layers that are none', { layers: 'x' }, 'one with exactly one layer'],
    [
      'a layer that is a path',
      { layers: [{ digest: '../../etc/passwd', size: 1 }] },
      "it names a layer '../../etc/passwd'",
    ],
    ['a layer without a size', { layers: [{ digest: `sha256:${'a'.repeat(64)}` }] }, 'one with exactly one layer'],
  ])('is refused when its manifest has %s', async (_, manifest, message) => {
    await withRegistry(await databaseArchive(), async ({ registry, provide }) => {
      registry.push('db', '2', await databaseArchive(), manifest)
      await expect(provide()).rejects.toThrow(message)
    })
  })

  it('comes from the next repository when one has none that can be used', async () => {
    await withRegistry(await databaseArchive(), async ({ registry, address, provide }) => {
      registry.push('old', '2', await databaseArchive({ UpdatedAt: '2026-07-01T00:00:00Z' }))
      registry.push('broken', '2', Buffer.from('x'))
      const names = ['missing', 'old', 'broken', 'db'].map(name => `${address}/${name}`)
      const database = await provide({ maxAge: 3 * day }, ['127.0.0.1:9/db', ...names])
      expect(database.repository).toBe(`${address}/db`)
    })
  })

  it('is refused when it is older than allowed; each repository’s answer is said', async () => {
    await withRegistry(await databaseArchive(), async ({ address, provide }) => {
      const late = new Date('2026-08-05T12:00:00Z')
      await expect(
        provide({ now: late, maxAge: 3 * day }, [`${address}/missing`, `${address}/db`]),
      ).rejects.toMatchObject({
        message: `db-repository: no repository gave the vulnerability database: ${address}/missing: it answered 404 Not Found; ${address}/db: it is 4.5 days old, more than db-max-age allows`,
        advice: expect.stringContaining('allow its age with the input db-max-age') as string,
      })
      await expect(provide({ now: late, maxAge: 5 * day })).resolves.toBeDefined()
      await expect(provide({ now: late })).resolves.toBeDefined()
    })
  })

  it('is refused when it was built in the future: then the clock of the machine is wrong', async () => {
    await withRegistry(await databaseArchive(), async ({ provide }) => {
      await expect(provide({ now: new Date('2020-01-01T00:00:00Z'), maxAge: 3 * day })).rejects.toMatchObject({
        message: expect.stringContaining('which is in the future for this machine') as string,
        advice: 'Set the clock of this machine right, then run again.',
      })
      await expect(provide({ now: new Date('2026-07-31T12:00:00Z'), maxAge: 3 * day })).resolves.toBeDefined()
    })
  })

  it('that is rate limited names the limit', async () => {
    await withRegistry(await databaseArchive(), async ({ registry, provide }) => {
      registry.intervene = (_, response) => {
        response.writeHead(429).end()
        return 'done'
      }
      await expect(provide()).rejects.toMatchObject({
        advice: expect.stringContaining('A registry limits how often it may be asked') as string,
      })
    })
  })

  it('of Java has a schema and an input of its own', async () => {
    const archive = await archiveOf({
      'trivy-java.db': 'x',
      'metadata.json': JSON.stringify({ ...metadata, Version: 1 }),
    })
    await withRegistry(archive, async ({ registry, address, provide }) => {
      registry.push('java', '1', archive)
      const database = await provide({}, [`${address}/java`], javaDatabase)
      expect(existsSync(join(database.path, 'trivy-java.db'))).toBe(true)
      await expect(provide({}, [`${address}/none`], javaDatabase)).rejects.toThrow(
        'java-db-repository: no repository gave the Java database',
      )
    })
  })

  it('is waited for no longer when the run is cancelled', async () => {
    await withRegistry(await databaseArchive(), async ({ registry, address, provide }) => {
      const stop = new AbortController()
      registry.intervene = () => {
        stop.abort(new ToolError('the run was cancelled', 'Run it again.'))
        return 'done'
      }
      const both = [`${address}/a`, `${address}/b`]
      await expect(provide({ signal: stop.signal }, both)).rejects.toThrow('the run was cancelled')
      expect(registry.asked).toEqual(['GET /v2/a/manifests/2'])
    })
  })
})

describe('a database that was kept', () => {
  const blobs = (registry: FakeRegistry): string[] => registry.asked.filter(line => line.includes('/blobs/'))

  it('by oneself is used without a question while it is current', async () => {
    const shelf = new FolderShelf(newFolder())
    await withRegistry(await databaseArchive(), async ({ registry, provide }) => {
      await provide({ shelf })
      registry.asked.length = 0
      expect((await provide({ shelf })).updatedAt).toBe(metadata.UpdatedAt)
      expect(registry.asked).toEqual([])
    })
  })

  it('by oneself is replaced when there is a newer one, or nobody knows whether there is', async () => {
    for (const NextUpdate of ['2026-08-01T12:00:00Z', undefined, 'soon']) {
      const shelf = new FolderShelf(newFolder())
      await withRegistry(await databaseArchive({ NextUpdate }), async ({ registry, provide }) => {
        await provide({ shelf })
        registry.push('db', '2', await databaseArchive({ UpdatedAt: '2026-08-01T18:00:00Z' }))
        expect((await provide({ shelf })).updatedAt).toBe('2026-08-01T18:00:00Z')
        registry.asked.length = 0
        await provide({ shelf })
        expect(registry.asked).toEqual([])
      })
    }
  })

  it('by others is used when the registry has that very one, without downloading it', async () => {
    const shelf = new SharedShelf(newFolder())
    await withRegistry(await databaseArchive(), async ({ registry, provide }) => {
      await provide({ shelf })
      expect(blobs(registry)).toHaveLength(1)
      await provide({ shelf })
      // Also when there is a newer one meanwhile: it says of itself that it is still current.
      registry.push('db', '2', await databaseArchive({ UpdatedAt: '2026-08-01T18:00:00Z' }))
      expect((await provide({ shelf })).updatedAt).toBe(metadata.UpdatedAt)
      expect(blobs(registry)).toHaveLength(1)
    })
  })

  it('by others counts for nothing when the registry does not know it, or cannot be asked', async () => {
    const shelf = new SharedShelf(newFolder())
    await withRegistry(
      await databaseArchive({ UpdatedAt: '2026-08-01T20:00:00Z' }, { 'trivy.db': 'nothing' }),
      async poisoner => {
        await poisoner.provide({ shelf })
        const [entry = ''] = readdirSync(shelf.folder)
        await withRegistry(await databaseArchive(), async ({ registry, address, told, provide }) => {
          // Under the name that the other registry's has.
          const mine = new SharedShelf(newFolder())
          await provide({ shelf: mine })
          const [name = ''] = readdirSync(mine.folder)
          rmSync(join(mine.folder, name), { recursive: true })
          await shelf.take({ name: entry, daily: true }, join(mine.folder, name))
          expect((await provide({ shelf: mine })).updatedAt).toBe(metadata.UpdatedAt)
          expect(told).toEqual([
            `The vulnerability database in the cache is not one that ${address}/db:2 has: it is downloaded anew`,
          ])
          registry.intervene = (_, response) => {
            response.writeHead(500).end()
            return 'done'
          }
          await expect(provide({ shelf: mine })).rejects.toThrow('it answered 500')
        })
      },
    )
  })

  it.each<[string, (folder: string) => void]>([
    ['changed', folder => writeFileSync(join(folder, 'archive.tar.gz'), 'x')],
    [
      'changed, with its size',
      folder => {
        const path = join(folder, 'archive.tar.gz')
        writeFileSync(path, Buffer.alloc(readFileSync(path).length))
      },
    ],
    ['without its manifest', folder => rmSync(join(folder, 'manifest.json'))],
    ['with a manifest that is none', folder => writeFileSync(join(folder, 'manifest.json'), '{')],
    [
      'replaced by a link',
      folder => {
        rmSync(join(folder, 'archive.tar.gz'))
        symlinkSync('/dev/zero', join(folder, 'archive.tar.gz'))
      },
    ],
    [
      'replaced by a folder',
      folder => {
        rmSync(join(folder, 'manifest.json'))
        mkdirSync(join(folder, 'manifest.json'))
      },
    ],
  ])('is downloaded anew when it was %s', async (_, damage) => {
    for (const shelf of [new FolderShelf(newFolder()), new SharedShelf(newFolder())]) {
      await withRegistry(await databaseArchive(), async ({ registry, told, provide }) => {
        await provide({ shelf })
        damage(join(shelf.folder, readdirSync(shelf.folder)[0] ?? ''))
        expect((await provide({ shelf })).updatedAt).toBe(metadata.UpdatedAt)
        expect(told.join()).toContain('The vulnerability database in the cache is not what it says')
        expect(blobs(registry)).toHaveLength(2)
      })
    }
  })
})
