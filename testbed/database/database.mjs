// @ts-check
/** The small vulnerability database, put into a registry as the OCI artifact that Trivy downloads. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const archive = join(dirname(fileURLToPath(import.meta.url)), 'trivy-db.tar.gz')

/** @param {Buffer} bytes */
const digestOf = bytes => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/**
 * The small vulnerability database.
 * @param {string} registry its address, for instance 127.0.0.1:5000
 * @param {import('../shell.mjs').Log} log
 * @returns {Promise<{repository: string}>} what to give to Trivy
 */
export async function provideDatabase(registry, log) {
  const mediaType = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip'
  const artifact = { registry, name: 'trivy-db', tag: '2', mediaType, archive: readFileSync(archive) }
  return { repository: await pushDatabase(artifact, log) }
}

/**
 * Puts a database into a registry, unless it is there.
 * @param {{registry: string, name: string, tag: string, mediaType: string, archive: Buffer}} artifact archive: a tar.gz
 * @param {import('../shell.mjs').Log} log
 * @returns {Promise<string>} its repository, with the tag
 */
export async function pushDatabase({ registry, name, tag, mediaType, archive: layer }, log) {
  const config = Buffer.from('{}')
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: 'application/vnd.aquasec.trivy.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      {
        mediaType,
        digest: digestOf(layer),
        size: layer.length,
        annotations: { 'org.opencontainers.image.title': 'db.tar.gz' },
      },
    ],
  })
  const repository = `${registry}/${name}:${tag}`
  const base = `http://${registry}/v2/${name}`
  const there = await fetch(`${base}/manifests/${tag}`, { headers: { accept: type } })
  if (there.ok && (await there.text()) === manifest) return repository
  log(`Putting a database into ${repository}`)
  await pushBlob(base, layer)
  await pushBlob(base, config)
  const headers = { 'content-type': type }
  const pushed = await fetch(`${base}/manifests/${tag}`, { method: 'PUT', body: manifest, headers })
  if (!pushed.ok) throw new Error(`The registry refused the database: ${String(pushed.status)} ${await pushed.text()}`)
  return repository
}

/** @param {string} base @param {Buffer} bytes */
async function pushBlob(base, bytes) {
  const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST' })
  const target = new URL(started.headers.get('location') ?? '', base)
  target.searchParams.set('digest', digestOf(bytes))
  const headers = { 'content-type': 'application/octet-stream' }
  const put = await fetch(target, { method: 'PUT', body: new Uint8Array(bytes), headers })
  if (!put.ok) throw new Error(`The registry refused a blob: ${String(put.status)} ${await put.text()}`)
}

/**
 * Whether the public database can be had from here: its first repository has it. A proxy that refuses everything
 * answers as well, so an answer alone is not enough.
 */
export async function publicDatabaseAnswers() {
  const url = 'https://mirror.gcr.io/v2/aquasec/trivy-db/manifests/2'
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  const response = await fetch(url, { method: 'HEAD', headers, signal: AbortSignal.timeout(3000) }).catch(
    () => undefined,
  )
  // 401 with a challenge: it wants an anonymous token first, which Trivy fetches.
  return response?.ok === true || (response?.status === 401 && response.headers.has('www-authenticate'))
}
