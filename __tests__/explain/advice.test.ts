import { adviseOn } from '../../src/explain/advice.js'
import { compareAlpine } from '../../src/explain/alpine.js'
import { compareDebian } from '../../src/explain/debian.js'
import { compareRpm } from '../../src/explain/rpm.js'
import { compareNumbers, compareSemver } from '../../src/explain/semver.js'
import { fixingVersion } from '../../src/explain/version.js'
import type { ImageVerdict, JudgedFinding, Origin, Verdict, Vulnerability } from '../../src/model.js'
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

  it('gives each release of a distribution its own versions, and packages of a language one', () => {
    const npm = aJudged({
      package: { name: 'lodash', version: '4.17.4', class: 'lang-pkgs', type: 'npm' },
      fixedVersion: '4.17.12',
    })
    const image = (name: string, family: string, release: string, fixedVersion: string): ImageVerdict =>
      anImageVerdict({
        image: anImage(name),
        os: { family, name: release, endOfLife: false },
        findings: [openssl('CVE-1', fixedVersion), npm],
      })
    const advice = adviseOn(
      aVerdict([
        image('a', 'debian', '12.5', '3.0.17-1~deb12u2'),
        image('b', 'debian', '12.15', '3.0.17-1~deb12u3'),
        image('c', 'debian', '11.9', '1.1.1w-0+deb11u1'),
        image('d', 'ubuntu', '22.04', '3.0.2-0ubuntu1.15'),
        image('e', 'ubuntu', '24.04', '3.0.13-0ubuntu3.5'),
      ]),
    )
    expect(advice.map(one => one.action === 'upgrade' && [one.package, one.version, one.images.join('')])).toEqual([
      ['lodash', '4.17.12', 'abcde'],
      ['libssl1.0.0', '3.0.17-1~deb12u3', 'ab'],
      ['libssl1.0.0', '1.1.1w-0+deb11u1', 'c'],
      ['libssl1.0.0', '3.0.2-0ubuntu1.15', 'd'],
      ['libssl1.0.0', '3.0.13-0ubuntu3.5', 'e'],
    ])
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
    [
      'the highest of Red Hat',
      'redhat',
      '1:1.1.1k-1.el8',
      ['1:1.1.1k-9.el8_7', '1:1.1.1k-12.el8_9'],
      '1:1.1.1k-12.el8_9',
    ],
    ['the highest of Alpine', 'alpine', '3.1.0-r0', ['3.1.4-r5', '3.1.4-r10', '3.1.4_rc1-r11'], '3.1.4-r10'],
    ['the release after what came before it', 'npm', '1.0.0', ['2.0.0-beta.1', '2.0.0'], '2.0.0'],
    [
      'the newest of a day',
      'gomod',
      'v0.0.0-1',
      ['0.0.0-20220314234659-1baeb1ce4c0b', '0.0.0-20210921155107-089bfa567519'],
      '0.0.0-20220314234659-1baeb1ce4c0b',
    ],
    ['none that cannot be compared', 'jar', '1.0', ['32.0.0-jre', '32.0.1-jre'], undefined],
    ['none of several that cannot be compared', 'pip', '1.0.0', ['1.0.1rc1, 2.0.0'], undefined],
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

/** In rising order; compared with the programs that decide, or with the libraries that Trivy compares by. */
const rising: Readonly<Record<string, readonly [(a: string, b: string) => number | undefined, readonly string[]]>> = {
  'dpkg --compare-versions': [
    compareDebian,
    [
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
    ],
  ],
  rpmvercmp: [
    compareRpm,
    [
      '0.9~rc1-1',
      '0.9-1',
      '0.9^git1-1',
      '0.9a-1',
      '0.9.rc-1',
      '0.9.1-1',
      '0.10-1',
      '1.1.1k-9.el8_7',
      '1.1.1k-12.el8_9',
      '1.1.1k-12.el9',
      '20230101000000000000001-1',
      '20230101000000000000002-1',
      '1:0.1-1',
      '10:0.1-1',
    ],
  ],
  'apk version': [
    compareAlpine,
    [
      '1_alpha-r0',
      '1_rc1-r0',
      '1_rc2-r0',
      '1-r0',
      '1-r1',
      '1-r10',
      '1_git20230101-r0',
      '1_p1-r0',
      '1a-r0',
      '1b-r0',
      '1.0-r0',
      '1.2-r0',
      '1.10-r0',
      '1.10.0_p1-r0',
    ],
  ],
  'semver.org': [
    compareSemver,
    [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      'v1.0.1+build.7',
      '1.0.10',
    ],
  ],
}

describe.each(Object.entries(rising))('the order of versions by %s', (_, [compare, versions]) => {
  it('is the same', () => {
    for (const [i, a] of versions.entries()) {
      for (const [j, b] of versions.entries())
        expect(`${a} ${b} ${String(Math.sign(compare(a, b) ?? NaN))}`).toBe(`${a} ${b} ${String(Math.sign(i - j))}`)
    }
  })
})

describe('versions that are none', () => {
  it.each([
    ['latest', '1-r0'],
    ['1.01-r0', '1.1-r0'],
    ['1_future-r0', '1-r0'],
    ['1.1.1.1.1.1.1.1.1', '1'],
    ['1_p1_p2_p3_p4_p5', '1'],
  ])('are not compared by Alpine: %s and %s', (a, b) => {
    expect([compareAlpine(a, b), compareAlpine(b, a)]).toEqual([undefined, undefined])
  })

  it('are not compared by numbers either', () => {
    expect([compareSemver('latest', '1'), compareSemver('1', '1.x'), compareNumbers('1', '1a')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are all of its releases to RPM, where one has no release', () => {
    expect(compareRpm('1.0', '1.0-5')).toBe(0)
  })
})
