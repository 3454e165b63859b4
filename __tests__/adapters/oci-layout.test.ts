import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pack } from 'tar-stream'
import { openLayout, readBlobs, receiveArchive } from '../../src/adapters/oci-layout.js'
import { IntegrityError, ToolError } from '../../src/errors.js'
import type { Export } from '../../src/ports.js'

const folder = mkdtempSync(join(tmpdir(), 'image-gate-layout-'))
let used = 0
afterAll(() => rmSync(folder, { recursive: true }))

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`
const pathOf = (text: string): string => `blobs/sha256/${digestOf(text).slice(7)}`

/** A value `-> TARGET` makes a symbolic link. */
function archiveOf(files: Record<string, string>): Readable {
  const archive = pack()
  for (const [name, text] of Object.entries(files)) {
    if (text.startsWith('-> ')) archive.entry({ name, type: 'symlink', linkname: text.slice(3) })
    else archive.entry({ name }, text)
  }
  archive.finalize()
  return Readable.from(archive)
}

async function open(
  files: Record<string, string>,
  ...imageIds: string[]
): Promise<{ layout: Export; layoutDir: string }> {
  used += 1
  const layoutDir = join(folder, String(used))
  return { layout: await openLayout(layoutDir, await receiveArchive(archiveOf(files), layoutDir), imageIds), layoutDir }
}

const [layer1, layer2] = ['first layer', 'second layer']
const config = JSON.stringify({ rootfs: { diff_ids: [digestOf(layer1), digestOf(layer2)] } })
const layerType = 'application/vnd.oci.image.layer.v1.tar'
const manifestOf = (...layers: { mediaType: string; digest: string }[]): string =>
  JSON.stringify({ config: { digest: digestOf(config) }, layers })
const manifest = manifestOf(
  { mediaType: layerType, digest: digestOf(layer1) },
  { mediaType: layerType, digest: digestOf(layer2) },
)
const blobs = { [pathOf(config)]: config, [pathOf(layer1)]: layer1, [pathOf(layer2)]: layer2 }
const modern = { 'oci-layout': '{}', ...blobs, [pathOf(manifest)]: manifest }
const legacy = {
  'one/layer.tar': layer1,
  'two/layer.tar': layer2,
  'config.json': config,
  'manifest.json': JSON.stringify([{ Config: 'config.json', Layers: ['one/layer.tar', 'two/layer.tar'] }]),
}
const digests = { config: digestOf(config), diffIds: [digestOf(layer1), digestOf(layer2)] }

describe('an archive that is none', () => {
  it.each<[string, (archive: Buffer) => Buffer]>([
    ['ends in the middle', archive => archive.subarray(0, 700)],
    ['is something else', () => Buffer.alloc(10_000, 'not an archive')],
  ])('%s', async (_, spoil) => {
    const archive = Buffer.concat(await archiveOf({ file: 'x'.repeat(5000) }).toArray())
    const receiving = receiveArchive(Readable.from([spoil(archive)]), join(folder, `spoilt-${_.replaceAll(' ', '-')}`))
    await expect(receiving).rejects.toThrow('what it wrote is no whole archive')
    await expect(receiving).rejects.toThrow(ToolError)
  })

  it('lets the file system speak for itself', async () => {
    writeFileSync(join(folder, 'file'), '')
    const receiving = receiveArchive(archiveOf({ file: 'x' }), join(folder, 'file', 'layout'))
    await expect(receiving).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

describe('a layout from docker image save', () => {
  it('is there also when docker ended before anything was read', async () => {
    const archive = new PassThrough()
    archive.end(Buffer.concat(await archiveOf(modern).toArray()))
    const receiving = receiveArchive(archive, join(folder, 'early'))
    // What Node does with the output of a process that has ended.
    if (archive.listenerCount('data') === 0) archive.resume()
    expect([...(await receiving).keys()]).toContain(pathOf(manifest))
  })

  it('has the image under its manifest, with the digests that were computed while reading', async () => {
    const { layout, layoutDir } = await open(modern, digestOf(manifest))
    expect(layout.image(digestOf(manifest))).toMatchObject({
      layoutDir,
      digests: { ...digests, manifest: digestOf(manifest) },
      layers: [
        { digest: digestOf(layer1), bytes: layer1.length },
        { digest: digestOf(layer2), bytes: layer2.length },
      ],
    })
    const index = JSON.parse(readFileSync(join(layoutDir, 'index.json'), 'utf8')) as { manifests: unknown[] }
    expect(index.manifests).toMatchObject([{ digest: digestOf(manifest), size: manifest.length }])
  })

  it.each([
    ['of old engines', legacy],
    [
      'of old engines, with a link for a layer that two images have',
      {
        ...legacy,
        'two/layer.tar': layer2,
        'three/layer.tar': '-> ../two/layer.tar',
        'manifest.json': legacy['manifest.json'].replace('two/', 'three/'),
      },
    ],
    [
      'of Docker 25 with a graphdriver',
      {
        ...blobs,
        'manifest.json': JSON.stringify([{ Config: pathOf(config), Layers: [pathOf(layer1), pathOf(layer2)] }]),
      },
    ],
  ])('gets a manifest where the image is known by its configuration: %s', async (_, files) => {
    const { layout, layoutDir } = await open(files, digestOf(config))
    const image = layout.image(digestOf(config))
    expect(image.digests).toMatchObject(digests)
    const written = readFileSync(join(layoutDir, 'blobs/sha256', image.digests.manifest.slice(7)), 'utf8')
    expect(digestOf(written)).toBe(image.digests.manifest)
    expect(JSON.parse(written)).toMatchObject({ layers: [{ digest: digestOf(layer1), size: layer1.length }, {}] })
  })

  const packed = manifestOf(
    { mediaType: `${layerType}+gzip`, digest: digestOf('packed') },
    { mediaType: layerType, digest: digestOf(layer2) },
  )

  it('takes a packed layer by the digest that the manifest pins', async () => {
    const { layout } = await open(
      { ...modern, [pathOf('packed')]: 'packed', [pathOf(packed)]: packed },
      digestOf(packed),
    )
    expect(layout.image(digestOf(packed)).digests.diffIds).toEqual(digests.diffIds)
  })

  const odd = JSON.stringify({ config: { digest: digestOf(config) }, layers: [null] })
  const path = JSON.stringify({
    config: { digest: digestOf(config) },
    layers: [{ digest: 'sha256:../../../x', mediaType: layerType }],
  })
  const oddConfig = JSON.stringify({ rootfs: { diff_ids: ['../x', 7] } })

  it.each([
    ['a layer is not what its name says', { ...modern, [pathOf(layer1)]: 'something else' }, digestOf(manifest)],
    ['a layer is missing', { ...legacy, 'one/layer.tar': '-> ../gone' }, digestOf(config)],
    ['a layer is another one', { ...legacy, 'one/layer.tar': 'something else' }, digestOf(config)],
    ['a packed layer is missing', { ...modern, [pathOf(packed)]: packed }, digestOf(packed)],
    ['the configuration is missing', { ...modern, [pathOf(config)]: 'x' }, digestOf(manifest)],
    [
      'there are fewer layers than the configuration says',
      { ...legacy, 'manifest.json': JSON.stringify([{ Config: 'config.json', Layers: null }]) },
      digestOf(config),
    ],
    ['a manifest is not JSON', { [pathOf('nonsense')]: 'nonsense' }, digestOf('nonsense')],
    ['a manifest is no object', { [pathOf('1')]: '1' }, digestOf('1')],
    ['a manifest has a layer that is none', { ...modern, [pathOf(odd)]: odd }, digestOf(odd)],
    ['a layer has no digest but a path', { ...modern, [pathOf(path)]: path }, digestOf(path)],
    ['the configuration names what is no layer', { ...legacy, 'config.json': oddConfig }, digestOf(oddConfig)],
    [
      'there is no list of layers but something else',
      { ...legacy, 'manifest.json': JSON.stringify([{ Config: 'config.json', Layers: 'one' }]) },
      digestOf(config),
    ],
  ])('does not believe an image when %s, and still gives the others', async (_, files, imageId) => {
    const other = JSON.stringify({ config: { digest: digestOf('{}') }, layers: [] })
    const { layout } = await open({ ...files, [pathOf('{}')]: '{}', [pathOf(other)]: other }, imageId, digestOf(other))
    expect(() => layout.image(imageId)).toThrow(IntegrityError)
    expect(layout.image(digestOf(other)).layers).toEqual([])
  })

  it('passes over entries of a list of images that are none', async () => {
    const list = JSON.stringify([null, 7, { Config: 5 }, { Config: 'config.json', Layers: [7] }])
    const { layout } = await open({ ...legacy, 'manifest.json': list }, digestOf(config))
    expect(() => layout.image(digestOf(config))).toThrow('the engine did not export the image')
  })

  it('says which image was not exported', async () => {
    const { layout } = await open(modern, 'sha256:gone')
    expect(() => layout.image('sha256:gone')).toThrow(ToolError)
    expect(() => layout.image('sha256:never')).toThrow('was not asked for')
  })

  it('fails on an archive that is cut short', async () => {
    const whole = Buffer.concat(await archiveOf(modern).toArray())
    const half = Readable.from([whole.subarray(0, 700)])
    await expect(receiveArchive(half, join(folder, 'half'))).rejects.toThrow(/end of data|premature/i)
  })
})

describe('a layout that somebody else wrote', () => {
  it('has no blobs but the files that are called by their digest', async () => {
    const { layoutDir } = await open(modern)
    const blobsDir = join(layoutDir, 'blobs/sha256')
    mkdirSync(join(blobsDir, 'folder'))
    symlinkSync('/dev/zero', join(blobsDir, '0'.repeat(64)))
    writeFileSync(join(blobsDir, 'other'), layer1)
    rmSync(join(layoutDir, pathOf(layer1)))
    const found = await readBlobs(layoutDir)
    expect([...found.keys()].sort()).toEqual(['{}', config, layer2, manifest].map(pathOf).sort())
    const layout = await openLayout(layoutDir, found, [digestOf(manifest)])
    expect(() => layout.image(digestOf(manifest))).toThrow(`lacks ${digestOf(layer1)}`)
  })

  it('is read once whole, so that its digests are true', async () => {
    const { layoutDir } = await open(modern)
    writeFileSync(join(layoutDir, pathOf(layer2)), 'changed')
    const layout = await openLayout(layoutDir, await readBlobs(layoutDir), [digestOf(manifest)])
    expect(() => layout.image(digestOf(manifest))).toThrow(`lacks ${digestOf(layer2)}`)
  })
})
