import {
  countSeverities,
  severities,
  type Finding,
  type JudgedFinding,
  type Policy,
  type Ruling,
  type SeverityCounts,
} from '../model.js'

/** Says whether a finding counts, and if not, which rule lets it pass. */
export function decideRuling(finding: Finding, policy: Policy): Ruling {
  if (!policy.severity.includes(finding.severity)) return 'below-threshold'
  if (policy.ignoreUnfixed && finding.fixedVersion === undefined) return 'unfixed'
  return 'gating'
}

/** Worst first, then by name: an order that does not depend on the scanner's. */
export function compareFindings(a: JudgedFinding, b: JudgedFinding): number {
  return (
    rulings.indexOf(a.ruling) - rulings.indexOf(b.ruling) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(a.package.name, b.package.name) ||
    compareText(a.id, b.id) ||
    compareText(a.package.path ?? '', b.package.path ?? '')
  )
}

const rulings: readonly Ruling[] = ['gating', 'unfixed', 'below-threshold']

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
