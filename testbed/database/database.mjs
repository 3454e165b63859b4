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
 * @param {string} registry its address, for instance 127.0.0.1:5000
 * @param {import('../shell.mjs').Log} log
 * @returns {Promise<{repository: string}>} what to give to Trivy
 */
export async function provideDatabase(registry, log) {
  const repository = `${registry}/trivy-db:2`
  const database = readFileSync(archive)
  const config = Buffer.from('{}')
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.aquasec.trivy.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      {
        mediaType: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip',
        digest: digestOf(database),
        size: database.length,
        annotations: { 'org.opencontainers.image.title': 'db.tar.gz' },
      },
    ],
  })
  const base = `http://${registry}/v2/trivy-db`
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const there = await fetch(`${base}/manifests/2`, { headers: { accept: type } })
  if (there.ok && (await there.text()) === manifest) return { repository }
  log(`Putting the small vulnerability database into ${repository}`)
  await pushBlob(base, database)
  await pushBlob(base, config)
  const pushed = await fetch(`${base}/manifests/2`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': type },
  })
  if (!pushed.ok) throw new Error(`The registry refused the database: ${String(pushed.status)} ${await pushed.text()}`)
  return { repository }
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
