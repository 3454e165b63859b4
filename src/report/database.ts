/** What a verdict knows nothing of: vulnerabilities that are younger than the database. */
import type { DatabaseInfo, Report } from '../model.js'
import { count } from './text.js'

const hour = 3_600_000

/** Up to here hours say more than days: a new database comes every six hours. */
const maxHours = 48

/** How many whole hours old the database was when the run started; undefined where its date is none. */
export function ageInHours({ updatedAt }: DatabaseInfo, startedAt: string): number | undefined {
  const age = Math.floor((Date.parse(startedAt) - Date.parse(updatedAt)) / hour)
  // One that was built while the run went on is no older than nothing.
  return Number.isNaN(age) ? undefined : Math.max(0, age)
}

/** `database of 2026-11-24 (6 hours old)`; empty where none was used. */
export function databaseText({ scanner, startedAt }: Pick<Report, 'scanner' | 'startedAt'>): string {
  if (scanner?.database === undefined) return ''
  const age = ageInHours(scanner.database, startedAt)
  const old = age === undefined ? '' : ` (${ageText(age)})`
  return `database of ${scanner.database.updatedAt.slice(0, 10)}${old}`
}

function ageText(hours: number): string {
  if (hours === 0) return 'less than an hour old'
  return `${hours < maxHours ? count(hours, 'hour') : count(Math.floor(hours / 24), 'day')} old`
}
