import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { javaDatabase } from '../../src/adapters/trivy-database.js'
import { FolderShelf } from '../../src/adapters/shelf.js'
import { IntegrityError, ToolError } from '../../src/errors.js'
import { databaseArchive, metadata, newFolder, now, removeFolders, withRegistry } from '../database-registry.js'
import { archiveOf } from '../fake-registry.js'

afterAll(removeFolders)

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
      'does not say when it was built: UpdatedAt is "lately"',
    ],
    ['has a date that Trivy refuses', () => databaseArchive({ UpdatedAt: '2026-08-01' }), 'UpdatedAt is "2026-08-01"'],
    ['says no date for the next one', () => databaseArchive({ NextUpdate: 5 }), 'NextUpdate is 5'],
    [
      'has long metadata',
      () => archiveOf({ 'trivy.db': 'x', 'metadata.json': JSON.stringify({ ...metadata, x: 'x'.repeat(65_536) }) }),
      'its metadata.json has more than 65536 bytes',
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
    ['a layer without bytes', { layers: [{ digest: `sha256:${'a'.repeat(64)}`, size: 0 }] }, 'a layer of 0 bytes'],
    [
      'a layer that fills a disk',
      { layers: [{ digest: `sha256:${'a'.repeat(64)}`, size: 2 ** 40 }] },
      'a layer of 1099511627776 bytes',
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

  it('comes from the next repository when Trivy finds nothing with one, or cannot read it', async () => {
    await withRegistry(await databaseArchive(), async ({ registry, address, told, provide }) => {
      const shelf = new FolderShelf(newFolder())
      registry.push('empty', '2', await databaseArchive({}, { 'trivy.db': 'empty' }))
      registry.push('garbage', '2', await databaseArchive({}, { 'trivy.db': 'garbage' }))
      const prove = async (path: string): Promise<void> => {
        const content = readFileSync(join(path, 'trivy.db'), 'utf8')
        if (content === 'garbage') throw new ToolError('Trivy ended without a report', '')
        if (content === 'empty') throw new IntegrityError('Trivy and its database find nothing', '')
      }
      const tempDir = newFolder()
      const bad = ['empty', 'garbage'].map(name => `${address}/${name}`)
      const database = await provide({ shelf, prove, tempDir }, [...bad, `${address}/db`])
      expect(database.repository).toBe(`${address}/db`)
      expect(readdirSync(shelf.folder)).toHaveLength(1)
      // Of what was refused nothing takes room.
      expect(readdirSync(tempDir)).toHaveLength(1)
      await expect(provide({ shelf, prove }, bad)).rejects.toMatchObject({
        message: `db-repository: no repository gave the vulnerability database: ${address}/empty: Trivy and its database find nothing; ${address}/garbage: Trivy ended without a report`,
        advice: expect.stringContaining('The database is empty, damaged') as string,
      })
      expect(told).toEqual([])
    })
  })

  it('ends the run, and asks no other repository, when Trivy cannot be had', async () => {
    await withRegistry(await databaseArchive(), async ({ registry, address, provide }) => {
      const stop = new AbortController()
      const prove = async (): Promise<void> => {
        stop.abort(new IntegrityError('another Trivy', ''))
        throw new IntegrityError('another Trivy', '')
      }
      const both = [`${address}/db`, `${address}/other`]
      await expect(provide({ signal: stop.signal, prove }, both)).rejects.toThrow(/^another Trivy$/)
      expect(registry.asked.join()).not.toContain('other')
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
      const late = { now: new Date('2026-09-20T00:00:00Z'), maxAge: 30 * day }
      await expect(provide(late, [`${address}/java`], javaDatabase)).rejects.toMatchObject({
        message: expect.stringContaining('it is 50.0 days old, more than java-db-max-age allows') as string,
        advice: expect.stringContaining('allow its age with the input java-db-max-age') as string,
      })
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
