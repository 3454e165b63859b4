import { baseOf, workflowOf } from '../../src/adapters/run-context.js'

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
