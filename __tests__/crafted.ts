/** Images that no engine makes: archives byte by byte, and a registry that takes them. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { bed } from './testbed.js'

export interface Entry {
  readonly name: string
  /** `0` for a file, `1` for a hard link, `2` for a symbolic one, `5` for a folder. */
  readonly type?: string
  readonly mode?: number
  readonly target?: string
  readonly content?: string | Buffer
  /** What the header says, whatever the content has. */
  readonly size?: number
  /** Bytes to write over those of the header, by their place. */
  readonly bytes?: Readonly<Record<number, string>>
}

/** A tar archive in the ustar format. */
export function tarOf(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(entryOf), Buffer.alloc(1024)])
}

export function entryOf({
  name,
  type = '0',
  mode = 0o644,
  target = '',
  content = '',
  size,
  bytes = {},
}: Entry): Buffer {
  const data = Buffer.from(content)
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  const fields: Record<number, string> = {
    ...{ 0: name, 100: octal(mode, 8), 108: octal(0, 8), 116: octal(0, 8), 124: octal(size ?? data.length, 12) },
    ...{ 136: octal(0, 12), 148: ' '.repeat(8), 156: type, 157: target, 257: 'ustar\x0000' },
    ...bytes,
  }
  for (const [at, text] of Object.entries(fields)) header.write(text, Number(at), 'latin1')
  if (!(148 in bytes))
    header.write(
      octal(
        header.reduce((sum, byte) => sum + byte, 0),
        7,
      ),
      148,
      'latin1',
    )
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

/** A pax header for the entry that follows. */
export function paxOf(records: Readonly<Record<string, string>>, type = 'x'): Entry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    const length = Buffer.byteLength(rest, 'latin1')
    const digits = String(length + String(length + 3).length).length
    return `${String(length + digits)}${rest}`
  })
  return { name: 'pax', type, content: Buffer.from(lines.join(''), 'latin1') }
}

export const digestOf = (content: Buffer | string): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`

export interface Crafted {
  readonly layers: readonly Buffer[]
  /** By default those of the layers. */
  readonly diffIds?: readonly string[]
}

/** @returns the reference of the image in the test bed's registry */
export async function pushImage(name: string, { layers, diffIds = layers.map(digestOf) }: Crafted): Promise<string> {
  const { address } = bed.registry
  const repository = `image-gate-crafted/${name}`
  const put = async (content: Buffer): Promise<{ digest: string; size: number }> => {
    const started = await fetch(`http://${address}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    const place = new URL(started.headers.get('location') ?? '', `http://${address}`)
    place.searchParams.set('digest', digestOf(content))
    const body = new Uint8Array(content)
    const { status } = await fetch(place, {
      method: 'PUT',
      body,
      headers: { 'content-type': 'application/octet-stream' },
    })
    if (status !== 201) throw new Error(`the registry answered ${String(status)}`)
    return { digest: digestOf(content), size: content.length }
  }
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } }
  const types = 'application/vnd.oci.image'
  const manifest = {
    ...{ schemaVersion: 2, mediaType: `${types}.manifest.v1+json` },
    config: { mediaType: `${types}.config.v1+json`, ...(await put(Buffer.from(JSON.stringify(config)))) },
    layers: await Promise.all(
      layers.map(async layer => ({ mediaType: `${types}.layer.v1.tar+gzip`, ...(await put(gzipSync(layer))) })),
    ),
  }
  const { status } = await fetch(`http://${address}/v2/${repository}/manifests/1`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'content-type': manifest.mediaType },
  })
  if (status !== 201) throw new Error(`the registry answered ${String(status)}`)
  return `${address}/${repository}:1`
}
