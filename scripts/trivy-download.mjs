// @ts-check
/** Fetches what `trivy-sources.mjs` reads. Each text has a limit in bytes and in time, and no redirection is followed. */
import { parseCommit, parseHermit, parseInstallAction, parseReleases, SourceError } from './trivy-sources.mjs'

/** Addresses without a slash at the end. @typedef {{api: string, raw: string, token?: string | undefined, seconds?: number, limit?: number}} Places */

/** GitHub, as it is. */
export const github = { api: 'https://api.github.com', raw: 'https://raw.githubusercontent.com' }

/** The files that others keep, and who reads them. Each is in a repository of its own, and none in Trivy's. */
const files = [
  { repository: 'taiki-e/install-action', path: 'manifests/trivy.json', parse: parseInstallAction },
  { repository: 'cashapp/hermit-packages', path: 'trivy.hcl', parse: parseHermit },
]
/** How many releases are looked at: about a year's. One has a list of about 100 files, 2 kB each. */
const releaseCount = 30

/** @param {Places} places */
export async function downloadAll(places) {
  const list = `${places.api}/repos/aquasecurity/trivy/releases?per_page=${String(releaseCount)}`
  const releases = parseReleases(await download(list, places))
  const sources = await Promise.all(files.map(file => downloadFile(file, places)))
  return { releases, sources }
}

/** The newest version of a file, read at its commit, so that everybody can read the same again. @param {typeof files[number]} file @param {Places} places */
async function downloadFile({ repository, path, parse }, places) {
  const log = `${places.api}/repos/${repository}/commits?path=${encodeURIComponent(path)}&per_page=1`
  const commit = parseCommit(await download(log, places), `the log of ${path} in ${repository}`)
  const text = await download(`${places.raw}/${repository}/${commit}/${path}`, places)
  return { name: `${repository}:${path}@${commit.slice(0, 12)}`, values: parse(text) }
}

/** The token is GitHub's and goes to its API alone. @param {string} url @param {string | undefined} token @returns {Record<string, string>} */
export function headersFor(url, token) {
  const headers = { 'user-agent': 'image-gate-trivy-releases', 'x-github-api-version': '2022-11-28' }
  if (new URL(url).origin !== github.api || token === undefined || token === '') return headers
  return { ...headers, authorization: `Bearer ${token}` }
}

/** @param {string} url @param {Places} places @returns {Promise<string>} */
async function download(url, { token, seconds = 60, limit = 32 * 1024 * 1024 }) {
  const { host, pathname } = new URL(url)
  try {
    const response = await fetch(url, {
      headers: headersFor(url, token),
      redirect: 'error',
      signal: AbortSignal.timeout(seconds * 1000),
    })
    if (!response.ok) throw new SourceError(`${host}${pathname} answers ${String(response.status)}`)
    return await text(response, limit, `${host}${pathname}`)
  } catch (error) {
    if (error instanceof SourceError) throw error
    const why = error instanceof Error && error.name === 'TimeoutError' ? `took over ${String(seconds)} s` : 'failed'
    throw new SourceError(`${host}${pathname} ${why}`, { cause: error })
  }
}

/** @param {Response} response @param {number} limit @param {string} what */
async function text(response, limit, what) {
  /** @type {Uint8Array[]} */
  const chunks = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > limit) throw new SourceError(`${what} is over ${String(limit)} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
