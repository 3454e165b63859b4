import { comparesAny, defaultRules, resolveRules } from '../../src/decide/rules.js'
import type { Policy, PolicyRules, Severity } from '../../src/model.js'
import { noPolicy } from '../builders.js'

const at = (line: number): { file: string; lines: { start: number; end: number } } => ({
  file: 'policy.yml',
  lines: { start: line, end: line },
})
const only = (severity: Severity, line: number): PolicyRules => ({ severity: { value: [severity], place: at(line) } })
const policy: Policy = {
  ...noPolicy,
  rules: { ...only('LOW', 1), lockFiles: { value: false, place: at(2) } },
  images: [
    { pattern: 'web-api', place: at(3), rules: only('CRITICAL', 4) },
    { pattern: 'web-*', place: at(5), rules: only('HIGH', 6) },
    { pattern: '*', place: at(7), rules: { ...only('MEDIUM', 8), gateOn: { value: 'introduced', place: at(9) } } },
    { pattern: '*-ui', place: at(10), rules: only('UNKNOWN', 11) },
    { pattern: 'a[1]', place: at(12), rules: only('LOW', 13) },
  ],
}

describe('resolveRules', () => {
  it('takes the defaults where nobody says anything', () => {
    const { rules, sources } = resolveRules(noPolicy, {}, 'web')
    expect(rules).toEqual(defaultRules)
    expect(new Set(Object.values(sources).map(({ from }) => from))).toEqual(new Set(['default']))
  })

  it.each([
    ['a name before globs', 'web-api', 'CRITICAL', 'web-api', 4],
    ['a longer glob before a shorter one', 'web-x', 'HIGH', 'web-*', 6],
    ['the later of two that are as long', 'web-ui', 'HIGH', 'web-*', 6],
    ['a glob before the rest of the file', 'other', 'MEDIUM', '*', 8],
    ['a name that looks like a glob', 'a[1]', 'LOW', 'a[1]', 13],
  ])('takes %s, and says so', (_, name, severity, pattern, line) => {
    const { rules, sources } = resolveRules(policy, {}, name)
    expect(rules.severity).toEqual([severity])
    expect(sources.severity).toEqual({ from: 'policy', place: at(line), pattern })
  })

  it('looks for each rule on its own', () => {
    const { rules, sources } = resolveRules(policy, {}, 'web-api')
    expect(rules).toMatchObject({ severity: ['CRITICAL'], gateOn: 'introduced', lockFiles: false, ignoreUnfixed: true })
    expect(sources.gateOn).toMatchObject({ pattern: '*' })
    expect(sources.lockFiles).toEqual({ from: 'policy', place: at(2) })
  })

  it('lets an input win over all of it', () => {
    const { rules, sources } = resolveRules(policy, { severity: ['LOW'], lockFiles: true }, 'web-api')
    expect(rules).toMatchObject({ severity: ['LOW'], lockFiles: true, gateOn: 'introduced' })
    expect(sources.severity).toEqual({ from: 'input' })
  })
})

describe('comparesAny', () => {
  it('looks at the input, else at all of the policy', () => {
    expect(comparesAny(policy, {})).toBe(true)
    expect(comparesAny(policy, { gateOn: 'all' })).toBe(false)
    expect(comparesAny(noPolicy, {})).toBe(false)
    expect(comparesAny(noPolicy, { gateOn: 'introduced' })).toBe(true)
    expect(comparesAny({ ...noPolicy, rules: { gateOn: { value: 'introduced', place: at(1) } } }, {})).toBe(true)
  })
})
