/** Words that set the builds of one run apart, and tell a RUN step nothing: not even that it is a gate that builds. */
import type { Revision } from '../model.js'
import type { Freshness } from '../ports.js'

/** By the revision that is built: both share their RUN steps, and neither sees the other's cache mounts. */
export type FreshMarks = Readonly<Record<Revision, Omit<Freshness, 'pull'>>>

/** Bytes that the marks of a run are made of. */
export const randomLength = 32

/** Endings that many hosts have. None of these names is ever looked up. */
const endings = ['com', 'net', 'org', 'io', 'dev', 'info', 'co', 'eu', 'cloud', 'tech', 'app', 'biz', 'online', 'site']

/**
 * @param random `randomLength` bytes that no other run has. The name takes 10 to 13 letters of them, which no two runs on
 * one engine have in common but once in 10^14
 */
export function freshMarks(random: Buffer): FreshMarks {
  const letters = Array.from(random.subarray(0, 13), byte => String.fromCharCode(97 + (byte % 26)))
  const name = letters.slice(0, 10 + ((random[13] ?? 0) % 4)).join('')
  const ending = endings[(random[14] ?? 0) % endings.length] ?? ''
  const [second = 0, third = 0, fourth = 0] = random.subarray(15, 18)
  const host = `${name}.${ending}:10.${String(second)}.${String(third)}.${String(1 + (fourth % 254))}`
  return {
    head: { host, cacheMounts: random.subarray(18, 25).toString('hex') },
    base: { host, cacheMounts: random.subarray(25, 32).toString('hex') },
  }
}
