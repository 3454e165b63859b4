import { ageInHours, databaseTexts } from '../../src/report/database.js'

const startedAt = '2026-11-24T12:00:00.000Z'
const digest = `sha256:${'d'.repeat(64)}`
const trivy = { version: '1', source: 'x', sha256: 'f'.repeat(64) }
const databaseOf = (updatedAt: string): readonly string[] =>
  databaseTexts({ startedAt, scanner: { ...trivy, database: { repository: 'r', updatedAt, digest } } })

describe('databaseTexts', () => {
  it.each([
    ['2026-11-24T06:00:00Z', 'database of 2026-11-24 (6 hours old)'],
    ['2026-11-24T06:00:01.123456789Z', 'database of 2026-11-24 (5 hours old)'],
    ['2026-11-24T11:00:00Z', 'database of 2026-11-24 (1 hour old)'],
    ['2026-11-24T11:00:01Z', 'database of 2026-11-24 (less than an hour old)'],
    ['2026-11-24T12:05:00Z', 'database of 2026-11-24 (less than an hour old)'],
    ['2026-11-22T12:00:01Z', 'database of 2026-11-22 (47 hours old)'],
    ['2026-11-22T12:00:00Z', 'database of 2026-11-22 (2 days old)'],
    ['2026-08-01T00:00:00Z', 'database of 2026-08-01 (115 days old)'],
    ['yesterday', 'database of yesterday'],
  ])('tells which and how old: of %s', (updatedAt, expected) => {
    expect(databaseOf(updatedAt)).toEqual([`${expected} from r (sha256:dddddddddddd)`])
  })

  it('says nothing where there was none', () => {
    expect(databaseTexts({ startedAt })).toEqual([])
    expect(databaseTexts({ startedAt, scanner: trivy })).toEqual([])
  })

  it('tells of the Java database too', () => {
    const database = { repository: 'r', updatedAt: '2026-11-24T06:00:00Z', digest }
    const javaDatabase = { repository: 'j', updatedAt: '2026-11-20T12:00:00Z', digest }
    expect(databaseTexts({ startedAt, scanner: { ...trivy, database, javaDatabase } })).toEqual([
      'database of 2026-11-24 (6 hours old) from r (sha256:dddddddddddd)',
      'Java database of 2026-11-20 (4 days old) from j (sha256:dddddddddddd)',
    ])
  })
})

describe('ageInHours', () => {
  it('counts whole hours, none before the first and none for what is no date', () => {
    const age = (updatedAt: string): number | undefined => ageInHours({ repository: 'r', updatedAt, digest }, startedAt)
    expect(['2026-11-24T06:30:00Z', '2026-11-24T13:00:00Z', 'x'].map(age)).toEqual([5, 0, undefined])
  })
})
