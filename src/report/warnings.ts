/** What makes a verdict worth less than it looks, for the first lines of every report. Pure. */
import type { Change, Policy, PolicyOrigin, RunContext, Verdict } from '../model.js'
import { count, listText, placeText } from './text.js'

export interface Circumstances {
  readonly context: RunContext
  /** Whose code was built with whose rights, where that was allowed. */
  readonly untrusted: string | undefined
  readonly change: Change | undefined
  readonly history: { readonly status: 'known' | 'none' | 'unreadable'; readonly reason?: string }
  readonly policies: {
    readonly inForce: Policy
    readonly proposed?: Policy
    readonly revision: PolicyOrigin['revision']
    readonly broken: readonly string[]
  }
  readonly verdict: Verdict
  readonly onlyChanged: boolean
}

export function collectWarnings(circumstances: Circumstances): readonly string[] {
  const { policies, untrusted } = circumstances
  return [
    ...(untrusted === undefined ? [] : [`As allow-untrusted-head asks, ${untrusted}: it may have taken any of them.`]),
    ...aboutWorkflows(circumstances),
    ...aboutPolicy(circumstances),
    ...aboutComparison(circumstances),
    ...aboutSystems(circumstances.verdict),
    ...aboutLeftOut(circumstances.verdict),
    ...policies.inForce.warnings.map(({ place, message }) => `${placeText(place.file, place.lines)}: ${message}`),
  ]
}

function aboutWorkflows({ context, change }: Circumstances): string[] {
  const { event, workflow } = context
  if (change === undefined || change.workflows.length === 0 || event === 'push') return []
  const files = listText(change.workflows)
  return workflow !== undefined && change.workflows.includes(workflow)
    ? [
        `This change edits the workflow that runs this gate: ${files}. A reviewer must see that the gate still does its work.`,
      ]
    : [
        `This change edits workflows or actions: ${files}. A reviewer must see that none of them replaces or weakens this gate.`,
      ]
}

function aboutPolicy({ change, policies }: Circumstances): string[] {
  const judge = policies.revision === 'default' ? 'default branch' : 'base branch'
  if (policies.broken.length > 0) {
    return [`The policy of the ${judge} cannot be read, so the defaults decide: ${policies.broken.join('; ')}`]
  }
  if (policies.proposed === undefined || change === undefined) return []
  return [`This change edits the policy: ${listText(change.policyFiles)}. It is judged by the policy of the ${judge}.`]
}

/** Said once, and only to those who asked for a comparison. */
function aboutComparison({ verdict, history, onlyChanged }: Circumstances): string[] {
  const { status, reason = '' } = history
  if (status === 'known') return []
  const introduced = verdict.images.some(({ rules }) => rules?.rules.gateOn === 'introduced')
  if (!introduced && !onlyChanged) return []
  const what = [
    ...(introduced ? [status === 'none' ? 'gate-on: introduced means all' : 'everything counts as introduced'] : []),
    ...(onlyChanged ? ['all images are gated'] : []),
  ]
  return [`${capital(what.join(', and '))}: ${reason}.`]
}

/** Said once for all images of the same release, unless a rule makes it count or an exception lets it pass. */
function aboutSystems({ images }: Verdict): string[] {
  const names = new Map<string, string[]>()
  for (const { image, findings } of images) {
    for (const { kind, ruling, title = 'the distribution gets no security updates any more' } of findings) {
      if (kind === 'end-of-life' && ruling === 'reported') names.set(title, [...(names.get(title) ?? []), image.name])
    }
  }
  return [...names].map(
    ([title, some]) => `${listText(some, 5)}: ${title}. What is found in it is not all that there is.`,
  )
}

/** Said once for all images that have the same, for instance from one base image. */
function aboutLeftOut({ images }: Verdict): string[] {
  const names = new Map<string, string[]>()
  for (const { image, leftOut = [] } of images) {
    const text = listText(leftOut, 5)
    if (text !== '') names.set(text, [...(names.get(text) ?? []), image.name])
  }
  return [...names].map(([text, some]) => `${listText(some, 5)}: not everything was looked at: ${text}.`)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** How many exceptions need somebody's attention, in a sentence; empty where none does. */
export function exceptionsText({ exceptions: { expired, expiring, unused } }: Verdict): string {
  const parts = [
    ...(expired.length === 0 ? [] : [`${count(expired.length, 'exception')} expired`]),
    ...(expiring.length === 0 ? [] : [`${String(expiring.length)} will expire within two weeks`]),
    ...(unused.length === 0 ? [] : [`${String(unused.length)} ${unused.length === 1 ? 'is' : 'are'} not needed`]),
  ]
  return parts.join(', ')
}
