/** The script of examples/workflows/comment.yml, run as actions/github-script would run it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getOctokit } from '@actions/github'
import { parse } from 'yaml'
import { FakeGitHub, type OpenPull } from './github.js'

interface Workflow {
  readonly jobs: { readonly comment: { readonly steps: readonly { readonly with: { readonly script?: string } }[] } }
}

const workflow = parse(readFileSync('examples/workflows/comment.yml', 'utf8')) as Workflow
const script = workflow.jobs.comment.steps.find(step => step.with.script !== undefined)?.with.script ?? ''
const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => (...values: unknown[]) => Promise<void>

const marker = '<!-- image-gate:0123456789abcdef -->'
const claimed = '<!-- image-gate-claimed:0123456789abcdef -->'
const bot = 'github-actions[bot]'

describe('examples/workflows/comment.yml', () => {
  const temp = mkdtempSync(join(tmpdir(), 'image-gate-example-'))
  const api = new FakeGitHub()
  const said: string[] = []

  beforeEach(() => {
    api.comments.length = 0
    api.asked.length = 0
    api.pulls = [pull(7)]
    said.length = 0
    mkdirSync(join(temp, 'image-gate'), { recursive: true })
  })
  afterEach(() => {
    rmSync(join(temp, 'image-gate'), { recursive: true, force: true })
  })

  const pull = (number: number, sha = 'abc', repository: number | null = 1): OpenPull => ({
    number,
    head: { sha, repo: repository === null ? null : { id: repository } },
  })

  async function comment(
    body: string | undefined,
    conclusion = 'failure',
    repository: object | null = { id: 1, owner: { login: 'somebody' } },
  ): Promise<void> {
    if (body !== undefined) writeFileSync(join(temp, 'image-gate', 'comment.md'), body)
    process.env['RUNNER_TEMP'] = temp
    const note = (text: string): void => void said.push(text)
    const run = { head_sha: 'abc', head_branch: 'x', head_repository: repository, conclusion }
    const context = { repo: { owner: 'o', repo: 'r' }, payload: { workflow_run: run } }
    await api.run(() =>
      new AsyncFunction('github', 'context', 'core', 'require', script)(
        getOctokit('x', { baseUrl: api.address }),
        context,
        { info: note, warning: note },
        createRequire(import.meta.url),
      ),
    )
  }

  it('comments, says whose words these are, and updates its own comment alone', async () => {
    api.add(`${claimed} forged`)
    await comment(`${marker}\nblocked`)
    await comment(`${marker}\nfixed`, 'success')
    expect(api.comments.map(({ user }) => user.login)).toEqual(['somebody', bot])
    const { body = '' } = api.comments[1] ?? {}
    expect(body.split('\n').slice(0, 3)).toEqual([
      claimed,
      '> [!NOTE]',
      '> This text comes from a run of the pull request itself. The required check decides, not this comment.',
    ])
    expect(body.endsWith(`\n\n${marker}\nfixed`)).toBe(true)
  })

  it('never takes the place of a comment that a trusted run of the gate wrote', async () => {
    api.add(`${marker}\nBlocked`, bot)
    await comment(`${marker}\nPassed`)
    expect(api.comments.map(({ body }) => body.split('\n')[0])).toEqual([marker, claimed])
    expect(api.comments[0]?.body).toBe(`${marker}\nBlocked`)
  })

  it('comments on every pull request that this head has', async () => {
    api.pulls = [pull(7), pull(8, 'newer'), pull(9)]
    await comment(`${marker}\nblocked`)
    expect(api.asked.filter(asked => asked.startsWith('POST'))).toEqual([
      'POST /repos/o/r/issues/7/comments',
      'POST /repos/o/r/issues/9/comments',
    ])
  })

  it.each([
    ['another repository of the same owner has such a branch', [2]],
    ['the repository of the pull request is gone', [null]],
  ])('does nothing where %s', async (_, [repository]) => {
    api.pulls = [pull(7, 'abc', repository ?? null)]
    await comment(`${marker}\nforged`)
    expect(api.comments).toEqual([])
  })

  it('does nothing where the fork was deleted', async () => {
    await comment(`${marker}\nblocked`, 'failure', null)
    expect([api.comments, said]).toEqual([[], ['The repository of this commit is gone.']])
  })

  it('says nothing first where the run was green', async () => {
    await comment(`${marker}\nclean`, 'success')
    expect(api.comments).toEqual([])
  })

  it.each<[string, string | undefined, RegExp]>([
    ['the run left nothing', undefined, /left no comment/],
    ['it is something else', '# Buy this', /no comment of Image Gate/],
  ])('does nothing where %s', async (_, body, words) => {
    await comment(body)
    expect(api.comments).toEqual([])
    expect(said.join()).toMatch(words)
  })

  it('does nothing where the pull request has moved on', async () => {
    api.pulls = [pull(7, 'newer')]
    await comment(`${marker}\nblocked`)
    expect(api.comments).toEqual([])
  })
})
