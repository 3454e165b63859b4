/** Days in UTC, as policies name them: `2026-12-31`. */

/** Milliseconds. */
export const day = 24 * 3_600_000

/** When a day begins, as ISO 8601; undefined for one that there is not, such as 2026-02-30. */
export function startOf(date: string): string | undefined {
  const time = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(time.getTime()) || !time.toISOString().startsWith(date) ? undefined : time.toISOString()
}

/** When it is over: what holds through a day holds until then. */
export function endOf(date: string): string | undefined {
  const start = startOf(date)
  return start === undefined ? undefined : new Date(Date.parse(start) + day).toISOString()
}
