// @ts-check
/**
 * Decides what enters the table of Trivy's releases. Pure.
 *
 * A value enters when two sources that know nothing of each other have it, and a week after the archive appeared: the
 * malicious 0.69.4 stood for hours, and three package managers had taken its checksums over by then. What is in the table
 * stays as it is. Whoever contradicts it, or another source, has seen different bytes under the same name: an alarm.
 */
import { platforms } from './trivy-sources.mjs'

/** @typedef {import('./trivy-sources.mjs').Release} Release */
/** @typedef {import('./trivy-sources.mjs').Values} Values */
/** @typedef {{sha256: string, independentSources: number, namedSources: string[]}} Entry */
/** @typedef {{note: string, releases: Record<string, Record<string, Entry>>}} Table */
/** @typedef {Record<string, {reason: string, archives?: Record<string, string>, executables?: Record<string, string>}>} Denied */
/** @typedef {{name: string, values: Values}} Source name: where its values can be read again */
/** @typedef {{source: string, sha256: string}} Claim */
/** @typedef {{archive: string, sha256: string, sources: string[]}} Addition */
/**
 * added: new in the table; confirmed: there before with one source only; waiting: what does not enter, and why;
 * gone: releases of the table that GitHub no longer lists; alarms: what a person must look at before anything enters.
 * @typedef {{table: Table, added: Addition[], confirmed: Addition[], waiting: string[], gone: string[], alarms: string[]}} Decision
 */

/** Older releases were deleted when the repository was taken over (goharbor/harbor#22911); whatever returns is not they. */
const oldest = '0.69.2'
/** Days between the last change of an archive and the day that it may enter. */
const cooldownDays = 7
const day = 24 * 60 * 60 * 1000

/** @param {string} a @param {string} b */
const newestFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true })

/** @param {{table: Table, denied: Denied, releases: Release[], sources: Source[], now: number}} given @returns {Decision} */
export function decide({ table, denied, releases, sources, now }) {
  /** @type {Decision} */
  const decision = {
    table: structuredClone(table),
    added: [],
    confirmed: [],
    waiting: [],
    gone: vanished(table, releases),
    alarms: [],
  }
  for (const release of releases) {
    if (newestFirst(release.version, oldest) > 0) continue
    const reason = refusal(release, denied)
    if (reason !== undefined) decision.waiting.push(`${release.version}: refused: ${reason}`)
    else decideRelease(release, sources, denied, now, decision)
  }
  if (decision.alarms.length > 0) return { ...decision, table, added: [], confirmed: [] }
  decision.table.releases = sorted(decision.table.releases)
  return decision
}

/** @param {Release} release @param {Denied} denied */
function refusal({ version, draft, prerelease }, denied) {
  if (denied[version] !== undefined) return denied[version].reason
  if (draft) return 'a draft'
  return prerelease ? 'a pre-release' : undefined
}

/** @param {Release} release @param {Source[]} sources @param {Denied} denied @param {number} now @param {Decision} decision */
function decideRelease(release, sources, denied, now, decision) {
  const { version } = release
  /** @type {string[]} */
  const single = []
  /** @type {Addition[]} */
  const agreed = []
  for (const platform of platforms) {
    const archive = `trivy_${version}_${platform}`
    const known = decision.table.releases[version]?.[archive]
    const claims = claimsOn(archive, release, sources)
    const alarm = alarmOf(archive, known, claims, denied, decision.table) ?? twice(archive, claims, agreed)
    const [first] = claims
    if (alarm !== undefined) decision.alarms.push(alarm)
    else if (first === undefined || (known !== undefined && known.independentSources > 1)) continue
    else if (claims.length === 1 && known === undefined) single.push(`${platform} (${first.source})`)
    else if (claims.length > 1)
      agreed.push({ archive, sha256: first.sha256, sources: claims.map(({ source }) => source) })
  }
  const fresh = agreed.filter(({ archive }) => decision.table.releases[version]?.[archive] === undefined)
  const wait = fresh.length === 0 ? undefined : remaining(release, fresh, now)
  if (wait !== undefined) decision.waiting.push(`${version}: ${wait}`)
  for (const addition of agreed) {
    const isFresh = fresh.includes(addition)
    if (isFresh && wait !== undefined) continue
    enter(decision.table, version, addition)
    ;(isFresh ? decision.added : decision.confirmed).push(addition)
  }
  if (single.length > 0) decision.waiting.push(`${version}: only one source for ${single.join(', ')}`)
}

/** Who says what of an archive that the release has. @param {string} archive @param {Release} release @param {Source[]} sources */
function claimsOn(archive, release, sources) {
  const asset = release.assets.find(({ name }) => name === archive)
  if (asset === undefined) return []
  /** @type {Claim[]} */
  const claims = asset.sha256 === undefined ? [] : [{ source: upstreamName(release.version), sha256: asset.sha256 }]
  for (const { name, values } of sources) {
    const sha256 = values.get(archive)
    if (sha256 !== undefined) claims.push({ source: name, sha256 })
  }
  return claims
}

