import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'
import { unpackFiles } from '../../src/adapters/archive.js'

const root = mkdtempSync(join(tmpdir(), 'image-gate-archive-'))
afterAll(() => {
  rmSync(root, { recursive: true })
})

type Entry = readonly [Partial<Header> & { readonly name: string }, string | Buffer]

/** Unpacks the file `wanted` of at most 100 bytes, with at most 10,000 bytes beside it. */
async function unpack(...contents: readonly Entry[]): Promise<Record<string, string>> {
  const archive = pack()
  for (const [header, content] of contents) archive.entry(header, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const directory = mkdtempSync(join(root, 'x-'))
  const path = join(root, 'archive.tar.gz')
  writeFileSync(path, gzipSync(Buffer.concat(chunks)))
  await unpackFiles(path, directory, { wanted: 100 }, 10_000)
  return Object.fromEntries(readdirSync(directory).map(name => [name, readFileSync(join(directory, name), 'utf8')]))
}

const file = (name: string, content: string | Buffer): Entry => [{ name }, content]

describe('an archive', () => {
  it('gives the wanted file, and nothing else', async () => {
    const entries = [file('other', 'x'), file('./wanted', 'y'), file('../wanted', 'z'), file('/wanted', 'z')]
    await expect(unpack(...entries)).resolves.toEqual({ wanted: 'y' })
    // Control of the limits: everything is as big as it may be.
    const full = [file('wanted', 'y'.repeat(100)), file('beside', Buffer.alloc(7000))]
    await expect(unpack(...full)).resolves.toEqual({ wanted: 'y'.repeat(100) })
  })

  it.each<[string, readonly Entry[], string]>([
    ['its file is too big', [file('wanted', 'y'.repeat(101))], 'its wanted has more than 100 bytes'],
    [
      'it has more beside its file than it may, however small it is packed',
      [file('wanted', 'y'), file('bomb', Buffer.alloc(1_000_000))],
      'it has more than 10100 bytes unpacked',
    ],
    [
      'it has more before its file than it may',
      [file('bomb', Buffer.alloc(1_000_000)), file('wanted', 'y')],
      'it has more than 10100 bytes unpacked',
    ],
    ['it has two of them', [file('wanted', 'a'), file('./wanted', 'b')], 'it has two files wanted'],
    ['its file is a link', [[{ name: 'wanted', type: 'symlink', linkname: '/etc/passwd' }, '']], 'it lacks wanted'],
    [
      'its file is a hard link',
      [file('a', 'x'), [{ name: 'wanted', type: 'link', linkname: 'a' }, '']],
      'it lacks wanted',
    ],
    ['its file is a folder', [[{ name: 'wanted', type: 'directory' }, '']], 'it lacks wanted'],
  ])('is refused when %s', async (_, entries, message) => {
    await expect(unpack(...entries)).rejects.toThrow(message)
  })
})
