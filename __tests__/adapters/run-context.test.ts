import { baseOf, headRepositoryOf, workflowOf, type EventPayload } from '../../src/adapters/run-context.js'

const sha = 'a'.repeat(40)
const other = 'b'.repeat(40)

describe('baseOf', () => {
  it.each([
    ['pull_request', {}, { base: { kind: 'merge-commit', commit: sha } }],
    ['pull_request_target', { pull_request: { base: { ref: 'main' } } }, { base: { kind: 'branch', name: 'main' } }],
    ['pull_request_target', {}, {}],
    ['merge_group', { merge_group: { base_sha: other } }, { base: { kind: 'commit', commit: other } }],
    ['merge_group', {}, {}],
    ['push', { before: other }, { base: { kind: 'commit', commit: other } }],
    ['push', { before: '0'.repeat(40) }, {}],
    ['push', {}, {}],
    ['schedule', { before: other }, {}],
  ])('of %s with %j', (event, payload, expected) => {
    expect(baseOf(event, sha, payload)).toEqual(expected)
  })
})

describe('headRepositoryOf', () => {
  const from = (full_name: unknown): EventPayload => ({ pull_request: { head: { repo: { full_name } } } })

  it.each<[string, EventPayload, object]>([
    ['pull_request', from('a/fork'), { headRepository: 'a/fork' }],
    ['pull_request_target', from('a/fork'), { headRepository: 'a/fork' }],
    ['pull_request_target', { pull_request: { head: { repo: null } } }, { headRepository: 'unknown' }],
    ['pull_request_target', from('no name'), { headRepository: 'unknown' }],
    ['pull_request_target', from(7), { headRepository: 'unknown' }],
    ['pull_request_target', {}, { headRepository: 'unknown' }],
    ['workflow_run', { workflow_run: { head_repository: { full_name: 'a/b.c' } } }, { headRepository: 'a/b.c' }],
    ['workflow_run', { workflow_run: { head_repository: null } }, { headRepository: 'unknown' }],
    ['workflow_run', {}, { headRepository: 'unknown' }],
    ['issue_comment', { issue: { pull_request: {} } }, { headRepository: 'unknown' }],
    ['issue_comment', { issue: {} }, {}],
    ['issue_comment', {}, {}],
    ['push', from('a/fork'), {}],
    ['schedule', {}, {}],
  ])('of %s with %j', (event, payload, expected) => {
    expect(headRepositoryOf(event, payload)).toEqual(expected)
  })
})

describe('workflowOf', () => {
  it.each([
    ['o/r/.github/workflows/a@b.yml@refs/heads/main', { workflow: '.github/workflows/a' }],
    ['o/r/.github/workflows/images.yml@refs/pull/7/merge', { workflow: '.github/workflows/images.yml' }],
    [undefined, {}],
    ['', {}],
  ])('of %s', (ref, expected) => {
    expect(workflowOf(ref)).toEqual(expected)
  })
})
