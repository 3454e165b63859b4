/** The table of events in docs/policy.md: each row, with an event of each of its kinds. */
import { readFileSync } from 'node:fs'
import { baselineOf, type EventFacts } from '../../src/adapters/event-baseline.js'
import type { Baseline } from '../../src/model.js'

const [sha, head, before] = ['a', 'b', 'c'].map(letter => letter.repeat(40)) as [string, string, string]

const repository = { default_branch: 'main' }
const facts = (event: string, payload: EventFacts['payload'] = {}, ref = 'refs/heads/main'): EventFacts => ({
  ...{ event, ref, sha, repository: 'o/r', payload: { repository, ...payload } },
})
const pull = { number: 7, head: { sha: head }, base: { ref: 'main' } }

const ofMain = { policy: { branch: 'main' } } as const
const proposed: Baseline = { ...ofMain, base: { kind: 'merge-base', branch: 'main' } }
const own: Baseline = { policy: 'checkout', merged: { commit: sha, branch: 'main', otherwise: proposed } }

/** By the first cell of each row. */
const rows: Readonly<Record<string, readonly (readonly [EventFacts, Baseline])[]>> = {
  '`pull_request`, `pull_request_review`, `pull_request_review_comment`': [
    'pull_request',
    'pull_request_review',
    'pull_request_review_comment',
  ].map(event => [
    facts(event, { pull_request: pull }, 'refs/pull/7/merge'),
    { policy: 'base', base: { kind: 'merge-commit', commit: sha, head }, expected: [sha, head] },
  ]),
  '`pull_request_target`': [
    [
      facts('pull_request_target', { pull_request: pull }),
      { policy: 'base', base: { kind: 'branch', name: 'main' }, expected: [head] },
    ],
    [facts('pull_request_target'), { policy: 'base', expected: [''] }],
  ],
  '`merge_group`': [
    [
      facts('merge_group', { merge_group: { base_sha: before } }, 'refs/heads/gh-readonly-queue/main/pr-7'),
      { policy: 'base', base: { kind: 'commit', commit: before }, expected: [sha] },
    ],
    [facts('merge_group'), { policy: 'base', expected: [sha] }],
  ],
  '`push` to the default branch': [
    [facts('push', { before }), { ...own, base: { kind: 'commit', commit: before } }],
    [facts('push', { before: '0'.repeat(40) }), own],
    [facts('push'), own],
  ],
  '`create`, `deployment`, `deployment_status`, `push`, `registry_package`, `workflow_dispatch` on another branch': [
    'create',
    'deployment',
    'deployment_status',
    'push',
    'registry_package',
    'workflow_dispatch',
  ].map(event => [facts(event, { before }, 'refs/heads/feature'), proposed]),
  'those, and `release`, on a tag or a commit without a branch': [
    ...['create', 'deployment', 'deployment_status', 'push', 'registry_package', 'workflow_dispatch', 'release'].map(
      (event): readonly [EventFacts, Baseline] => [facts(event, { before }, 'refs/tags/v1'), ofMain],
    ),
    [facts('deployment', {}, ''), ofMain],
  ],
  '`workflow_run` after a run of a pull request, of a fork or of another branch': [
    { event: 'pull_request', head_branch: 'main', head_sha: head, head_repository: { full_name: 'o/r' } },
    { event: 'pull_request_target', head_branch: 'main', head_sha: head, head_repository: { full_name: 'o/r' } },
    { event: 'push', head_branch: 'feature', head_sha: head, head_repository: { full_name: 'o/r' } },
    { event: 'push', head_branch: 'main', head_sha: head, head_repository: { full_name: 'a/fork' } },
    { head_branch: 'main', head_sha: head, head_repository: null },
  ].map(run => [facts('workflow_run', { workflow_run: run }), { ...proposed, expected: [head] }]),
  '`issue_comment` on a pull request': [
    [facts('issue_comment', { issue: { pull_request: {} } }), { ...proposed, differs: true }],
  ],
  'others, and those above on the default branch: `branch_protection_rule`, `check_run`, `check_suite`, `delete`, `discussion`, `discussion_comment`, `fork`, `gollum`, `image_version`, `issue_comment`, `issues`, `label`, `milestone`, `page_build`, `public`, `repository_dispatch`, `schedule`, `status`, `watch`, `workflow_run`':
    [
      ...[
        ...[
          'branch_protection_rule',
          'check_run',
          'check_suite',
          'create',
          'delete',
          'deployment',
          'deployment_status',
        ],
        ...['discussion', 'discussion_comment', 'fork', 'gollum', 'image_version', 'issue_comment', 'issues', 'label'],
        ...['milestone', 'page_build', 'public', 'registry_package', 'repository_dispatch', 'schedule', 'status'],
        ...['watch', 'workflow_dispatch'],
      ].map((event): readonly [EventFacts, Baseline] => [facts(event), own]),
      [
        facts('workflow_run', {
          workflow_run: {
            ...{ event: 'push', head_branch: 'main', head_sha: head, head_repository: { full_name: 'o/r' } },
          },
        }),
        own,
      ],
    ],
  '`workflow_call`': [[facts('push', { before }, 'refs/heads/feature'), proposed]],
}

/** "Events that trigger workflows" in GitHub's documentation, in November 2026. */
const events = [
  ...['branch_protection_rule', 'check_run', 'check_suite', 'create', 'delete', 'deployment', 'deployment_status'],
  ...['discussion', 'discussion_comment', 'fork', 'gollum', 'image_version', 'issue_comment', 'issues', 'label'],
  ...['merge_group', 'milestone', 'page_build', 'public', 'pull_request', 'pull_request_review'],
  ...['pull_request_review_comment', 'pull_request_target', 'push', 'registry_package', 'release'],
  ...['repository_dispatch', 'schedule', 'status', 'watch', 'workflow_call', 'workflow_dispatch', 'workflow_run'],
]

const documented = readFileSync('docs/policy.md', 'utf8')
  .split('### Whose policy decides, event by event')[1]
  ?.split('\n')
  .filter(line => line.startsWith('| ') && !line.startsWith('| Event') && !line.startsWith('| ---'))
  .map(line => line.split('|').map(cell => cell.trim()))
  .map(cells => cells[1] ?? '')

describe('the table of events', () => {
  it('is the one of the documentation, and has every event', () => {
    expect(documented?.slice(0, Object.keys(rows).length)).toEqual(Object.keys(rows))
    const named = Object.keys(rows).flatMap(row => [...row.matchAll(/`(\w+)`/g)].map(match => match[1] ?? ''))
    expect([...new Set(named)].sort()).toEqual(events)
  })

  it.each(Object.entries(rows).flatMap(([row, cases]) => cases.map(one => [row, one[0].event, ...one] as const)))(
    'judges as it says: %s (%s)',
    (_row, _event, given, expected) => {
      expect(baselineOf(given)).toEqual(expected)
    },
  )

  it('lets what is checked out judge where no default branch is named, as on a server that is not GitHub', () => {
    expect(baselineOf({ ...facts('push', {}, 'refs/heads/x'), payload: { before } })).toEqual({
      policy: 'checkout',
      base: { kind: 'commit', commit: before },
    })
    // But not where a change is meant.
    expect(baselineOf({ ...facts('issue_comment'), payload: { issue: { pull_request: {} } } })).toEqual({
      policy: 'base',
      differs: true,
    })
  })
})
