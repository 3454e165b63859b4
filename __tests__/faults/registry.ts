/** A registry that serves base images, each in a way of its own that goes wrong. */
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

export interface BaseImage {
  /** The status that its manifest is refused with. */
  readonly status?: number
  /** Its manifest is this, whatever that is. */
  readonly manifest?: string
  /** What becomes of its layer: it ends too early, is another one of the same length, or is not there. */
  readonly layer?: 'cut' | 'changed' | 'missing'
  /** Nobody ever answers. */
  readonly hangs?: boolean
  /** The architecture, as Docker names it; by default this machine's. */
  readonly architecture?: string
  readonly onBuild?: readonly string[]
  /** The DiffID that its configuration calls its layer by; by default the true one. */
  readonly diffId?: string
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64' }

export const thisArchitecture = architectures[process.arch] ?? process.arch

interface Served {
  readonly manifest: string
  readonly blobs: ReadonlyMap<string, Buffer>
  readonly layer: string
}

const sha256 = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** An image of one small layer. */
async function makeImage(name: string, image: BaseImage): Promise<Served> {
  const { architecture = thisArchitecture, onBuild = [] } = image
  const archive = pack()
  archive.entry({ name: 'file', mtime: new Date(0) }, name)
  archive.finalize()
  const tar = Buffer.from(await text(archive), 'utf8')
  const layer = gzipSync(tar)
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { OnBuild: onBuild, Entrypoint: ['/file'] },
      rootfs: { type: 'layers', diff_ids: [image.diffId ?? sha256(tar)] },
      history: [{ created_by: 'test' }],
    }),
  )
  const describe = (type: string, bytes: Buffer): unknown => ({
    mediaType: `application/vnd.oci.image.${type}`,
    digest: sha256(bytes),
    size: bytes.length,
  })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('config.v1+json', config),
    layers: [describe('layer.v1.tar+gzip', layer)],
  })
  return { manifest, layer: sha256(layer), blobs: new Map([config, layer].map(bytes => [sha256(bytes), bytes])) }
}

/** An index that has the image for its platform only. */
function indexOf({ manifest }: Served, architecture: string): string {
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const entry = {
    mediaType: type,
    digest: sha256(manifest),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  }
  return JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [entry] })
}

/**
 * Serves the images by their names, each with the tag `1`, while `use` runs.
 * @param onAsked is told each path that is asked for
 */
export async function withRegistry<T>(
  images: Readonly<Record<string, BaseImage>>,
  use: (address: string) => Promise<T>,
  onAsked: (path: string) => void = () => undefined,
): Promise<T> {
  const served = new Map<string, Served>()
  for (const [name, image] of Object.entries(images)) served.set(name, await makeImage(name, image))
  const server = createServer((request, response) => {
    const [, , name = '', kind, what = ''] = (request.url ?? '').split('/')
    onAsked(request.url ?? '')
    const [image, made] = [images[name], served.get(name)]
    if (request.url === '/v2/') response.writeHead(200).end()
    else if (image === undefined || made === undefined) response.writeHead(404).end()
    else if (kind === 'manifests') sendManifest(image, made, what, request.method === 'HEAD', response)
    else sendBlob(image, made, what, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`127.0.0.1:${String((server.address() as AddressInfo).port)}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function sendManifest(image: BaseImage, made: Served, what: string, headOnly: boolean, response: ServerResponse): void {
  if (image.hangs === true) return
  if (image.status !== undefined) {
    response.writeHead(image.status).end()
    return
  }
  const index =
    image.architecture === undefined || what === sha256(made.manifest) ? undefined : indexOf(made, image.architecture)
  const body = image.manifest ?? index ?? made.manifest
  const kind = index === undefined ? 'manifest' : 'index'
  response
    .writeHead(200, {
      'Content-Type': `application/vnd.oci.image.${kind}.v1+json`,
      'Content-Length': Buffer.byteLength(body),
      'Docker-Content-Digest': sha256(body),
    })
    .end(headOnly ? undefined : body)
}

function sendBlob({ layer }: BaseImage, made: Served, digest: string, response: ServerResponse): void {
  const bytes = made.blobs.get(digest)
  const isLayer = digest === made.layer
  if (bytes === undefined || (isLayer && layer === 'missing')) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'Content-Length': bytes.length })
  if (isLayer && layer === 'cut') {
    response.write(bytes.subarray(0, bytes.length / 2))
    setTimeout(() => response.destroy(), 50)
  } else response.end(isLayer && layer === 'changed' ? Buffer.from(bytes).fill(0, bytes.length - 12) : bytes)
}
