/** What an engine exports: images whose every digest is true, or an error; and no file anywhere but in the layout. */
import { createHash } from 'node:crypto'
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
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { pack, type Header } from 'tar-stream'
import { openLayout, readBlobs, receiveArchive } from '../../src/adapters/oci-layout.js'
import { GateError } from '../../src/errors.js'
import type { ExportedImage } from '../../src/ports.js'
import {
  anyByteChanges,
  anyChanges,
  change,
  changeBytes,
  hostileText,
  oddValue,
  patience,
  runs,
  toText,
} from './arbitraries.js'

const folder = mkdtempSync(join(tmpdir(), 'image-gate-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

const digestOf = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`
const pathOf = (content: string): string => `blobs/sha256/${digestOf(content).slice(7)}`

type Entry = Pick<Header, 'name'> & Partial<Header> & { readonly content?: string }

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content = '', type = 'file', ...header } of entries) {
    if (type === 'file' || type === 'contiguous-file') archive.entry({ ...header, type }, content)
    else archive.entry({ linkname: 'x', ...header, type })
  }
  archive.finalize()
  return Buffer.concat(await Readable.from(archive).toArray())
}

const layers = ['first layer', 'second layer']
const config = { architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } }
const layerType = 'application/vnd.oci.image.layer.v1.tar'
const manifestOf = (configText: string): object => ({
  schemaVersion: 2,
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(configText),
    size: configText.length,
  },
  layers: layers.map(layer => ({ mediaType: layerType, digest: digestOf(layer), size: layer.length })),
})
const saved = [{ Config: 'config.json', RepoTags: null, Layers: ['one/layer.tar', 'two/layer.tar'] }]

/** As Docker 25 and later saves images: by digest. */
function modernOf(manifestText: string, configText: string): Entry[] {
  const blobs = [...layers, configText, manifestText].map(content => ({ name: pathOf(content), content }))
  return [{ name: 'oci-layout', content: '{}' }, { name: 'blobs/sha256/', type: 'directory' }, ...blobs]
}

/** As engines before did: by name, with links. */
function legacyOf(savedText: string, configText: string): Entry[] {
  return [
    { name: 'one/layer.tar', content: layers[0] ?? '' },
    { name: 'other/layer.tar', content: layers[1] ?? '' },
    { name: 'two/layer.tar', type: 'symlink', linkname: '../other/layer.tar' },
    { name: 'config.json', content: configText },
    { name: 'manifest.json', content: savedText },
  ]
}

let used = 0

/** @returns what there is of the images; an error that is not ours breaks the test, and so does a file that lies elsewhere */
async function open(archive: Buffer, ...imageIds: string[]): Promise<(ExportedImage | undefined)[]> {
  used += 1
  const place = join(folder, String(used))
  const layoutDir = join(place, 'a', 'layout')
  try {
    const exported = await openLayout(layoutDir, await receiveArchive(Readable.from([archive]), layoutDir), imageIds)
    return imageIds.map(imageId => {
      try {
        return checked(exported.image(imageId))
      } catch (error) {
        if (!(error instanceof GateError)) throw error
        return undefined
      }
    })
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return []
  } finally {
    expect([readdirSync(place), readdirSync(join(place, 'a'))]).toEqual([['a'], ['layout']])
    expect(readdirSync(layoutDir).filter(name => !['blobs', 'index.json', 'oci-layout'].includes(name))).toEqual([])
    expect(readdirSync(join(layoutDir, 'blobs'))).toEqual(['sha256'])
    rmSync(place, { recursive: true })
  }
}

/** Every digest of an image is that of a file. */
function checked(image: ExportedImage): ExportedImage {
  const { layoutDir, digests } = image
  const read = (digest: string): Buffer => {
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    return readFileSync(join(layoutDir, 'blobs', 'sha256', digest.slice(7)))
  }
  for (const digest of [digests.manifest, digests.config]) expect(digestOf(read(digest))).toBe(digest)
  for (const { digest, bytes } of image.layers) {
    const content = read(digest)
    expect([digestOf(content), content.length]).toEqual([digest, bytes])
  }
  expect(digests.diffIds.every(id => /^sha256:[0-9a-f]{64}$/.test(id))).toBe(true)
  expect(image.layers).toHaveLength(digests.diffIds.length)
  return image
}

const configText = JSON.stringify(config)
const manifestText = JSON.stringify(manifestOf(configText))
const imageId = digestOf(manifestText)
const modern = modernOf(manifestText, configText)
const legacy = legacyOf(JSON.stringify(saved), configText)

const anyHeader: fc.Arbitrary<Partial<Header>> = fc.record(
  {
    name: fc.oneof(
      hostileText.filter(name => name !== ''),
      fc.constantFrom(
        '../../x',
        '/etc/x',
        '/../x',
        'blobs/sha256/../../../x',
        `blobs/sha256/${'0'.repeat(64)}`,
        'incoming',
        'x/',
      ),
    ),
    type: fc.constantFrom('file', 'symlink', 'link', 'directory', 'fifo', 'character-device', 'contiguous-file'),
    linkname: fc.constantFrom(
      '../../../etc/passwd',
      '/etc/passwd',
      'config.json',
      '..',
      '',
      'two/layer.tar',
      '../one/layer.tar',
    ),
  },
  { requiredKeys: [] },
)

/** Entries doubled, left out, in another order, or with other headers. */
function anyEntries(entries: readonly Entry[]): fc.Arbitrary<Entry[]> {
  const entry = fc
    .tuple(fc.constantFrom(...entries), fc.oneof(fc.constant({}), anyHeader))
    .map(([one, other]) => ({ ...one, ...other }))
  return fc.tuple(fc.shuffledSubarray([...entries]), fc.array(entry, { maxLength: 4 })).map(lists => lists.flat())
}

describe('an archive of images', () => {
  it('gives the images that these tests are about', async () => {
    expect((await open(await archiveOf(modern), imageId))[0]?.digests.manifest).toBe(imageId)
    expect((await open(await archiveOf(legacy), digestOf(configText)))[0]?.digests.config).toBe(digestOf(configText))
  })

  it(
    'whose bytes are changed gives images with true digests, or an error',
    async () => {
      const archives = [await archiveOf(modern), await archiveOf(legacy)]
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(0, 1), anyByteChanges, async (which, changes) => {
          await open(changeBytes(archives[which] ?? Buffer.alloc(0), changes), imageId, digestOf(configText))
        }),
        runs(100),
      )
    },
    patience,
  )

  it(
    'whose entries are not as they should be writes nothing outside of the layout',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(anyEntries(modern), anyEntries(legacy)), async entries => {
          await open(await archiveOf(entries), imageId, digestOf(configText), 'sha256:../../x')
        }),
        runs(100),
      )
    },
    patience,
  )

  it(
    'whose headers lie about sizes ends',
    async () => {
      const archive = await archiveOf(legacy)
      const size = fc.oneof(
        fc.constantFrom(
          '77777777777\0',
          '00000000000\0',
          '-0000000001\0',
          'NaN',
          '\xff'.repeat(12),
          `\x80${'\xff'.repeat(11)}`,
          '           \0',
        ),
        fc.stringMatching(/^[0-7]{11}$/).map(octal => `${octal}\0`),
      )
      const place = fc.nat(archive.length / 512 - 1)
      const type = fc.constantFrom('', '0', '1', '2', 'x', 'g', 'L', 'K', '7')
      await fc.assert(
        fc.asyncProperty(place, size, type, async (block, lie, kind) => {
          const changed = Buffer.from(archive)
          const header = changed.subarray(block * 512, block * 512 + 512)
          header.write(lie, 124, 'latin1')
          if (kind !== '') header.write(kind, 156)
          header.write('        ', 148)
          header.write(
            `${header
              .reduce((sum, byte) => sum + byte, 0)
              .toString(8)
              .padStart(6, '0')}\0 `,
            148,
          )
          await open(changed, digestOf(configText))
        }),
        runs(100),
      )
    },
    patience,
  )

  it(
    'whose manifest or configuration is nonsense gives no image, or one that is what it says',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          anyChanges(manifestOf(configText)),
          anyChanges(config),
          anyChanges(saved),
          async (...changes) => {
            const configs = [configText, toText(change(config, changes[1]))]
            for (const text of configs) {
              const manifest = toText(change(manifestOf(text), changes[0]))
              await open(await archiveOf(modernOf(manifest, text)), digestOf(manifest))
              for (const list of [saved, change(saved, changes[2])]) {
                await open(await archiveOf(legacyOf(toText(list), text)), digestOf(text), 'config.json', '')
              }
            }
          },
        ),
        runs(50),
      )
    },
    patience,
  )

  it(
    'whose blobs are called by what is no digest gives no image',
    async () => {
      const name = fc.oneof(
        fc.constantFrom('sha256:../../../x', 'sha256:', '../x', 'sha512:00', '/etc/passwd'),
        hostileText,
      )
      await fc.assert(
        fc.asyncProperty(name, oddValue, async (digest, odd) => {
          const manifest = toText({ config: { digest }, layers: [] })
          expect(await open(await archiveOf(modernOf(manifest, '{}')), digestOf(manifest))).toEqual([undefined])
          const text = toText({ rootfs: { diff_ids: [digest, odd] } })
          const list = JSON.stringify([{ Config: 'config.json', Layers: [digest, digest] }])
          expect(await open(await archiveOf(legacyOf(list, text)), digestOf(text))).toEqual([undefined])
        }),
        runs(50),
      )
    },
    patience,
  )

  it('that breaks off without a word is no archive', async () => {
    const whole = await archiveOf(modern)
    for (const end of [0, 1, 511, 513, 1500]) {
      const source = new Readable({ read: () => undefined })
      source.push(whole.subarray(0, end))
      setImmediate(() => source.destroy())
      await expect(receiveArchive(source, join(folder, `cut-${String(end)}`))).rejects.toThrow('is no whole archive')
    }
  })
})

describe('a layout that somebody else wrote', () => {
  it('has the blobs that are called as they should be, and follows no link', async () => {
    const layoutDir = join(folder, 'foreign')
    const blobs = join(layoutDir, 'blobs', 'sha256')
    mkdirSync(join(blobs, 'folder'), { recursive: true })
    symlinkSync('/dev/zero', join(blobs, '0'.repeat(64)))
    writeFileSync(join(blobs, 'other'), configText)
    writeFileSync(join(layoutDir, pathOf('x')), 'x')
    const found = await readBlobs(layoutDir)
    expect([...found.keys()]).toEqual([pathOf('x')])
    expect(existsSync(join(layoutDir, 'index.json'))).toBe(false)
  })
})
