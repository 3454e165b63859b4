import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { FolderShelf, noShelf, type Shelf } from '../../src/adapters/shelf.js'
import { IntegrityError } from '../../src/errors.js'
import { databaseArchive, metadata, newFolder, removeFolders, SharedShelf, withRegistry } from '../database-registry.js'
import type { FakeRegistry } from '../fake-registry.js'

afterAll(removeFolders)

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
    for (const NextUpdate of ['2026-08-01T12:00:00Z', undefined]) {
      const shelf = new FolderShelf(newFolder())
      await withRegistry(await databaseArchive({ NextUpdate }), async ({ registry, provide }) => {
        await provide({ shelf })
        registry.push('db', '2', await databaseArchive({ UpdatedAt: '2026-08-01T18:00:00Z' }))
        expect((await provide({ shelf })).updatedAt).toBe('2026-08-01T18:00:00Z')
        registry.asked.length = 0
        await provide({ shelf })
        expect(blobs(registry)).toEqual([])
      })
    }
  })

  it('by oneself is not current for years because it says so', async () => {
    const shelf = new FolderShelf(newFolder())
    await withRegistry(await databaseArchive({ NextUpdate: '2099-01-01T00:00:00Z' }), async ({ registry, provide }) => {
      const in3Days = new Date('2026-08-04T00:00:00Z')
      await provide({ shelf })
      // Control: within two days of its making it is not asked for.
      registry.asked.length = 0
      await provide({ shelf })
      expect(registry.asked).toEqual([])
      await provide({ shelf, now: in3Days })
      expect(registry.asked).toEqual(['GET /v2/db/manifests/2'])
      registry.push('db', '2', await databaseArchive({ UpdatedAt: '2026-08-03T18:00:00Z' }))
      expect((await provide({ shelf, now: in3Days })).updatedAt).toBe('2026-08-03T18:00:00Z')
    })
  })

  it.each<[string, () => FolderShelf]>([
    ['oneself', () => new FolderShelf(newFolder())],
    ['others', () => new SharedShelf(newFolder())],
  ])('by %s is not kept before it is proved, and proved again when it is taken', async (_, make) => {
    const shelf = make()
    const bad = await databaseArchive({ NextUpdate: '2026-08-02T12:00:00Z' }, { 'trivy.db': 'garbage' })
    await withRegistry(bad, async ({ registry, told, provide }) => {
      const proveContent = async (path: string): Promise<void> => {
        if (readFileSync(join(path, 'trivy.db'), 'utf8') !== 'advisories') throw new IntegrityError('it is empty', '')
      }
      await expect(provide({ shelf, prove: proveContent })).rejects.toThrow('db:2: it is empty')
      expect(existsSync(shelf.folder) ? readdirSync(shelf.folder) : []).toEqual([])
      // As an earlier version kept it: the registry still has it by its digest, and it says that it is current.
      await provide({ shelf })
      registry.push('db', '2', await databaseArchive({ UpdatedAt: '2026-08-01T18:00:00Z' }))
      for (const downloads of [1, 0]) {
        registry.asked.length = 0
        expect((await provide({ shelf, prove: proveContent })).updatedAt).toBe('2026-08-01T18:00:00Z')
        expect(blobs(registry)).toHaveLength(downloads)
      }
      expect(told).toEqual(['The vulnerability database in the cache is not used: it is empty; it is downloaded anew'])
    })
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
    ['given a manifest that is too long', folder => truncateSync(join(folder, 'manifest.json'), 5 * 1024 ** 2)],
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

  it('is not missed when it cannot be kept or taken', async () => {
    const shelf = new FolderShelf(newFolder())
    writeFileSync(join(shelf.folder, 'file'), '')
    const blocked = new FolderShelf(join(shelf.folder, 'file'))
    await withRegistry(await databaseArchive(), async ({ told, provide }) => {
      await expect(provide({ shelf: blocked })).resolves.toBeDefined()
      expect(told.join()).toContain('could not be kept for the next run')
      const strange: Shelf = { ...noShelf, take: async () => Promise.reject(new Error('ENOENT')) }
      await expect(provide({ shelf: strange })).resolves.toBeDefined()
    })
  })

  it('is kept whole or not at all', async () => {
    const shelf = new FolderShelf(newFolder())
    const entry = { name: 'entry', daily: false }
    await expect(shelf.keep(entry, join(shelf.folder, 'none'))).rejects.toThrow('ENOENT')
    expect(readdirSync(shelf.folder)).toEqual([])
  })
})
