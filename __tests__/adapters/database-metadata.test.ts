import { isCurrent, readMetadata, writeMetadata } from '../../src/adapters/database-metadata.js'

const built = '2026-08-01T00:00:00Z'
const read = (more: object): unknown => readMetadata(JSON.stringify({ Version: 2, UpdatedAt: built, ...more }), 2)

describe('the metadata of a database', () => {
  it.each([
    '2026-08-01T06:17:02.123456789Z',
    '2026-08-01T06:17:02Z',
    '2026-08-01T06:17:02+02:00',
    '2028-02-29T23:59:59-11:30',
    '0001-01-01T00:00:00Z',
  ])('has the date %s, as Go reads it', UpdatedAt => {
    expect(read({ UpdatedAt })).toEqual({ updatedAt: UpdatedAt, nextUpdate: '' })
  })

  it.each([
    '2026-11-25',
    '2026-11-25T00:00:00',
    '2026-11-25 00:00:00Z',
    '2026-11-25t00:00:00z',
    '2026-11-25T00:00:00,5Z',
    '2026-11-25T24:00:00Z',
    '2026-11-25T23:59:60Z',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-25T0:00:00Z',
    '2026-11-25T00:00:00+24:00',
    '2026-11-25T00:00:00+0100',
    '+002026-11-25T00:00:00Z',
    'Wed, 25 Nov 2026 00:00:00 GMT (x)',
    `2026-11-25T00:00:00.${'0'.repeat(100)}Z`,
    '',
    5,
    null,
    undefined,
  ])('is refused with the date %j, which Go refuses too', UpdatedAt => {
    expect(() => read({ UpdatedAt })).toThrow('does not say when it was built')
    if (UpdatedAt !== '' && UpdatedAt !== null && UpdatedAt !== undefined) {
      expect(() => read({ NextUpdate: UpdatedAt })).toThrow('does not say when there is a newer one')
    }
  })

  it.each([3, '2', null, undefined, 2.5])('is refused with the schema %j', Version => {
    expect(() => read({ Version })).toThrow('and Trivy understands 2')
  })

  it.each(['', '[', '5', 'null', '"x"'])('is refused when it is %j', text => {
    expect(() => readMetadata(text, 2)).toThrow('no readable metadata.json')
  })

  it('has for Trivy what was read, and nothing that Trivy could read in another way', () => {
    const text = `{"Version": 2.0, "version": 3, "UpdatedAt": "${built}", "updatedat": "2019-01-01T00:00:00Z", "DownloadedAt": "x"}`
    expect(JSON.parse(writeMetadata(readMetadata(text, 2), 2, new Date(built)))).toEqual({
      Version: 2,
      UpdatedAt: built,
      DownloadedAt: '2026-08-01T00:00:00.000Z',
    })
  })
})

describe('a database', () => {
  const hour = 3_600_000
  const at = (nextUpdate: string, hours: number): boolean =>
    isCurrent({ updatedAt: built, nextUpdate }, 48 * hour, new Date(Date.parse(built) + hours * hour))

  it('is current until it says that there is a newer one, and never longer than a limit', () => {
    expect([23, 24].map(hours => at('2026-08-02T00:00:00Z', hours))).toEqual([true, false])
    expect([47, 48].map(hours => at('2099-01-01T00:00:00Z', hours))).toEqual([true, false])
    expect(at('', 0)).toBe(false)
  })
})
