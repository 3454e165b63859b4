import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalFiles } from '../../src/adapters/local-files.js'

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
