/** The script of examples/workflows/comment.yml, run as actions/github-script would run it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getOctokit } from '@actions/github'
import { parse } from 'yaml'
import { FakeGitHub } from './github.js'

interface Workflow {
  readonly jobs: { readonly comment: { readonly steps: readonly { readonly with: { readonly script?: string } }[] } }
}

const workflow = parse(readFileSync('examples/workflows/comment.yml', 'utf8')) as Workflow
const script = workflow.jobs.comment.steps.find(step => step.with.script !== undefined)?.with.script ?? ''
const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => (...values: unknown[]) => Promise<void>

const marker = '<!-- image-gate:0123456789abcdef -->'
const bot = 'github-actions[bot]'

describe('examples/workflows/comment.yml', () => {
  const temp = mkdtempSync(join(tmpdir(), 'image-gate-example-'))
  const api = new FakeGitHub()
  const said: string[] = []

  beforeEach(() => {
    api.comments.length = 0
    api.pulls = [{ number: 7, head: { sha: 'abc' } }]
    said.length = 0
    mkdirSync(join(temp, 'image-gate'), { recursive: true })
  })
  afterEach(() => {
    rmSync(join(temp, 'image-gate'), { recursive: true, force: true })
  })

  async function comment(body: string | undefined, conclusion = 'failure'): Promise<void> {
    if (body !== undefined) writeFileSync(join(temp, 'image-gate', 'comment.md'), body)
    process.env['RUNNER_TEMP'] = temp
    const note = (text: string): void => void said.push(text)
    const run = { head_sha: 'abc', head_branch: 'x', head_repository: { owner: { login: 'somebody' } }, conclusion }
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

  it('comments, and updates its own comment alone', async () => {
    api.add(`${marker} forged`)
    await comment(`${marker}\nblocked`)
    await comment(`${marker}\nmended`, 'success')
    expect(api.comments.map(({ body, user }) => [body, user.login])).toEqual([
      [`${marker} forged`, 'somebody'],
      [`${marker}\nmended`, bot],
    ])
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
    api.pulls = [{ number: 7, head: { sha: 'newer' } }]
    await comment(`${marker}\nblocked`)
    expect(api.comments).toEqual([])
  })
})
