import { parseHermit, parseInstallAction, parseReleases } from '../../scripts/trivy-sources.mjs'
import { type Decision, decide, lost, renderDecision, type Table } from '../../scripts/trivy-table.mjs'
import { archives, day, everywhere, hash, hermit, installAction, release, type Values } from './sources.js'

const now = Date.parse('2026-08-30T00:00:00Z')
const known = archives('0.73.0', ...everywhere)
const fresh = archives('0.74.0', ...everywhere)
const all = { ...fresh, ...known }
const [linux = ''] = Object.keys(fresh)
const [knownLinux = ''] = Object.keys(known)

const table: Table = {
  note: 'kept',
  releases: {
    '0.73.0': Object.fromEntries(
      Object.entries(known).map(([name, sha256]) => [
        name,
        { sha256, independentSources: 2, namedSources: ['a', 'b'] },
      ]),
    ),
  },
}
const denied = { '0.74.1': { reason: 'malicious', archives: { 'Linux-64bit.tar.gz': hash('bad') } } }

interface Given {
  readonly releases?: readonly unknown[]
  readonly install?: Values
  readonly hermit?: Values
  readonly table?: Table
}

function run(given: Given = {}): Decision {
  return decide({
    table: given.table ?? table,
    denied,
    releases: parseReleases(JSON.stringify(given.releases ?? [release('0.74.0', fresh), release('0.73.0', known)])),
    sources: [
      {
        name: 'taiki-e/install-action:manifests/trivy.json@0',
        values: parseInstallAction(installAction(given.install ?? all)),
      },
      { name: 'cashapp/hermit-packages:trivy.hcl@1', values: parseHermit(hermit(given.hermit ?? all)) },
    ],
    now,
  })
}

/** Nothing in the table but what was there. */
function expectUnchanged(decision: Decision): void {
  expect(decision.table).toEqual(table)
  expect(decision.added).toEqual([])
}

