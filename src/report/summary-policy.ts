/** What the job summary says of the policy: what it lets pass and why, and what a change of it would do. */
import type { Exception, Report, RuleName } from '../model.js'
import type { Extent } from './extent.js'
import { code, escapeText, folded, markdownMarks, table, withRest } from './markdown.js'
import { worstFindings, type Placed } from './placed.js'
import { effectText } from './steps.js'
import { tallyOf } from './tally.js'
import { count, exceptionText, listText, placeText, sentenceList, subjectText } from './text.js'

/** What would count, were it not for an exception, or for having been there before: with what lets it pass. */
export function passedOver({ verdict }: Report, extent: Extent): string {
  const tables = (['excepted', 'existing'] as const).map(ruling => {
    const all = worstFindings(verdict.images, finding => finding.ruling === ruling)
    return all.length === 0
      ? ''
      : passedTable(ruling === 'existing' ? 'existing before this change' : ruling, all, extent)
  })
  return tables.filter(section => section !== '').join('\n\n')
}

function passedTable(what: string, passed: readonly Placed[], { rows, elsewhere }: Extent): string {
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
  const title = `${count(passed.length, 'finding')} ${what}`
  return folded(title, withRest(table(header, shown), passed.length - shown.length, elsewhere))
}

/** Which sections gave way to what blocks. */
export function asidesLeftOut(report: Report, { elsewhere }: Extent): string {
  const { verdict, work } = report
  const { excepted, existing } = tallyOf(verdict)
  const { expired, expiring, unused } = verdict.exceptions
  const exceptions = expired.length + expiring.length + unused.length
  const parts = [
    ...(excepted === 0 ? [] : [`the ${count(excepted, 'finding')} that ${excepted === 1 ? 'is' : 'are'} excepted`]),
    ...(existing === 0 ? [] : [`the ${count(existing, 'finding')} that existed before this change`]),
    ...(exceptions === 0 ? [] : [`${count(exceptions, 'exception')} to look after`]),
    ...(rulesTable(report) === '' ? [] : ['the rules that are not the default']),
    ...(work === undefined ? [] : ['where the time went']),
  ]
  if (parts.length === 0) return ''
  return `Left out, to have room for what blocks: ${sentenceList(parts)}. See ${elsewhere}.`
}

/** Exceptions that somebody should look after. */
export function exceptions({ verdict: { exceptions: use } }: Report, { rows, elsewhere }: Extent): string {
  const list = (title: string, items: readonly Exception[]): string[] => {
    if (items.length === 0) return []
    const lines = items.slice(0, rows).map(item => `- ${code(item.id)}: ${escapeText(exceptionText(item))}`)
    return [`**${title}**`, withRest(lines.join('\n'), items.length - lines.length, elsewhere)]
  }
  return [
    ...list('Exceptions that expired, and count for nothing any more', use.expired),
    ...list('Exceptions that will expire within two weeks', use.expiring),
    ...list('Exceptions that nothing needs', use.unused),
  ].join('\n\n')
}

/** What a proposed policy would do, once it is merged. */
export function afterMerge({ policyEffects }: Report, { rows, elsewhere }: Extent): string {
  if (policyEffects === undefined) return ''
  const title = '**After the merge**, the changed policy'
  if (policyEffects.length === 0) return `${title} would change nothing about these images.`
  const shown = policyEffects.slice(0, rows)
  const lines = shown.map(effect => `- ${effectText(effect, markdownMarks)}`)
  return `${title} would decide otherwise:\n\n${withRest(lines.join('\n'), policyEffects.length - shown.length, elsewhere)}`
}

export function changedImages({ change }: Report, { rows, elsewhere }: Extent): string {
  if (change === undefined) return ''
  const lines = [
    ...change.renamed.map(({ from, to }) => `- ${code(from)} is now ${code(to)}`),
    ...change.deleted.map(name => `- ${code(name)} is gone`),
  ]
  return withRest(lines.slice(0, rows).join('\n'), lines.length - rows, elsewhere)
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
