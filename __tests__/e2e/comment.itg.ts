/** The comment on a pull request, from the first red run to the green one, at a GitHub that answers over HTTP. */
import { FakeGitHub } from '../github.js'
import { Origin } from '../git.js'
import { gatePullRequest, type Gated } from '../pull-request.js'
import { clean, dockerfileOf, heartbleed, removeTemporaryFolders } from '../testbed.js'

afterAll(removeTemporaryFolders)

describe('the comment on a pull request', () => {
  const origin = new Origin({ [dockerfileOf('web')]: clean })
  const token = { 'github-token': 'ghs_of_a_test' }
  const gate = (api: FakeGitHub, dockerfile: string, runId: number, inputs = {}): Promise<Gated> =>
    gatePullRequest(
      origin,
      { [dockerfileOf('web')]: dockerfile },
      { ...token, ...inputs },
      { GITHUB_API_URL: api.address, GITHUB_GRAPHQL_URL: `${api.address}/graphql`, GITHUB_RUN_ID: String(runId) },
    )

  it('is written once, kept up to date, and says at last which commit mended it', async () => {
    const api = new FakeGitHub()
    await api.run(async () => {
      const first = await gate(api, heartbleed, 1)
      expect(first.exitCode).toBe(1)
      expect(api.comments.map(({ body }) => body)).toEqual([expect.stringContaining('CVE-2014-0160')])
      expect(api.comments[0]?.body).toContain('Dockerfile:2-5')
      await gate(api, `${heartbleed}RUN true\n`, 2)
      expect(api.comments).toHaveLength(1)
      const last = await gate(api, clean, 3)
      expect(last.exitCode).toBe(0)
      expect(api.comments).toHaveLength(1)
      expect(api.comments[0]?.body).toMatch(/Fixed by [0-9a-f]{7}: nothing blocks any more/)
    })
  })

  it('costs a fork, whose token may only read, one line and nothing of the verdict', async () => {
    const api = new FakeGitHub()
    api.refusal = 403
    await api.run(async () => {
      const { exitCode, outputs, log } = await gate(api, heartbleed, 1)
      expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'blocked' })
      expect(log).toMatch(/^No comment on the pull request: .*403.*pull-requests: write.*comment\.yml/m)
      expect(log).not.toContain('::warning::The comment')
      const asked = await gate(api, heartbleed, 2, { comment: 'always' })
      expect(asked.outputs['result']).toBe('blocked')
      expect(asked.log).toContain('The comment on the pull request could not be written')
    })
    expect(api.comments).toEqual([])
  })

  it('changes nothing where GitHub does not answer', async () => {
    const api = new FakeGitHub()
    await api.run(() => Promise.resolve())
    const { exitCode, outputs, log } = await gate(api, clean, 1, { comment: 'always' })
    expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 0, result: 'passed' })
    expect(log).toContain('The comment on the pull request could not be written')
  })
})