describe('decide', () => {
  it('adds what the sources agree on, newest first, and says who says so', () => {
    const decision = run()
    expect(decision).toMatchObject({ alarms: [], waiting: [], gone: [], confirmed: [] })
    expect(Object.keys(decision.table.releases)).toEqual(['0.74.0', '0.73.0'])
    expect(decision.table.releases['0.74.0']?.[linux]).toEqual({
      sha256: fresh[linux],
      independentSources: 3,
      namedSources: [
        'aquasecurity/trivy:releases/v0.74.0#digest',
        'taiki-e/install-action:manifests/trivy.json@0',
        'cashapp/hermit-packages:trivy.hcl@1',
      ],
    })
    expect(decision.table.releases['0.73.0']).toEqual(table.releases['0.73.0'])
    expect(lost(table, decision.table)).toEqual([])
  })

  it('changes nothing, to the last character, where nothing is new', () => {
    const { table: after } = run({ table: run().table })
    expect(JSON.stringify(after)).toBe(JSON.stringify(run().table))
  })

  it('does without a platform that the release lacks, or that one source alone knows', () => {
    const [, arm = ''] = Object.keys(fresh)
    const { [arm]: _, ...some } = fresh
    const windows = archives('0.74.0', 'windows-64bit.zip')
    const decision = run({
      releases: [release('0.74.0', { ...some, ...windows }), release('0.73.0', known)],
      install: { ...some, ...known },
    })
    expect(Object.keys(decision.table.releases['0.74.0'] ?? {})).toEqual(Object.keys(some))
    expect(decision.waiting).toEqual([
      '0.74.0: only one source for windows-64bit.zip (aquasecurity/trivy:releases/v0.74.0#digest)',
    ])
  })

  it('counts no source where the release itself has no such file', () => {
    const decision = run({ releases: [release('0.74.0', {}), release('0.73.0', known)] })
    expectUnchanged(decision)
    expect(decision.alarms).toEqual([])
  })

  it('takes two others where GitHub has no digest', () => {
    const { assets, ...rest } = release('0.74.0', fresh)
    const decision = run({
      releases: [{ ...rest, assets: assets.map(asset => ({ ...asset, digest: null })) }, release('0.73.0', known)],
    })
    expect(decision.table.releases['0.74.0']?.[linux]?.independentSources).toBe(2)
  })

  it('needs a source besides the release, for every value', () => {
    const decision = run({ install: known, hermit: known })
    expectUnchanged(decision)
    expect(decision.waiting).toEqual([expect.stringMatching(/^0\.74\.0: only one source for Linux-64bit\.tar\.gz/)])
  })

  it.each<[string, object]>([
    ['published six days ago', { published_at: new Date(now - 6 * day).toISOString() }],
    [
      'whose archives were uploaded again yesterday',
      { uploaded: new Date(now - day).toISOString(), published_at: '2026-08-01T00:00:00Z' },
    ],
    ['published in the future', { published_at: '2027-01-01T00:00:00Z' }],
    ['without a date', { published_at: null }],
  ])('waits with a release %s', (_, more) => {
    const decision = run({ releases: [release('0.74.0', fresh, more), release('0.73.0', known)] })
    expectUnchanged(decision)
    expect(decision.alarms).toEqual([])
    expect(decision.waiting).toEqual([
      expect.stringMatching(/^0\.74\.0: (less than 7 days old: .* UTC|GitHub does not say)/),
    ])
  })

  it('takes a release of just seven days', () => {
    const decision = run({
      releases: [
        release('0.74.0', fresh, { uploaded: new Date(now - 7 * day).toISOString() }),
        release('0.73.0', known),
      ],
    })
    expect(decision.added).toHaveLength(4)
  })

  it.each<[string, string, object, string]>([
    ['a denied version', '0.74.1', {}, 'malicious'],
    ['a draft', '0.75.0', { draft: true }, 'a draft'],
    ['a pre-release', '0.75.0', { prerelease: true }, 'a pre-release'],
    ['a version with a suffix', '0.75.0-rc1', {}, 'a pre-release'],
  ])('refuses %s', (_, version, more, reason) => {
    const values = archives(version, ...everywhere)
    const decision = run({
      releases: [release(version, values, more), release('0.73.0', known)],
      hermit: { ...all, ...values },
    })
    expectUnchanged(decision)
    expect(decision.waiting).toEqual([`${version}: refused: ${reason}`])
  })

  it('looks at no release that was deleted in the takeover and came back', () => {
    const values = archives('0.69.1', ...everywhere)
    const decision = run({
      releases: [release('0.69.1', values), release('0.73.0', known)],
      hermit: { ...all, ...values },
    })
    expectUnchanged(decision)
  })

  it.each<[string, Given, RegExp]>([
    [
      'GitHub has another value than the table',
      { releases: [release('0.74.0', fresh), release('0.73.0', { ...known, [knownLinux]: hash('new') })] },
      /^trivy_0\.73\.0_Linux-64bit\.tar\.gz is not what it was: the table has .*, now there is .* \(aquasecurity/,
    ],
    [
      'another source has another value than the table',
      { hermit: { ...all, [knownLinux]: hash('new') } },
      /is not what it was: .*\(cashapp/,
    ],
    [
      'the sources contradict each other',
      { install: { ...all, [linux]: hash('new') } },
      /^trivy_0\.74\.0_Linux-64bit\.tar\.gz: the sources contradict each other: .*\(aquasecurity.*\(taiki-e.*\(cashapp/,
    ],
    [
      'the sources contradict each other on a release of today',
      {
        releases: [release('0.74.0', fresh, { uploaded: new Date(now).toISOString() }), release('0.73.0', known)],
        install: { ...all, [linux]: hash('new') },
      },
      /contradict/,
    ],
    [
      'all agree on a file of a malicious release',
      (values => ({
        releases: [release('0.74.0', values), release('0.73.0', known)],
        install: { ...all, ...values },
        hermit: { ...all, ...values },
      }))({
        ...fresh,
        [linux]: hash('bad'),
      }),
      /is a file of 0\.74\.1 \(malicious\)/,
    ],
    [
      'a new archive has the value of an old one',
      (values => ({
        releases: [release('0.74.0', values), release('0.73.0', known)],
        install: { ...all, ...values },
        hermit: { ...all, ...values },
      }))({
        ...fresh,
        [linux]: known[knownLinux] ?? '',
      }),
      /has the value of trivy_0\.73\.0_Linux-64bit/,
    ],
    [
      'two new archives have the same value',
      (values => ({
        releases: [release('0.74.0', values), release('0.73.0', known)],
        install: { ...all, ...values },
        hermit: { ...all, ...values },
      }))({
        ...fresh,
        'trivy_0.74.0_Linux-ARM64.tar.gz': fresh[linux] ?? '',
      }),
      /^trivy_0\.74\.0_Linux-ARM64\.tar\.gz has the value of trivy_0\.74\.0_Linux-64bit/,
    ],
  ])('raises an alarm and changes nothing where %s', (_, given, words) => {
    const decision = run(given)
    expectUnchanged(decision)
    expect(decision.alarms).toEqual([expect.stringMatching(words)])
  })

  it('names the sources of a value that had one only, and keeps the value', () => {
    const lonely = structuredClone(table)
    const entry = lonely.releases['0.73.0']?.[knownLinux]
    if (entry !== undefined)
      Object.assign(entry, { independentSources: 1, namedSources: ['taiki-e/install-action:x@9'] })
    const decision = run({ table: lonely })
    expect(decision.confirmed.map(({ archive }) => archive)).toEqual([knownLinux])
    // The table's own name for install-action and the new one are the same source.
    expect(decision.table.releases['0.73.0']?.[knownLinux]).toMatchObject({
      sha256: known[knownLinux],
      independentSources: 3,
    })
  })

  it('tells of a release that has vanished, and keeps its values', () => {
    const decision = run({ releases: [release('0.74.0', fresh), release('0.72.0', {})] })
    expect(decision.gone).toEqual(['0.73.0'])
    expect(decision.table.releases['0.73.0']).toEqual(table.releases['0.73.0'])
  })
})

describe('lost', () => {
  it('finds a value that was changed, and one that was removed', () => {
    const after = structuredClone(table)
    const [first = '', second = ''] = Object.keys(known)
    const archivesAfter = after.releases['0.73.0'] ?? {}
    archivesAfter[first] = { sha256: hash('x'), independentSources: 9, namedSources: [] }
    Reflect.deleteProperty(archivesAfter, second)
    expect(lost(table, after)).toEqual([first, second])
  })
})

describe('renderDecision', () => {
  it('is empty where there is nothing to say', () => {
    expect(renderDecision(run({ releases: [release('0.73.0', known)] }))).toBe('')
  })

  it('lists what enters with its sources, and what does not', () => {
    const text = renderDecision(
      run({ releases: [release('0.75.0', {}, { draft: true }), release('0.74.0', fresh), release('0.73.0', known)] }),
    )
    expect(text).toMatch(
      /^### New in the table\n\n- `trivy_0\.74\.0_Linux-64bit\.tar\.gz` `[0-9a-f]{64}`: aquasecurity/,
    )
    expect(text).toContain('### Not in the table\n\n- 0.75.0: refused: a draft')
  })
})
