import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { openLayout, readBlobs } from '../../src/adapters/oci-layout.js'
import { TarHeaders } from '../../src/adapters/tar-headers.js'
import type { ExportedImage, LayerCopy, ShownImage } from '../../src/ports.js'
import { digestOf, tarOf, type Entry } from '../crafted.js'

const folder = mkdtempSync(join(tmpdir(), 'image-gate-shown-'))
afterAll(() => rmSync(folder, { recursive: true }))
let used = 0

async function imageOf(layers: readonly Buffer[], more: object = {}): Promise<ExportedImage> {
  const layoutDir = join(folder, String((used += 1)))
  const blobs = join(layoutDir, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (content: Buffer | string): { digest: string; size: number } => {
    writeFileSync(join(blobs, digestOf(content).slice(7)), content)
    return { digest: digestOf(content), size: content.length }
  }
  const plain = layers.map(layer => (layer[0] === 0x1f ? gunzipSync(layer) : layer))
  const config = put(JSON.stringify({ rootfs: { diff_ids: plain.map(digestOf) }, ...more }))
  const packed = layers.map(layer => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...put(layer) }))
  const { digest } = put(JSON.stringify({ config, layers: packed }))
  return (await openLayout(layoutDir, await readBlobs(layoutDir), [digest])).image(digest)
}

const blobIn = ({ layoutDir }: { layoutDir: string }, digest: string): Buffer =>
  readFileSync(join(layoutDir, 'blobs', 'sha256', digest.slice(7)))

interface Config {
  readonly history?: unknown
  readonly rootfs: unknown
  readonly config?: unknown
}

const configOf = (shown: ShownImage): Config => JSON.parse(blobIn(shown, shown.digests.config).toString()) as Config

const copy = (path: string, target: string, linked: boolean, layer = 0): LayerCopy => ({ layer, path, target, linked })
const file = (name: string, content: string): Entry => ({ name, content })
const link = (name: string, target: string): Entry => ({ name, target, type: '1' })

describe('a layer', () => {
  it.each(['plain', 'packed'])('has the DiffID of its content: %s', async how => {
    const layer = tarOf(file('a', 'x'))
    const image = await imageOf([how === 'plain' ? layer : gzipSync(layer)])
    const seen: string[] = []
    await expect(image.readLayer(0, ({ path }) => seen.push(path))).resolves.toBe(digestOf(layer))
    expect(seen).toEqual(['a'])
  })

  it.each([
    ['is no archive', Buffer.alloc(2000, 'x')],
    ['ends in the middle', gzipSync(tarOf(file('a', 'x'))).subarray(0, 40)],
  ])('that %s cannot be read', async (_, layer) => {
    const image = await imageOf([tarOf(file('a', 'x'))])
    writeFileSync(join(image.layoutDir, 'blobs', 'sha256', (image.layers[0]?.digest ?? '').slice(7)), layer)
    await expect(image.readLayer(0, () => undefined)).rejects.toThrow('cannot be read')
  })
})

describe('the image that Trivy is shown', () => {
  it('has hard links as files, each in a layer after its own', async () => {
    const first = tarOf(file('a', 'old'), link('p/package.json', 'a'), file('a', 'new'), link('q/package.json', 'a'))
    const image = await imageOf([gzipSync(first), tarOf(file('x.cdx', 'program'))])
    const copies = [
      ...[copy('p/package.json', 'a', true), copy('q/package.json', 'a', true)],
      copy('x.cdx-', 'x.cdx', false, 1),
    ]
    const shown = await image.show(copies)
    const [one = '', standIn = '', two = '', last = ''] = shown.digests.diffIds
    expect([one, two]).toEqual(image.digests.diffIds)
    expect([...shown.standIns]).toEqual([
      [standIn, one],
      [last, two],
    ])
    const contents = new Map<string, string>()
    let path = ''
    const headers = new TarHeaders(
      entry => (path = entry.path),
      chunk => contents.set(path, chunk.toString()),
    )
    headers.write(blobIn(shown, standIn))
    expect([...contents]).toEqual([
      ['p/package.json', 'old'],
      ['q/package.json', 'new'],
    ])
    expect(configOf(shown).rootfs).toEqual({ type: 'layers', diff_ids: shown.digests.diffIds })
  })

  it('needs the content of each', async () => {
    const image = await imageOf([tarOf(link('p/package.json', 'nowhere'))])
    await expect(image.show([copy('p/package.json', 'nowhere', true)])).rejects.toThrow('to a file that is not in it')
  })

  it('has a history that says of no layer that it is the base image’s', async () => {
    const history = [
      { created_by: 'COPY cred', comment: 'buildkit.dockerfile.v0', by: 'x' },
      { created_by: 'CMD ["a"]', empty_layer: true },
      { created_by: '/bin/sh -c #(nop)  CMD ["a"]', empty_layer: true },
      { created_by: 'RUN touch /x', Empty_Layer: true },
    ]
    const layers = [tarOf(file('a', 'x')), tarOf(file('b', 'x'))]
    const image = await imageOf(layers, { history, History: history, config: { Env: ['A=b'] } })
    const { history: shown, config, ...rest } = configOf(await image.show([copy('c', 'b', false, 1)]))
    expect(shown).toEqual([
      { created_by: 'COPY cred', comment: 'buildkit.dockerfile.v0' },
      { created_by: ' CMD ["a"]', empty_layer: true },
      { created_by: ' /bin/sh -c #(nop)  CMD ["a"]', empty_layer: true },
      { created_by: 'RUN touch /x' },
      { created_by: 'RUN touch /x' },
    ])
    expect(config).toEqual({ Env: ['A=b'] })
    expect(Object.keys(rest)).toEqual(['rootfs'])
  })
})
