/** What the job summary says of the policy: what it lets pass and why, and what a change of it would do. */
import type { Exception, ImageVerdict, JudgedFinding, PolicyEffect, Report, RuleName, Ruling } from '../model.js'
import { code, escapeText, table } from './markdown.js'
import { count, exceptionText, listText, placeText, stateText, subjectText } from './text.js'

/** Nothing vanishes: what does not count is shown with what lets it pass, or at least counted. */
export function passedOver(report: Report, rows: number): string {
  const of = (ruling: Ruling): Passed[] =>
    report.verdict.images.flatMap(image =>
      image.findings.filter(finding => finding.ruling === ruling).map(finding => ({ image, finding })),
    )
  const reported = of('reported')
  const notes = reported.flatMap(({ image, finding }) =>
    finding.kind === 'end-of-life' ? [`${image.image.name}: ${finding.title ?? finding.id}`] : [],
  )
  const below = of('below-threshold')
  const unrated = below.filter(({ finding }) => finding.severity === 'UNKNOWN').length
  const counted = [
    [of('unfixed').length, 'without a fix'],
    [below.length - unrated, 'of other severities'],
    [unrated, 'that nobody has rated'],
    [reported.length - notes.length, 'that no rule asks for'],
  ] as const
  const parts = counted.filter(([number]) => number > 0).map(([number, what]) => `${String(number)} ${what}`)
  return [
    ...notes.map(text => `⚠️ ${escapeText(text)}: what is found in it is not all that there is.`),
    details('excepted', of('excepted'), rows),
    details('existing before this change', of('existing'), rows),
    parts.length === 0 ? '' : `Not counted, but in the JSON report: ${listed(parts)}.`,
  ]
    .filter(section => section !== '')
    .join('\n\n')
}

interface Passed {
  readonly image: ImageVerdict
  readonly finding: JudgedFinding
}

function details(what: string, passed: readonly Passed[], rows: number): string {
  if (passed.length === 0) return ''
  const withReason = passed.some(({ finding }) => finding.exception !== undefined)
  const shown = passed
    .slice(0, rows)
    .map(({ image, finding }) => [
      code(image.image.name),
      escapeText(finding.id),
      finding.severity,
      code(subjectText(finding)),
      ...(withReason ? [finding.exception === undefined ? '' : escapeText(exceptionText(finding.exception))] : []),
    ])
  const header = ['Image', 'Finding', 'Severity', 'In', ...(withReason ? ['Why it passes'] : [])]
  return folded(
    `${count(passed.length, 'finding')} ${what}`,
    withRest(table(header, shown), passed.length - shown.length),
  )
}

/** Exceptions that somebody should look after. */
export function exceptions({ verdict: { exceptions: use } }: Report, rows: number): string {
  const list = (title: string, items: readonly Exception[]): string[] => {
    if (items.length === 0) return []
    const lines = items.slice(0, rows).map(item => `- ${code(item.id)}: ${escapeText(exceptionText(item))}`)
    return [`**${title}**`, withRest(lines.join('\n'), items.length - lines.length)]
  }
  return [
    ...list('Exceptions that expired, and count for nothing any more', use.expired),
    ...list('Exceptions that will expire within two weeks', use.expiring),
    ...list('Exceptions that nothing needs', use.unused),
  ].join('\n\n')
}

/** What a proposed policy would do, once it is merged. */
export function afterMerge({ policyEffects }: Report, rows: number): string {
  if (policyEffects === undefined) return ''
  const title = '**After the merge**, the changed policy'
  if (policyEffects.length === 0) return `${title} would change nothing about these images.`
  const shown = policyEffects.slice(0, rows)
  const lines = shown.map(effect => `- ${describeEffect(effect)}`)
  return `${title} would decide otherwise:\n\n${withRest(lines.join('\n'), policyEffects.length - shown.length)}`
}

function describeEffect({ image, before, after, released, caught }: PolicyEffect): string {
  const name = (finding: JudgedFinding): string => `${finding.id} in ${subjectText(finding)}`
  const parts = [
    ...(released.length === 0 ? [] : [`no longer blocked: ${listText(released.map(name))}`]),
    ...(caught.length === 0 ? [] : [`newly blocked: ${listText(caught.map(name))}`]),
  ]
  const states = before === after ? stateText({ state: after, findings: [] }) : `${before} → ${after}`
  return `${code(image)} (${states}): ${escapeText(parts.join('; '))}`
}

export function changedImages({ change }: Report): string {
  if (change === undefined) return ''
  const lines = [
    ...change.renamed.map(({ from, to }) => `- ${code(from)} is now ${code(to)}`),
    ...change.deleted.map(name => `- ${code(name)} is gone`),
  ]
  return lines.join('\n')
}

/** The names of rules in the policy file and among the inputs. */
const ruleTexts: Readonly<Record<RuleName, string>> = {
  severity: 'severity',
  ignoreUnfixed: 'ignore-unfixed',
  gateOn: 'gate-on',
  scanners: 'scanners',
  lockFiles: 'lock-files',
  gateEndOfLife: 'gate-end-of-life',
  gateUnrecognised: 'gate-unrecognised',
}

/** Who set which rule, where it is not the default. */
export function rulesTable({ verdict }: Report): string {
  const images = new Map<string, string[]>()
  for (const { image, rules } of verdict.images) {
    if (rules === undefined) continue
    for (const name of Object.keys(ruleTexts) as RuleName[]) {
      const { from, place, pattern } = rules.sources[name]
      if (from === 'default') continue
      const by = place === undefined ? 'an input' : code(placeText(place.file, place.lines))
      const under = pattern === undefined ? '' : `, for ${code(pattern)}`
      const row = [code(ruleTexts[name]), code(String(rules.rules[name])), `${by}${under}`].join('\n')
      images.set(row, [...(images.get(row) ?? []), image.name])
    }
  }
  if (images.size === 0) return ''
  const rows = [...images].map(([row, names]) => [...row.split('\n'), escapeText(listText(names))])
  return folded('Rules that are not the default', table(['Rule', 'Value', 'Set by', 'Images'], rows))
}

/** `a, b and c` */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`
}

function folded(title: string, content: string): string {
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`
}

function withRest(text: string, rest: number): string {
  return rest > 0 ? `${text}\n\n… and ${String(rest)} more: see the JSON report.` : text
}
