import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalFiles, refuseLinkedAway } from '../../src/adapters/local-files.js'

const folder = mkdtempSync(join(tmpdir(), 'image-gate-test-'))
const files = new LocalFiles()

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('readText', () => {
  it('reads a file, and knows one that is not there', async () => {
    writeFileSync(join(folder, 'file'), 'text')
    symlinkSync('circle', join(folder, 'circle'))
    expect(await files.readText(join(folder, 'file'))).toBe('text')
    expect(await files.readText(join(folder, 'none'))).toBeUndefined()
    expect(await files.readText(join(folder, 'circle'))).toBeUndefined()
  })

  it.each<[string, () => void, string]>([
    ['folder', () => mkdirSync(join(folder, 'folder')), 'it is not a file'],
    ['device', () => symlinkSync('/dev/zero', join(folder, 'device')), 'it is not a file'],
    [
      'huge',
      () => {
        writeFileSync(join(folder, 'huge'), '')
        truncateSync(join(folder, 'huge'), 3 * 1024 ** 3)
      },
      'it has 3072 MiB',
    ],
  ])('refuses what would never end or fit: %s', async (name, make, message) => {
    make()
    await expect(files.readText(join(folder, name))).rejects.toThrow(message)
  })
})

describe('a report', () => {
  const work = join(folder, 'reports')

  it('replaces a link that a repository has in its place, and does not follow it', async () => {
    mkdirSync(work)
    writeFileSync(join(folder, 'mine'), 'mine')
    for (const name of ['written', 'copied']) symlinkSync('../mine', join(work, name))
    await files.writeText(join(work, 'written'), ['a', 'b'])
    await files.copy(join(work, 'written'), join(work, 'copied'))
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine')
    for (const name of ['written', 'copied']) {
      expect(lstatSync(join(work, name)).isFile()).toBe(true)
      expect(readFileSync(join(work, name), 'utf8')).toBe('ab')
    }
  })

  it('that cannot be written leaves nothing behind', async () => {
    mkdirSync(join(work, 'sub'))
    await expect(files.writeText(join(work, 'sub'), 'x')).rejects.toThrow()
    await expect(files.copy(join(work, 'none'), join(work, 'other'))).rejects.toThrow('ENOENT')
    expect(readdirSync(work).sort()).toEqual(['copied', 'sub', 'written'])
  })
})

describe('refuseLinkedAway', () => {
  it('refuses a folder that a link leads out of the repository, at any depth', async () => {
    const repository = join(folder, 'repository')
    mkdirSync(join(repository, 'in'), { recursive: true })
    symlinkSync('../outside', join(repository, 'gone'))
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync('../elsewhere', join(repository, 'away'))
    symlinkSync('in', join(repository, 'near'))
    for (const name of ['in', 'near', 'new/folder', 'near/new', '../elsewhere', '.'])
      await refuseLinkedAway(join(repository, name), repository)
    for (const name of ['away', 'away/new', 'gone', 'gone/new'])
      await expect(refuseLinkedAway(join(repository, name), repository)).rejects.toThrow(
        `report-dir: '${name}' is a link that leads out of the repository`,
      )
  })
})