/** GitHub's own digest as a source. @param {string} version */
export const upstreamName = version => `aquasecurity/trivy:releases/v${version}#digest`

/** @param {string} archive @param {Entry | undefined} known @param {Claim[]} claims @param {Denied} denied @param {Table} table */
function alarmOf(archive, known, claims, denied, table) {
  const values = new Set(claims.map(({ sha256 }) => sha256))
  const said = claims.map(({ source, sha256 }) => `${sha256} (${source})`).join(', ')
  if (known !== undefined && [...values].some(value => value !== known.sha256)) {
    return `${archive} is not what it was: the table has ${known.sha256}, now there is ${said}`
  }
  if (values.size > 1) return `${archive}: the sources contradict each other: ${said}`
  for (const value of values) {
    const bad = Object.entries(denied).find(([, { archives = {}, executables = {} }]) =>
      [...Object.values(archives), ...Object.values(executables)].includes(value),
    )
    if (bad !== undefined) return `${archive} is a file of ${bad[0]} (${bad[1].reason}): ${said}`
    const other = archiveWith(value, table)
    if (other !== undefined && other !== archive) return `${archive} has the value of ${other}: ${said}`
  }
  return undefined
}

/** @param {string} archive @param {Claim[]} claims @param {Addition[]} agreed */
function twice(archive, claims, agreed) {
  const other = agreed.find(({ sha256 }) => sha256 === claims[0]?.sha256)
  return other === undefined ? undefined : `${archive} has the value of ${other.archive}: ${other.sha256}`
}

/** @param {string} sha256 @param {Table} table */
function archiveWith(sha256, table) {
  for (const archives of Object.values(table.releases)) {
    const found = Object.entries(archives).find(([, entry]) => entry.sha256 === sha256)
    if (found !== undefined) return found[0]
  }
  return undefined
}

/** Why a release must wait; an archive that was uploaded again waits anew. @param {Release} release @param {Addition[]} additions @param {number} now */
function remaining({ published, assets }, additions, now) {
  const changed = assets
    .filter(({ name }) => additions.some(({ archive }) => archive === name))
    .map(asset => asset.changed)
  const newest = Math.max(published, ...changed)
  if (!Number.isFinite(newest)) return 'GitHub does not say when it was published'
  if (now - newest >= cooldownDays * day) return undefined
  const from = new Date(newest + cooldownDays * day).toISOString().slice(0, 16)
  return `less than ${String(cooldownDays)} days old: it may enter from ${from} UTC`
}

/** @param {Table} table @param {string} version @param {Addition} addition */
function enter(table, version, { archive, sha256, sources }) {
  const archives = (table.releases[version] ??= {})
  const known = archives[archive]
  const namedSources = [...new Set([...(known?.namedSources ?? []), ...sources])]
  // A source that the table names already, at another commit, is the same source.
  const repositories = new Set(namedSources.map(name => name.split(':')[0]))
  archives[archive] = { sha256, independentSources: repositories.size, namedSources }
}

/** Releases that GitHub should still list. @param {Table} table @param {Release[]} releases */
function vanished(table, releases) {
  const listed = releases.map(({ version }) => version)
  const last = [...listed].sort(newestFirst).at(-1) ?? oldest
  return Object.keys(table.releases).filter(
    version => newestFirst(version, oldest) <= 0 && newestFirst(version, last) <= 0 && !listed.includes(version),
  )
}

/** @param {Table['releases']} releases @returns {Table['releases']} */
function sorted(releases) {
  /** @param {string} archive */
  const rank = archive => platforms.findIndex(platform => archive.endsWith(`_${platform}`))
  return Object.fromEntries(
    Object.entries(releases)
      .sort(([a], [b]) => newestFirst(a, b))
      .map(([version, archives]) => [
        version,
        Object.fromEntries(Object.entries(archives).sort(([a], [b]) => rank(a) - rank(b))),
      ]),
  )
}

/** What would change or remove a value; nothing, by construction, and checked all the same before it is written. @param {Table} before @param {Table} after */
export function lost(before, after) {
  return Object.entries(before.releases).flatMap(([version, archives]) =>
    Object.entries(archives)
      .filter(([archive, { sha256 }]) => after.releases[version]?.[archive]?.sha256 !== sha256)
      .map(([archive]) => archive),
  )
}

/** The decision as text for a pull request. @param {Decision} decision */
export function renderDecision({ added, confirmed, waiting, gone, alarms }) {
  /** @param {string} title @param {string[]} lines */
  const section = (title, lines) =>
    lines.length === 0 ? [] : [`### ${title}`, '', ...lines.map(line => `- ${line}`), '']
  /** @param {Addition} addition */
  const line = ({ archive, sha256, sources }) => `\`${archive}\` \`${sha256}\`: ${sources.join(', ')}`
  return [
    ...section('Alarms: nothing was changed', alarms),
    ...section('New in the table', added.map(line)),
    ...section('In the table before, with one source only', confirmed.map(line)),
    ...section('Not in the table', waiting),
    ...section('In the table, and no longer among the releases of Trivy: find out why', gone),
  ].join('\n')
}
