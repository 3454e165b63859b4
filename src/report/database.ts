/** What a verdict knows nothing of: vulnerabilities that are younger than the database. */
import type { DatabaseInfo, Report, ScannerInfo } from '../model.js'
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

/** `database of 2026-11-24 (6 hours old) from REPOSITORY (sha256:0123456789ab)`, for each database that was used. */
export function databaseTexts({ scanner, startedAt }: Pick<Report, 'scanner' | 'startedAt'>): readonly string[] {
  const text = (name: string, database: DatabaseInfo | undefined): string[] => {
    if (database === undefined) return []
    const age = ageInHours(database, startedAt)
    const old = age === undefined ? '' : ` (${ageText(age)})`
    const digest = database.digest.slice(0, shortDigest)
    return [`${name} of ${database.updatedAt.slice(0, 10)}${old} from ${database.repository} (${digest})`]
  }
  return [...text('database', scanner?.database), ...text('Java database', scanner?.javaDatabase)]
}

/** Both databases with their age, for what machines read. */
export function withAges(
  { database, javaDatabase }: Pick<ScannerInfo, 'database' | 'javaDatabase'>,
  startedAt: string,
): { readonly database?: AgedDatabase; readonly javaDatabase?: AgedDatabase } {
  const aged = (info: DatabaseInfo): AgedDatabase => {
    const ageHours = ageInHours(info, startedAt)
    return { ...info, ...(ageHours === undefined ? {} : { ageHours }) }
  }
  return {
    ...(database === undefined ? {} : { database: aged(database) }),
    ...(javaDatabase === undefined ? {} : { javaDatabase: aged(javaDatabase) }),
  }
}

type AgedDatabase = DatabaseInfo & { readonly ageHours?: number }

/** Characters of a digest, with its algorithm, that are enough for a person to compare. */
const shortDigest = 'sha256:'.length + 12

function ageText(hours: number): string {
  if (hours === 0) return 'less than an hour old'
  return `${hours < maxHours ? count(hours, 'hour') : count(Math.floor(hours / 24), 'day')} old`
}
