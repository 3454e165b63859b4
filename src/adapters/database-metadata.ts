/** What Trivy's databases say of themselves, read as strictly as Trivy reads it. Pure. */
import { ToolError } from '../errors.js'

/** What a database says of itself. */
export interface DatabaseMetadata {
  /** RFC 3339: when it was built. */
  readonly updatedAt: string
  /** RFC 3339: when there will be a newer one; empty where it does not say. */
  readonly nextUpdate: string
}

/**
 * Reads `metadata.json`. Its dates are `time.Time` of Go in Trivy: a date that Go refuses would fail each scan later.
 * @param schema the version that Trivy understands
 * @throws ToolError
 */
export function readMetadata(text: string, schema: number): DatabaseMetadata {
  const { Version, UpdatedAt, NextUpdate } = parseObject(text)
  if (Version !== schema) {
    throw new ToolError(`its schema is ${shown(Version)}, and Trivy understands ${String(schema)}`, '')
  }
  if (typeof UpdatedAt !== 'string' || !isDate(UpdatedAt)) {
    throw new ToolError(`its metadata.json does not say when it was built: UpdatedAt is ${shown(UpdatedAt)}`, '')
  }
  const next = NextUpdate ?? ''
  if (typeof next !== 'string' || (next !== '' && !isDate(next))) {
    throw new ToolError(`its metadata.json does not say when there is a newer one: NextUpdate is ${shown(next)}`, '')
  }
  return { updatedAt: UpdatedAt, nextUpdate: next }
}

/**
 * `metadata.json` for Trivy: of what was there only what was read above, so that Trivy reads nothing else in it.
 * @param now the time of the download; without one Trivy would download again
 */
export function writeMetadata({ updatedAt, nextUpdate }: DatabaseMetadata, schema: number, now: Date): string {
  return JSON.stringify({
    Version: schema,
    UpdatedAt: updatedAt,
    ...(nextUpdate === '' ? {} : { NextUpdate: nextUpdate }),
    DownloadedAt: now.toISOString(),
  })
}

/**
 * True until a database says that there is a newer one, but no longer than so many milliseconds after it was built: a
 * database cannot make itself current for years.
 */
export function isCurrent({ updatedAt, nextUpdate }: DatabaseMetadata, limit: number, now: Date): boolean {
  if (nextUpdate === '') return false
  return now.getTime() < Math.min(Date.parse(nextUpdate), Date.parse(updatedAt) + limit)
}

const rfc3339 = /^\d{4}-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** RFC 3339 as `Time.UnmarshalJSON` of Go has it: no other separators, no leap second, only days that exist. */
function isDate(text: string): boolean {
  if (text.length > maxDate || !rfc3339.test(text) || Number.isNaN(Date.parse(text))) return false
  // JavaScript takes 30 February for 2 March.
  const day = text.slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

/** Characters: nanoseconds and an offset have 35. */
const maxDate = 64

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new ToolError('it has no readable metadata.json', '')
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 40)
}
