// @ts-check
/**
 * Reads what others know of Trivy's release archives: GitHub itself, and repositories that each downloaded the archives
 * and wrote down their SHA-256. Pure: text in, values out. Whoever controls such a text must not be able to do more than
 * to be contradicted, so everything is checked and nothing of it is ever printed but versions and SHA-256 values.
 */

/** Archive name to SHA-256, 64 hexadecimal digits. @typedef {ReadonlyMap<string, string>} Values */
/** @typedef {{name: string, sha256: string | undefined, changed: number}} Asset changed is in ms since 1970 */
/** @typedef {{version: string, draft: boolean, prerelease: boolean, published: number, assets: Asset[]}} Release */

const upstream = 'https://github.com/aquasecurity/trivy/releases/download/'
const hash = /^[0-9a-f]{64}$/

/** The archives that the table holds, in its order, as the releases call their platforms. */
export const platforms = [
  'Linux-64bit.tar.gz',
  'Linux-ARM64.tar.gz',
  'Linux-ARM.tar.gz',
  'Linux-s390x.tar.gz',
  'Linux-PPC64LE.tar.gz',
  'macOS-64bit.tar.gz',
  'macOS-ARM64.tar.gz',
  'windows-64bit.zip',
]

/** A source that could not be reached or understood. Its message is safe to print. */
export class SourceError extends Error {}

/** @param {string} text @param {string} what @returns {unknown} */
export function parseJson(text, what) {
  try {
    return JSON.parse(text)
  } catch {
    throw new SourceError(`${what} is not JSON, or only a part of it arrived`)
  }
}

/** @param {unknown} value @param {string} what @returns {Record<string, unknown>} */
function record(value, what) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SourceError(`${what} is not an object: the format has changed`)
  }
  return /** @type {Record<string, unknown>} */ (value)
}

/** @param {unknown} value @param {string} what @returns {unknown[]} */
function list(value, what) {
  if (!Array.isArray(value)) throw new SourceError(`${what} is not a list: the format has changed`)
  return value
}

/** @param {unknown} value @param {string} what @returns {string} */
function sha256(value, what) {
  if (typeof value !== 'string' || !hash.test(value)) throw new SourceError(`${what} is not a SHA-256`)
  return value
}

/** A date that nobody can read counts as the future: what hangs on it waits. @param {unknown} value */
function time(value) {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(milliseconds) ? Number.POSITIVE_INFINITY : milliseconds
}

/**
 * The name of the archive that an address leads to.
 * @param {string} url @param {string} what
 */
function archiveName(url, what) {
  const [, tag, name, version] = /^v([^/]+)\/(trivy_([^_/]+)_[\w.-]+)$/.exec(
    url.startsWith(upstream) ? url.slice(upstream.length) : '',
  ) ?? [undefined, undefined, undefined, undefined]
  if (name === undefined || tag !== version) throw new SourceError(`${what} is not the address of a release of Trivy`)
  return name
}

/** @param {Map<string, string>} values @param {string} name @param {string} value @param {string} what */
function add(values, name, value, what) {
  if ((values.get(name) ?? value) !== value) throw new SourceError(`${what} has two values for the same archive`)
  values.set(name, value)
}

/** @param {Map<string, string>} values @param {string} what @returns {Values} */
function some(values, what) {
  if (values.size === 0) throw new SourceError(`${what} has no values at all: the format has changed`)
  return values
}

/** GitHub's list of releases (`GET /repos/{owner}/{repo}/releases`). Tags that are no version are left out. @param {string} text */
export function parseReleases(text) {
  const what = "GitHub's list of releases"
  const releases = list(parseJson(text, what), what).map(entry => parseRelease(record(entry, `A release in ${what}`)))
  const versions = releases.filter(release => release !== undefined)
  if (versions.length === 0) throw new SourceError(`${what} has no release: the format has changed`)
  return versions
}

/** @param {Record<string, unknown>} release @returns {Release | undefined} */
function parseRelease({ tag_name: tag, draft, prerelease, published_at: published, assets }) {
  const version = /^v(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(typeof tag === 'string' ? tag : '')?.[1]
  if (version === undefined) return undefined
  const what = `GitHub's release of Trivy ${version}`
  if (typeof draft !== 'boolean' || typeof prerelease !== 'boolean') {
    throw new SourceError(`${what} does not say whether it is a draft or a pre-release: the format has changed`)
  }
  return {
    version,
    draft,
    prerelease: prerelease || version.includes('-'),
    published: time(published),
    assets: list(assets, `The list of files of ${what}`).map(asset =>
      parseAsset(record(asset, `A file of ${what}`), what),
    ),
  }
}

/** @param {Record<string, unknown>} asset @param {string} what @returns {Asset} */
function parseAsset({ name, state, digest, created_at: created, updated_at: updated }, what) {
  if (typeof name !== 'string') throw new SourceError(`A file of ${what} has no name: the format has changed`)
  const known = state === 'uploaded' && digest !== null && digest !== undefined
  return {
    name,
    // GitHub has computed digests since June 2025; files that are older have none.
    sha256: known ? sha256(String(digest).replace(/^sha256:/, ''), `The digest of a file of ${what}`) : undefined,
    changed: Math.max(time(created), time(updated)),
  }
}

/**
 * `manifests/trivy.json` of taiki-e/install-action: per version and platform a value, with templates of the addresses.
 * @param {string} text @returns {Values}
 */
export function parseInstallAction(text) {
  const what = 'manifests/trivy.json of taiki-e/install-action'
  const manifest = record(parseJson(text, what), what)
  const templates = record(manifest['template'], `The templates of ${what}`)
  /** @type {Map<string, string>} */
  const values = new Map()
  for (const [version, entry] of Object.entries(manifest)) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) continue
    for (const [platform, file] of Object.entries(record(entry, `A version in ${what}`))) {
      const template = record(templates[platform], `A template in ${what}`)['url']
      const url = typeof template === 'string' ? template.replaceAll('${version}', version) : ''
      const { hash: now, checksum: before } = record(file, `A file in ${what}`)
      add(values, archiveName(url, `An address in ${what}`), sha256(now ?? before, `A value in ${what}`), what)
    }
  }
  return some(values, what)
}

/**
 * `trivy.hcl` of cashapp/hermit-packages: a block of addresses and values.
 * @param {string} text @returns {Values}
 */
export function parseHermit(text) {
  const what = 'trivy.hcl of cashapp/hermit-packages'
  const lines = text.split('\n')
  const start = lines.indexOf('sha256sums = {')
  const end = lines.indexOf('}', start)
  if (start < 0) throw new SourceError(`${what} has no sha256sums: the format has changed`)
  if (end < 0) throw new SourceError(`${what} ends before its sha256sums do: only a part of it arrived`)
  /** @type {Map<string, string>} */
  const values = new Map()
  lines.slice(start + 1, end).forEach((line, index) => {
    const place = `Line ${String(start + index + 2)} of ${what}`
    const [, url, value] = /^ {2}"([^"]+)": "([^"]+)",$/.exec(line) ?? []
    if (url === undefined) throw new SourceError(`${place} is no pair of address and value: the format has changed`)
    add(values, archiveName(url, place), sha256(value, `The value in ${place}`), what)
  })
  return some(values, what)
}

/** The newest commit of a file, as `GET /repos/{owner}/{repo}/commits?path=...` gives it. @param {string} text @param {string} what */
export function parseCommit(text, what) {
  const [newest] = list(parseJson(text, what), what)
  const sha = record(newest, `The newest commit in ${what}`)['sha']
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw new SourceError(`${what} names no commit`)
  return sha
}
