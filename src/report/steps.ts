/** What to do, in words. */
import { assertNever } from '../errors.js'
import type { Advice, JudgedFinding, PolicyEffect, Report, Verdict } from '../model.js'
import { count, imagesIn, listText, numberText, stateText, subjectText, totalOf } from './text.js'

/** What to do first, in a sentence or two. */
export function nextStep(report: Report): string {
  if (report.verdict.problem !== undefined) return report.verdict.problem.advice
  const broken = imagesIn(report, 'build-failed', 'scan-failed')
  return broken[0]?.failure?.advice ?? commonStep(report)
}

/** What to do next, apart from what stands beside each image that failed. */
export function commonStep(report: Report): string {
  const { verdict, advice } = report
  if (verdict.problem !== undefined) return verdict.problem.advice
  const [first] = advice
  if (first === undefined) return ''
  const rest = advice.length - 1
  return `${adviceText(first, verdict)}.${rest === 0 ? '' : ` Then ${count(rest, 'more step')}: see the report.`}`
}

/** How a format writes what comes from elsewhere: names of packages, versions and images, and other words. */
export interface Marks {
  readonly name: (text: string) => string
  readonly words: (text: string) => string
}

const plain: Marks = { name: text => text, words: text => text }

/** One piece of advice, and what it is worth. */
export function adviceText(advice: Advice, { counts, images }: Verdict, { name, words }: Marks = plain): string {
  const share = `${numberText(advice.removes)} of ${count(totalOf(counts), 'finding')}`
  const where = images.length > 1 ? `, in ${listText(advice.images.map(name), 5)}` : ''
  switch (advice.action) {
    case 'upgrade': {
      const version = advice.version === undefined ? 'the versions that fix it' : name(advice.version)
      return `Upgrade ${name(advice.package)} to ${version}: removes ${share}${where}`
    }
    case 'rebuild':
      return `Rebuild on a newer ${advice.base === '' ? 'base image' : name(advice.base)}: ${share} ${advice.removes === 1 ? 'comes' : 'come'} with it${where}`
    case 'mend':
      return `Mend ${name(advice.id)}${advice.title === undefined ? '' : ` (${words(advice.title)})`}: removes ${share}${where}`
    case 'wait':
      return `No fix yet for ${share}${where}: except ${advice.removes === 1 ? 'it' : 'them'} for a time, with a reason, or do without the package`
    default:
      return assertNever(advice)
  }
}

/** What a changed policy would decide otherwise about an image. */
export function effectText(effect: PolicyEffect, { name, words }: Marks = plain): string {
  const { image, before, after, released, caught } = effect
  const findings = (some: readonly JudgedFinding[]): string =>
    listText(some.map(finding => `${finding.id} in ${subjectText(finding)}`))
  const parts = [
    ...(released.length === 0 ? [] : [`no longer blocked: ${findings(released)}`]),
    ...(caught.length === 0 ? [] : [`newly blocked: ${findings(caught)}`]),
  ]
  const [was, is] = [before, after].map(state => stateText({ state, findings: [] }))
  return `${name(image)} (${was === is ? was : `${was} → ${is}`}): ${words(parts.join('; '))}`
}
