// @ts-check
/**
 * Stands before docker and breaks what an image's name tells it to break. Arguments: a folder to remember things in, the
 * real program, and what that was given.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'

const [memory = '', real = '', ...args] = process.argv.slice(2)

/** @param {string[]} given @param {import('node:child_process').StdioOptions} stdio */
const runReal = (given, stdio = 'inherit') => spawnSync(real, given, { stdio, encoding: 'utf8' })

/** @param {string} name */
const fileOf = name => join(memory, `image-of-${name}`)

/** The ID of an image of this run, as the client told it. @param {string} name */
const idOf = name => (existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8').split(' ')[0] : undefined)

/** @param {string} name */
const tagOf = name => readFileSync(fileOf(name), 'utf8').split(' ')[1] ?? ''

const digest = 'containerimage.digest'

/** What becomes of the file that says what was built. @type {Record<string, (file: string, metadata: Record<string, unknown>) => void>} */
const metadataFaults = {
  'metadata-missing': file => rmSync(file),
  'metadata-empty': file => writeFileSync(file, ''),
  'metadata-garbage': file => writeFileSync(file, '{"containerimage.digest": "sha256:'),
  'metadata-silent': file => writeFileSync(file, '{}'),
  'metadata-strange': (file, metadata) => writeFileSync(file, JSON.stringify({ ...metadata, [digest]: '--help' })),
  'digest-unknown': (file, metadata) =>
    writeFileSync(file, JSON.stringify({ ...metadata, [digest]: `sha256:${'0'.repeat(64)}` })),
  'digest-other': (file, metadata) => {
    const { stdout } = runReal(['image', 'inspect', '--format', '{{.Id}}', 'debian:bookworm'], 'pipe')
    writeFileSync(file, JSON.stringify({ ...metadata, [digest]: stdout.trim() }))
  },
}

function build() {
  const { status } = runReal(args)
  const name = basename(args.at(-1) ?? '')
  const file = args[args.indexOf('--metadata-file') + 1] ?? ''
  if (status === 0) {
    const metadata = JSON.parse(readFileSync(file, 'utf8'))
    const tag = /image-gate\/[^\s,]+/.exec(args.join(' '))?.[0]
    writeFileSync(fileOf(name), `${metadata[digest]} ${tag}`)
    metadataFaults[name]?.(file, metadata)
    if (name in layoutFaults) spoilLayout(name, metadata[digest])
  }
  process.exit(status ?? 1)
}

/** What becomes of an image that a builder wrote to a folder. @type {Record<string, (layer: string) => void>} */
const layoutFaults = {
  'blob-altered': layer => {
    chmodSync(layer, 0o644)
    const bytes = readFileSync(layer)
    bytes[600] = (bytes[600] ?? 0) ^ 1
    writeFileSync(layer, bytes)
  },
  'blob-missing': layer => rmSync(layer),
}

/** @param {string} name @param {string} id */
function spoilLayout(name, id) {
  const layout = /dest=([^,]+)/.exec(args.join(' '))?.[1] ?? ''
  const { layers } = JSON.parse(readFileSync(join(layout, pathOf(id)), 'utf8'))
  layoutFaults[name]?.(join(layout, pathOf(layers.at(-1).digest)))
}

/** Before the engine is asked what it still has. */
function inspect() {
  if (idOf('pruned') !== undefined) runReal(['image', 'rm', '--force', tagOf('pruned')], 'ignore')
  const other = idOf('altered-layer')
  if (idOf('tag-moved') !== undefined && other !== undefined) runReal(['tag', other, tagOf('tag-moved')], 'ignore')
  process.exit(runReal(args).status ?? 1)
}

async function save() {
  if (idOf('pruned-late') !== undefined) runReal(['image', 'rm', '--force', tagOf('pruned-late')], 'ignore')
  const archive = join(memory, 'saved.tar')
  const file = openSync(archive, 'w')
  const { status } = runReal(args, ['ignore', file, 'inherit'])
  closeSync(file)
  if (status === 0) await alter(archive)
  rmSync(archive)
  process.exitCode = status ?? 1
}

/** Passes an archive on, but for one byte of a layer and one of a configuration. @param {string} archive */
async function alter(archive) {
  const blobs = await readSmallBlobs(archive)
  const manifestOf = (/** @type {string} */ name) => JSON.parse(blobs.get(idOf(name) ?? '') ?? '{}')
  const victims = [manifestOf('altered-layer').layers?.at(-1)?.digest, manifestOf('altered-config').config?.digest]
  const altered = pack()
  const sent = pipeline(altered, process.stdout)
  for await (const entry of createReadStream(archive).pipe(extract())) {
    const bytes = await bytesOf(entry)
    const at = bytes.length - 2
    if (victims.some(victim => entry.header.name === pathOf(victim ?? ''))) bytes[at] = (bytes[at] ?? 0) ^ 1
    altered.entry(entry.header, bytes)
  }
  altered.finalize()
  await sent
}

/** @param {string} of */
const pathOf = of => `blobs/${of.replace(':', '/')}`

/** @param {AsyncIterable<unknown>} entry */
async function bytesOf(entry) {
  const chunks = []
  for await (const chunk of entry) chunks.push(/** @type {Buffer} */ (chunk))
  return Buffer.concat(chunks)
}

/** @param {string} archive */
async function readSmallBlobs(archive) {
  const blobs = new Map()
  for await (const entry of createReadStream(archive).pipe(extract())) {
    const { name, size = 0 } = entry.header
    if (size < 100_000) blobs.set(name.replace('blobs/sha256/', 'sha256:'), String(await bytesOf(entry)))
    entry.resume()
  }
  return blobs
}

const command = args.slice(0, 2).join(' ')
if (command === 'buildx build' && !args.includes('--help')) build()
else if (command === 'image inspect') inspect()
else if (command === 'image save') await save()
else process.exit(runReal(args).status ?? 1)
