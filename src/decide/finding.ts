import {
  countSeverities,
  severities,
  type Finding,
  type ImageRules,
  type JudgedFinding,
  type RuleName,
  type Rules,
  type Ruling,
  type SeverityCounts,
} from '../model.js'
import { exactIdentityOf } from './identity.js'

/** What else is known of a finding, besides what the scanner says. */
export type Circumstances = Pick<JudgedFinding, 'change' | 'exception'>

/** Says whether a finding counts: which rule makes it count, or what lets it pass. */
export function judge(finding: Finding, { rules }: ImageRules, circumstances: Circumstances): JudgedFinding {
  const { change, exception } = circumstances
  const judged = { ...finding, ...(change === undefined ? {} : { change }) }
  if (exception !== undefined) return { ...judged, ruling: 'excepted', exception }
  const { ruling, rule } = applyRules(finding, rules)
  if (ruling !== 'gating') return { ...judged, ruling }
  if (rules.gateOn === 'introduced' && change === 'existing') return { ...judged, ruling: 'existing' }
  return { ...judged, ruling, rule }
}

type Applied =
  | { readonly ruling: 'gating'; readonly rule: RuleName }
  | { readonly ruling: Exclude<Ruling, 'gating' | 'existing' | 'excepted'>; readonly rule?: never }

function applyRules(finding: Finding, rules: Rules): Applied {
  switch (finding.kind) {
    case 'end-of-life':
      return rules.gateEndOfLife ? { ruling: 'gating', rule: 'gateEndOfLife' } : { ruling: 'reported' }
    case 'unrecognised':
      return rules.gateUnrecognised ? { ruling: 'gating', rule: 'gateUnrecognised' } : { ruling: 'reported' }
    case 'vulnerability': {
      const asked = finding.place === undefined ? rules.scanners.includes('vuln') : rules.lockFiles
      if (!asked) return { ruling: 'reported' }
      const bySeverity = applySeverity(finding, rules)
      // One that is fixed, in a version that nobody names, is no reason to wait.
      const unfixed = rules.ignoreUnfixed && finding.fixedVersion === undefined && finding.status !== 'fixed'
      return bySeverity.ruling === 'gating' && unfixed ? { ruling: 'unfixed' } : bySeverity
    }
    case 'misconfiguration':
      return rules.scanners.includes('misconfig') ? applySeverity(finding, rules) : { ruling: 'reported' }
    case 'secret':
      return rules.scanners.includes('secret') ? applySeverity(finding, rules) : { ruling: 'reported' }
  }
}

function applySeverity({ severity }: Finding, rules: Rules): Applied {
  return rules.severity.includes(severity) ? { ruling: 'gating', rule: 'severity' } : { ruling: 'below-threshold' }
}

/** Those that count first, then as they were measured. */
export function compareFindings(a: JudgedFinding, b: JudgedFinding): number {
  return rulings.indexOf(a.ruling) - rulings.indexOf(b.ruling) || compareMeasured(a, b)
}

/** Worst first, then by what it is: an order that does not depend on the scanner's. */
export function compareMeasured(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(nameOf(a), nameOf(b)) ||
    compareText(a.id, b.id) ||
    compareText(exactIdentityOf(a), exactIdentityOf(b)) ||
    compareText(JSON.stringify(a), JSON.stringify(b))
  )
}

function nameOf(finding: Finding): string {
  return finding.kind === 'vulnerability' ? finding.package.name : ''
}

const rulings: readonly Ruling[] = ['gating', 'existing', 'excepted', 'unfixed', 'below-threshold', 'reported']

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Counts the gating ones. */
export function countGating(findings: readonly JudgedFinding[]): SeverityCounts {
  return countSeverities(findings.filter(({ ruling }) => ruling === 'gating'))
}

export function sumCounts(all: readonly SeverityCounts[]): SeverityCounts {
  const total = { ...countSeverities([]) }
  for (const counts of all) for (const severity of severities) total[severity] += counts[severity]
  return total
}
