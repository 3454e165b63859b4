import { TarHeaders } from '../../src/adapters/tar-headers.js'
import type { LayerEntry } from '../../src/ports.js'
import { entryOf, paxOf, tarOf, type Entry } from '../crafted.js'

/** In pieces of this many bytes. */
function read(archive: Buffer, piece = archive.length): { entries: LayerEntry[]; contents: string[] } {
  const entries: LayerEntry[] = []
  const contents: string[] = []
  const headers = new TarHeaders(
    entry => {
      entries.push(entry)
      contents.push('')
    },
    chunk => contents.push(`${contents.pop() ?? ''}${chunk.toString()}`),
  )
  for (let at = 0; at < archive.length; at += piece) headers.write(archive.subarray(at, at + piece))
  headers.end()
  return { entries, contents }
}

const file = { name: 'a', content: 'x'.repeat(700) }
const namesOf = (...entries: Entry[]): string[] => read(tarOf(...entries)).entries.map(({ path }) => path)

describe('headers of an archive', () => {
  const all = tarOf(
    { name: './etc/', type: '5', mode: 0o40755 },
    file,
    { name: '/usr/bin/x', mode: 0o100755 },
    { name: 'l', type: '2', target: '../b/' },
    { name: 'h', type: '1', target: './a' },
    { name: 'pipe', type: '6' },
    { name: 'old/', type: '\0' },
  )

  it.each([all.length, 512, 100, 1])('are read in pieces of %i bytes', piece => {
    const { entries, contents } = read(all, piece)
    const plain = { target: '', bytes: 0, executable: false }
    expect(entries).toEqual([
      { ...plain, path: 'etc', kind: 'folder', executable: true },
      { ...plain, path: 'a', kind: 'file', bytes: 700 },
      { ...plain, path: 'usr/bin/x', kind: 'file', executable: true },
      { ...plain, path: 'l', kind: 'symbolic-link', target: '../b/' },
      { ...plain, path: 'h', kind: 'hard-link', target: 'a' },
      { ...plain, path: 'pipe', kind: 'other' },
      { ...plain, path: 'old', kind: 'folder' },
    ])
    expect(contents).toEqual(['', file.content, '', '', '', '', ''])
  })

  it('have names of all lengths', () => {
    const long = `${'d/'.repeat(200)}n`
    expect(namesOf(paxOf({ path: long }), file, file)).toEqual([long, 'a'])
    expect(namesOf({ name: 'L', type: 'L', content: `${long}\0` }, file, file)).toEqual([long, 'a'])
    expect(namesOf({ name: 'n', bytes: { 345: 'pre/fix' } })).toEqual(['pre/fix/n'])
    expect(read(tarOf(paxOf({ linkpath: long }), { name: 'h', type: '1' })).entries[0]?.target).toBe(long)
    expect(read(tarOf({ name: 'K', type: 'K', content: long }, { name: 'h', type: '1' })).entries[0]?.target).toBe(long)
  })

  it('may have their size in a pax header, and what it takes back counts for nothing', () => {
    expect(read(tarOf({ ...paxOf({ size: '700' }) }, { ...file, size: 0 })).contents).toEqual([file.content])
    expect(namesOf(paxOf({ path: '', size: '' }), file)).toEqual(['a'])
  })

  it('let a global header change nothing, and show it as what it is', () => {
    const { entries } = read(tarOf(paxOf({ path: 'b/.wh.c' }, 'g'), file))
    expect(entries).toMatchObject([
      { path: 'b/.wh.c', kind: 'other' },
      { path: 'a', kind: 'file' },
    ])
  })

  it('may end without the empty blocks', () => {
    expect(read(entryOf(file)).entries).toHaveLength(1)
  })

  it.each<[string, Buffer, string]>([
    ['climbs', tarOf({ name: 'a/../../b' }), 'climbs'],
    ['links to what climbs', tarOf({ name: 'a', type: '1', target: '../b' }), 'climbs'],
    ['is a file whose mode says folder', tarOf({ name: 'a', mode: 0o40644 }), 'its mode says otherwise'],
    ['is a file whose mode says link', tarOf({ name: 'a', mode: 0o120755 }), 'its mode says otherwise'],
    ['is a file with a slash', tarOf({ name: 'a/' }), 'its mode says otherwise'],
    ['is sparse in the old way', tarOf({ name: 'a', type: 'S' }), 'do not read alike'],
    ['is sparse in the new way', tarOf(paxOf({ 'GNU.sparse.major': '1' }), file), 'sparse'],
    ['is of an unknown kind', tarOf({ name: 'a', type: '7' }), 'do not read alike'],
    [
      'has two kinds of extended headers',
      tarOf(paxOf({ path: 'b' }), { name: 'L', type: 'L', content: 'c' }),
      'two kinds',
    ],
    ['has no checksum', tarOf({ name: 'a', bytes: { 148: '0000001\0' } }), 'wrong checksum'],
    ['has a size that is none', tarOf({ name: 'a', bytes: { 124: '1x' } }), 'a number that is none'],
    ['has a size below zero', tarOf({ name: 'a', bytes: { 124: '\xff\xff' } }), 'too big'],
    ['has a huge pax size', tarOf(paxOf({ size: '9'.repeat(16) }), file), 'a size that is none'],
    ['has a zero byte in its name', tarOf(paxOf({ path: 'a\0b' }), file), 'zero byte'],
    ['has a damaged pax header', tarOf({ name: 'p', type: 'x', content: '99 path=a\n' }, file), 'damaged'],
    ['has a pax header without a length', tarOf({ name: 'p', type: 'x', content: 'path=a\n' }, file), 'damaged'],
    ['has an empty pax header', tarOf({ name: 'p', type: 'x' }, file), 'empty or too long'],
    ['is of star', tarOf({ name: 'a', bytes: { 508: 'tar\0' } }), 'star'],
    ['is of GNU with a prefix', tarOf({ name: 'a', bytes: { 257: 'ustar  \0', 345: 'b' } }), 'two ways'],
    ['has a name that no path can be', tarOf(paxOf({ path: 'a'.repeat(5000) }), file), 'longer than a path'],
    ['comes after an empty block', Buffer.concat([Buffer.alloc(512), entryOf(file)]), 'followed by another entry'],
    ['comes after the end', Buffer.concat([tarOf(file), entryOf(file)]), 'after its end'],
    ['breaks off', tarOf(file).subarray(0, 900), 'ends in the middle'],
    ['is only a pax header', entryOf(paxOf({ path: 'a' })), 'ends in the middle'],
  ])('are refused where an entry %s', (_, archive, says) => {
    expect(() => read(archive)).toThrow(says)
    expect(() => read(archive, 7)).toThrow(says)
  })
})
