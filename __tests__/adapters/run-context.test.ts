import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  headRepositoryOf,
  readRunContext,
  readRunner,
  workflowOf,
  type EventPayload,
} from '../../src/adapters/run-context.js'
import { ConfigurationError } from '../../src/errors.js'

const sha = 'a'.repeat(40)
const other = 'b'.repeat(40)

const folder = mkdtempSync(join(tmpdir(), 'image-gate-event-'))
afterAll(() => rmSync(folder, { recursive: true }))

const runner = {
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_JOB: 'images',
  GITHUB_REPOSITORY: 'o/r',
  GITHUB_RUN_ID: '42',
  GITHUB_SHA: sha,
  GITHUB_WORKSPACE: '/repo',
}
const told = {
  workspace: '/repo',
  processors: expect.any(Number) as number,
  event: 'pull_request',
  sha,
  repository: 'o/r',
  runUrl: 'https://github.com/o/r/actions/runs/42',
  runId: 42,
  job: 'images',
}

/** @param payload text, or a value that is written as JSON */
function withEvent(payload: unknown): NodeJS.ProcessEnv {
  const path = join(folder, 'event.json')
  writeFileSync(path, typeof payload === 'string' ? payload : JSON.stringify(payload))
  return { ...runner, GITHUB_EVENT_PATH: path }
}

describe('readRunContext', () => {
  it('knows the run, the pull request and what it is compared with', () => {
    expect(readRunContext(withEvent({ pull_request: { number: 7, head: { sha: other } } }))).toEqual({
      ...told,
      pullRequest: 7,
      head: other,
      headRepository: 'unknown',
      baseline: { policy: 'base', base: { kind: 'merge-commit', commit: sha, head: other }, expected: [sha, other] },
    })
  })

  it('knows what it can on a machine that is no runner', () => {
    const { GITHUB_RUN_ID: _, GITHUB_REPOSITORY: _repository, ...rest } = runner
    const { runUrl: _url, repository: _name, runId: _run, ...less } = told
    expect(readRunContext({ ...rest, GITHUB_SERVER_URL: 'https://ghe.example' })).toMatchObject(less)
    expect(readRunContext({ ...runner, GITHUB_SERVER_URL: 'https://ghe.example' }).runUrl).toBe(
      'https://ghe.example/o/r/actions/runs/42',
    )
    expect(readRunContext({})).toEqual({ workspace: process.cwd(), processors: told.processors })
  })

  it.each([0, -1, 1.5, '7', null, {}])('has no pull request with the number %j', number => {
    expect(readRunContext(withEvent({ pull_request: { number } }))).not.toHaveProperty('pullRequest')
  })

  it.each(['', '{"a":', '[]', 'null', '7', '"x"'])('refuses an event that is %j, and still knows the run', text => {
    const env = withEvent(text)
    expect(() => readRunContext(env)).toThrow('the event behind this run cannot be read: GITHUB_EVENT_PATH: ')
    expect(() => readRunContext(env)).toThrow(ConfigurationError)
    expect(readRunner(env)).toEqual(told)
  })

  it('refuses an event that is not there', () => {
    expect(() => readRunContext({ ...runner, GITHUB_EVENT_PATH: join(folder, 'gone') })).toThrow(ConfigurationError)
    expect(() => readRunContext({ ...runner, GITHUB_EVENT_PATH: folder })).toThrow(ConfigurationError)
  })
})

describe('headRepositoryOf', () => {
  const from = (full_name: unknown): EventPayload => ({ pull_request: { head: { repo: { full_name } } } })

  it.each<[string, EventPayload, object]>([
    ['pull_request', from('a/fork'), { headRepository: 'a/fork' }],
    ['pull_request_review', from('a/fork'), { headRepository: 'a/fork' }],
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
