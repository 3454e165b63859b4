/** What holds for any findings and any policy. */
import fc from 'fast-check'
import { decide, type Grounds } from '../../src/decide/verdict.js'
import { severities, type Finding, type JudgedFinding, type Rules, type Verdict } from '../../src/model.js'
import { aFinding, anException, built, scanned, someGrounds } from '../builders.js'
import { api, decideChange, decideWeb, measuredOf, unfixed, web } from './verdicts.js'

const anyFinding = fc
  .record({
    severity: fc.constantFrom(...severities),
    fixed: fc.boolean(),
    id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-3'),
    version: fc.constantFrom('1', '2'),
  })
  .map(({ severity, fixed, id, version }) => {
    const more = { severity, id, package: { ...aFinding().package, version } }
    return fixed ? aFinding(more) : unfixed(more)
  })
const anyFindings = fc.array(anyFinding, { maxLength: 8 })
const anyRules = fc.record({
  severity: fc.subarray([...severities], { minLength: 1 }),
  ignoreUnfixed: fc.boolean(),
  gateOn: fc.constantFrom('all' as const, 'introduced' as const),
})
const anyException = fc
  .record({
    id: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-9'),
    images: fc.constantFrom([], ['web'], ['w*'], ['api']),
    packages: fc.constantFrom([], ['libssl1.0.0'], ['zlib']),
    until: fc.constantFrom('2026-08-01T00:00:00Z', '2026-08-09T00:00:00Z', '2026-12-01T00:00:00Z'),
  })
  .map(anException)
const anyExceptions = fc.array(anyException, { maxLength: 4 })

/** The verdict of an image that was compared, by any rules. */
function decideAny(
  findings: Finding[],
  before: Finding[],
  rules: Partial<Rules>,
  more: Partial<Grounds> = {},
): Verdict {
  return decideChange(findings, before, { rulesOf: someGrounds(rules).rulesOf, ...more })
}

const gatingOf = ({ images }: Verdict): string[] =>
  (images[0]?.findings ?? []).filter(({ ruling }) => ruling === 'gating').map(textOf)

/** What a finding is, without what was decided about it. */
const textOf = ({
  ruling: _ruling,
  rule: _rule,
  change: _change,
  exception: _exception,
  ...finding
}: JudgedFinding): string => JSON.stringify(finding)

/** True when each of the one is among the others, as often. */
function isWithin(some: string[], all: string[]): boolean {
  const rest = [...all]
  return some.every(item => {
    const at = rest.indexOf(item)
    if (at >= 0) rest.splice(at, 1)
    return at >= 0
  })
}

describe('any verdict', () => {
  it('does not depend on the order of findings, nor on that of images', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (findings, before, rules, exceptions) => {
        const once = decideAny(findings, before, rules, { exceptions })
        expect(decideAny(findings.toReversed(), before.toReversed(), rules, { exceptions })).toEqual(once)
      }),
    )
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (ours, others, rules) => {
        const builds = [built(api), built(web)]
        const scans = [scanned(api, ...others), scanned(web, ...ours)]
        const other = { builds: builds.toReversed(), scans: scans.toReversed() }
        expect(decide(measuredOf(other), someGrounds(rules))).toEqual(
          decide(measuredOf({ builds, scans }), someGrounds(rules)),
        )
      }),
    )
  })

  it('never blocks more for fewer severities', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (findings, before, rules) => {
        const fewer = decideAny(findings, before, { ...rules, severity: rules.severity.slice(1) })
        expect(isWithin(gatingOf(fewer), gatingOf(decideAny(findings, before, rules)))).toBe(true)
      }),
    )
  })

  it('never blocks more for one more exception', () => {
    fc.assert(
      fc.property(
        anyFindings,
        anyFindings,
        anyRules,
        anyExceptions,
        anyException,
        (findings, before, rules, some, one) => {
          const more = decideAny(findings, before, rules, { exceptions: [...some, one] })
          const fewer = decideAny(findings, before, rules, { exceptions: some })
          expect(isWithin(gatingOf(more), gatingOf(fewer))).toBe(true)
        },
      ),
    )
  })

  it('blocks on nothing that is introduced and would not block at all', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, (findings, before, rules) => {
        const introduced = decideAny(findings, before, { ...rules, gateOn: 'introduced' })
        const all = decideAny(findings, before, { ...rules, gateOn: 'all' })
        expect(isWithin(gatingOf(introduced), gatingOf(all))).toBe(true)
      }),
    )
  })

  it('blocks on as many of a kind as there are more of it now', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, (findings, before) => {
        const all = { severity: [...severities], ignoreUnfixed: false, gateOn: 'introduced' as const }
        const number = (list: readonly Finding[], id: string): number =>
          list.filter(finding => finding.id === id).length
        const gating = (decideAny(findings, before, all).images[0]?.findings ?? []).filter(
          ({ ruling }) => ruling === 'gating',
        )
        for (const id of ['CVE-1', 'CVE-2', 'CVE-3']) {
          expect(number(gating, id)).toBe(Math.max(0, number(findings, id) - number(before, id)))
        }
      }),
    )
  })

  it('of an image depends on that image alone', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (ours, others, rules, exceptions) => {
        const builds = [built(api), built(web)]
        const scans = [scanned(api, ...others), scanned(web, ...ours)]
        const together = decide(measuredOf({ builds, scans }), someGrounds(rules, { exceptions }))
        const alone = decideWeb(ours, rules, { exceptions })
        expect(together.images.find(({ image }) => image === web)).toEqual(alone.images[0])
      }),
    )
  })

  it('loses no finding', () => {
    fc.assert(
      fc.property(anyFindings, anyFindings, anyRules, anyExceptions, (findings, before, rules, exceptions) => {
        const shown = decideAny(findings, before, rules, { exceptions }).images[0]?.findings ?? []
        expect(shown.map(textOf).sort()).toEqual(findings.map(finding => JSON.stringify(finding)).sort())
      }),
    )
  })
})
