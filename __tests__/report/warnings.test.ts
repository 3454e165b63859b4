import type { Change, ImageVerdict, JudgedFinding, Policy, Ruling } from '../../src/model.js'
import { collectWarnings, exceptionsText, type Circumstances } from '../../src/report/warnings.js'
import { anException, anImage, anImageVerdict, aVerdict, noPolicy, someRules } from '../builders.js'

const nothing: Change = { base: 'abc', deleted: [], renamed: [], workflows: [], policyFiles: [] }
const plain: Circumstances = {
  context: { workspace: '/repo', processors: 2, event: 'pull_request', workflow: '.github/workflows/images.yml' },
  untrusted: undefined,
  change: nothing,
  history: { status: 'known' },
  policies: { inForce: noPolicy, revision: 'base', broken: [] },
  verdict: aVerdict([]),
  onlyChanged: false,
}
const warned: Policy = {
  ...noPolicy,
  warnings: [
    {
      place: { file: '.trivyignore', lines: { start: 3, end: 3 } },
      message: 'CVE-1 is excepted without an expiry date',
    },
  ],
}
const introduced = aVerdict([anImageVerdict({ rules: someRules({ gateOn: 'introduced' }) })])
const old = (name: string, release: string, ruling: Ruling = 'reported'): ImageVerdict => {
  const title = `debian ${release} gets no security updates any more`
  const finding: JudgedFinding = { kind: 'end-of-life', id: 'end-of-life', severity: 'UNKNOWN', title, ruling }
  return anImageVerdict({ image: anImage(name), findings: [finding] })
}
const none = { status: 'none', reason: 'on the event schedule there is nothing to compare with' } as const

describe('collectWarnings', () => {
  it.each<[string, Partial<Circumstances>, RegExp[]]>([
    ['nothing, where all is as it should be', {}, []],
    ['nothing, where there is no change', { change: undefined, history: none }, []],
    [
      'that strangers’ code was built with more than its own rights',
      { untrusted: 'the event pull_request_target builds code of a/fork with the rights of o/r' },
      [/^As allow-untrusted-head asks, the event pull_request_target builds code of a\/fork/],
    ],
    [
      'that the workflow is edited',
      { change: { ...nothing, workflows: ['.github/workflows/images.yml'] } },
      [/^This change edits the workflow that runs this gate: /],
    ],
    [
      'that another workflow is edited',
      { change: { ...nothing, workflows: ['.github/workflows/x.yml'] } },
      [/^This change edits workflows or actions: \.github\/workflows\/x\.yml/],
    ],
    [
      'nothing of workflows on a push',
      { change: { ...nothing, workflows: ['.github/workflows/x.yml'] }, context: { ...plain.context, event: 'push' } },
      [],
    ],
    [
      'that the policy is edited',
      {
        change: { ...nothing, policyFiles: ['policy.yml'] },
        policies: { inForce: noPolicy, revision: 'base', proposed: noPolicy, broken: [] },
      },
      [/^This change edits the policy: policy\.yml\. It is judged by/],
    ],
    [
      'that the policy is broken',
      { policies: { inForce: noPolicy, revision: 'base', proposed: noPolicy, broken: ['a:1:1: x', 'a:2:1: y'] } },
      [/cannot be read, so the defaults decide: a:1:1: x; a:2:1: y$/],
    ],
    [
      'what the policy’s files have',
      { policies: { inForce: warned, revision: 'base', broken: [] } },
      [/^\.trivyignore:3: CVE-1 is excepted without/],
    ],
    [
      'that there is nothing to compare with',
      { verdict: introduced, history: none },
      [/^Gate-on: introduced means all: on the event schedule/],
    ],
    [
      'that it could not be compared',
      { verdict: introduced, history: { status: 'unreadable', reason: 'gone' } },
      [/^Everything counts as introduced: gone\.$/],
    ],
    [
      'which images get no updates any more, once for each release',
      { verdict: aVerdict([old('web', '8.11'), old('api', '8.11'), old('db', '9')]) },
      [
        /^web, api: debian 8\.11 gets no security updates any more\. What is found in it is not all that there is\.$/,
        /^db: debian 9 gets no security updates/,
      ],
    ],
    [
      'nothing of that where it counts, or is excepted',
      { verdict: aVerdict([old('web', '8.11', 'gating'), old('api', '8.11', 'excepted')]) },
      [],
    ],
    [
      'what Trivy left out, once for all images that share it',
      {
        verdict: aVerdict([
          anImageVerdict({ leftOut: ['a (x)', 'b (x)'] }),
          anImageVerdict({ image: anImage('api'), leftOut: ['a (x)', 'b (x)'] }),
        ]),
      },
      [/^web, api: not everything was looked at: a \(x\), b \(x\)\.$/],
    ],
    ['that all are gated', { onlyChanged: true, history: none }, [/^All images are gated: on the event/]],
    [
      'both',
      { verdict: introduced, onlyChanged: true, history: none },
      [/means all, and all images are gated: on the event/],
    ],
  ])('says %s', (_, more, expected) => {
    const warnings = collectWarnings({ ...plain, ...more })
    expect(warnings).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(warnings[index]).toMatch(pattern)
  })
})

describe('exceptionsText', () => {
  it('counts those that need attention', () => {
    const two = [anException(), anException()]
    expect(exceptionsText(aVerdict([]))).toBe('')
    expect(exceptionsText(aVerdict([], { exceptions: { expired: two, expiring: [anException()], unused: two } }))).toBe(
      '2 exceptions expired, 1 will expire within two weeks, 2 are not needed',
    )
  })
})
