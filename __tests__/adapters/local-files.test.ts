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
    await expect(files.copy(join(work, 'none'), join(work, 'other'))).rejects.toThrow('ENOENT')
    expect(readdirSync(work).sort()).toEqual(['copied', 'written'])
  })

  it('is written where a folder has its name, which is moved aside with all that is in it', async () => {
    mkdirSync(join(work, 'report.json'))
    writeFileSync(join(work, 'report.json', 'kept'), 'kept')
    await files.writeText(join(work, 'report.json'), 'x')
    expect(readFileSync(join(work, 'report.json'), 'utf8')).toBe('x')
    const [aside = ''] = readdirSync(work).filter(name => name.endsWith('.old'))
    expect(readFileSync(join(work, aside, 'kept'), 'utf8')).toBe('kept')
  })
})

describe('a folder for reports', () => {
  it('is a real one in place of a link, which loses nothing that it leads to', async () => {
    const [target, linked] = ['target', 'linked'].map(name => join(folder, name)) as [string, string]
    mkdirSync(target)
    writeFileSync(join(target, 'a.cdx.json'), 'mine')
    symlinkSync('target', linked)
    await files.clear(linked, '.cdx.json')
    writeFileSync(join(folder, 'sbom-of-web'), 'new')
    await files.copy(join(folder, 'sbom-of-web'), join(linked, 'web.cdx.json'))
    expect(lstatSync(linked).isDirectory()).toBe(true)
    expect(readdirSync(target)).toEqual(['a.cdx.json'])
  })

  it('loses the files that look like reports, and no other', async () => {
    const directory = join(folder, 'sboms')
    mkdirSync(join(directory, 'x.cdx.json'), { recursive: true })
    for (const name of ['forged.cdx.json', 'README.md']) writeFileSync(join(directory, name), 'x')
    symlinkSync('README.md', join(directory, 'link.cdx.json'))
    await files.clear(directory, '.cdx.json')
    expect(readdirSync(directory).sort()).toEqual(['README.md', 'x.cdx.json'])
    await files.clear(join(folder, 'not-there'), '.cdx.json')
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
