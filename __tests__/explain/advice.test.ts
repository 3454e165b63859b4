import { adviseOn } from '../../src/explain/advice.js'
import { compareDebian, fixingVersion } from '../../src/explain/version.js'
import type { JudgedFinding, Origin, Verdict, Vulnerability } from '../../src/model.js'
import { aFinding, aJudged, anImage, anImageVerdict, aVerdict } from '../builders.js'

const from: Origin = {
  file: 'Dockerfile',
  lines: { start: 1, end: 1 },
  instruction: 'FROM --platform=linux/amd64 debian:bookworm AS build',
  fromBase: true,
}
const openssl = (id: string, fixedVersion: string): JudgedFinding => aJudged({ id, fixedVersion })
const { fixedVersion: _, ...unfixed } = aJudged({ id: 'CVE-9' })

const verdictOf = (images: Record<string, JudgedFinding[]>): Verdict =>
  aVerdict(Object.entries(images).map(([name, findings]) => anImageVerdict({ image: anImage(name), findings })))

describe('adviseOn', () => {
  it('has nothing to say where nothing blocks', () => {
    expect(adviseOn(verdictOf({ web: [aJudged({ ruling: 'unfixed' }), aJudged({ ruling: 'excepted' })] }))).toEqual([])
  })

  it('puts first what removes most, and last what nobody can mend yet', () => {
    const secret: JudgedFinding = {
      kind: 'secret',
      id: 'aws-access-key-id',
      severity: 'HIGH',
      title: 'Key',
      ruling: 'gating',
    }
    const old: JudgedFinding = {
      kind: 'end-of-life',
      id: 'end-of-life',
      severity: 'UNKNOWN',
      origin: from,
      ruling: 'gating',
    }
    const verdict = verdictOf({
      web: [openssl('CVE-1', '1.0.1g-1'), openssl('CVE-2', '1.0.2h-1'), unfixed, unfixed, unfixed, secret],
      api: [openssl('CVE-1', '1.0.1g-1'), aJudged({ origin: from }), old],
    })
    expect(adviseOn(verdict)).toEqual([
      { action: 'upgrade', package: 'libssl1.0.0', version: '1.0.2h-1', removes: 3, images: ['api', 'web'] },
      { action: 'rebuild', base: 'debian:bookworm', removes: 2, images: ['api'] },
      { action: 'mend', id: 'aws-access-key-id', title: 'Key', removes: 1, images: ['web'] },
      { action: 'wait', removes: 3, images: ['web'] },
    ])
  })

  it('puts the more severe first of what removes as many', () => {
    const low = aJudged({ severity: 'LOW', package: { ...aFinding().package, name: 'apt' } })
    const worse = aJudged({ severity: 'CRITICAL', package: { ...aFinding().package, name: 'zlib' } })
    expect(adviseOn(verdictOf({ web: [low, worse] }))).toMatchObject([{ package: 'zlib' }, { package: 'apt' }])
  })

  it('accounts for every gating finding once', () => {
    const verdict = verdictOf({
      web: [openssl('CVE-1', '1'), unfixed, aJudged({ origin: from })],
      api: [openssl('CVE-1', '1')],
    })
    expect(adviseOn(verdict).reduce((sum, { removes }) => sum + removes, 0)).toBe(4)
  })
})

describe('fixingVersion', () => {
  const of = (type: string, version: string, ...fixes: (string | undefined)[]): string | undefined =>
    fixingVersion(
      fixes.map((fixedVersion): Vulnerability => {
        const { fixedVersion: _fix, ...finding } = aFinding({ package: { ...aFinding().package, type, version } })
        return fixedVersion === undefined ? finding : { ...finding, fixedVersion }
      }),
    )

  it.each([
    ['one version', 'npm', '1.0.0', ['1.2.3'], '1.2.3'],
    ['the same version', 'rpm', '1-1', ['1:2-3.el9', '1:2-3.el9'], '1:2-3.el9'],
    ['the highest', 'npm', '1.0.0', ['1.9.0', '1.10.0'], '1.10.0'],
    ['the highest of Debian', 'debian', '3.0.1-1', ['3.0.17-1~deb12u2', '3.0.17-1', '3.0.9-1'], '3.0.17-1'],
    ['the next above the installed one', 'pip', '2.2.1', ['1.11.23, 2.1.11, 2.2.4', '1.11.27, 2.2.9, 3.0.1'], '2.2.9'],
    ['none that cannot be compared', 'rpm', '1-1', ['2-1.el9', '2-2.el9'], undefined],
    ['none of several that cannot be compared', 'npm', '1.0.0', ['1.0.1-beta, 2.0.0'], undefined],
    ['none where there is no fix', 'npm', '1.0.0', [undefined], undefined],
    ['none where one has no fix', 'npm', '1.0.0', ['1.0.1', undefined], undefined],
    ['none above', 'npm', '9.0.0', ['1.0.1, 2.0.0'], undefined],
  ])('is %s', (_name, type, version, fixes, expected) => {
    expect(of(type, version, ...fixes)).toBe(expected)
  })

  it('is nothing for nothing', () => {
    expect(fixingVersion([])).toBeUndefined()
  })
})

describe('compareDebian', () => {
  // In rising order, as `dpkg --compare-versions` has them.
  const rising = [
    '0.9~rc1-1',
    '0.9-1',
    '0.9-1+b1',
    '0.9.1-1',
    '0.10-1',
    '1.0~~',
    '1.0~',
    '1.0',
    '1.0-0.1',
    '1.0-1~deb12u1',
    '1.0-1',
    '1.0-1+deb12u1',
    '1.0-10',
    '1.0a-1',
    '1.0ab-1',
    '1.0+dfsg-1',
    '1.0-1-1',
    '2:0.1-1',
    '10:0.1',
  ]

  it('orders as dpkg does', () => {
    for (const [i, a] of rising.entries()) {
      for (const [j, b] of rising.entries())
        expect(`${a} ${b} ${String(Math.sign(compareDebian(a, b)))}`).toBe(`${a} ${b} ${String(Math.sign(i - j))}`)
    }
  })
})
