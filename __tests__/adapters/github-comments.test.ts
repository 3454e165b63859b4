import { GitHubComments } from '../../src/adapters/github-comments.js'
import { GitHubApiError } from '../../src/errors.js'
import { FakeGitHub } from '../github.js'

const marker = '<!-- image-gate:1 -->'
const github = (): FakeGitHub => new FakeGitHub()

async function withComments<T>(
  api: FakeGitHub,
  use: (comments: GitHubComments) => Promise<T>,
  token = 'x',
): Promise<T> {
  return api.run(() => use(new GitHubComments({ token, repository: 'o/r', apiUrl: api.address })))
}

describe('GitHubComments', () => {
  it('finds its own comment on whatever page, and no one else’s with the same marker', async () => {
    const api = github()
    api.add(`${marker} forged`)
    for (let at = 0; at < 250; at += 1) api.add(`comment ${String(at)}`)
    const own = api.add(`${marker} own`, 'github-actions[bot]')
    api.add(`${marker} later`, 'github-actions[bot]')
    await withComments(api, async comments => {
      expect(await comments.find(7, marker)).toEqual({ id: own.id, body: own.body })
      expect(await comments.find(7, '<!-- image-gate:2 -->')).toBeUndefined()
    })
    expect(api.asked.filter(path => path === 'GET /repos/o/r/issues/7/comments')).toHaveLength(6)
  })

  it('knows the comments of an app whose name the API gives without [bot]', async () => {
    const api = github()
    api.viewer = 'our-app'
    const own = api.add(marker, 'our-app[bot]')
    await withComments(api, async comments => {
      expect((await comments.find(7, marker))?.id).toBe(own.id)
    })
  })

  it('creates and updates', async () => {
    const api = github()
    await withComments(api, async comments => {
      await comments.create(7, 'one')
      await comments.update(1, 'two')
    })
    expect(api.comments).toEqual([{ id: 1, body: 'two', user: { login: 'github-actions[bot]' } }])
    expect(api.asked).toEqual(['POST /repos/o/r/issues/7/comments', 'PATCH /repos/o/r/issues/comments/1'])
  })

  it.each([
    [403, true],
    [404, true],
    [422, false],
  ])('says what it may not do: %s', async (status, forbidden) => {
    const api = github()
    api.refusal = status
    const error = await withComments(api, comments => comments.create(7, 'x').catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(GitHubApiError)
    expect(error).toMatchObject({ forbidden, message: expect.stringContaining(String(status)) as string })
    if (forbidden) expect(error).toMatchObject({ advice: expect.stringContaining('pull-requests: write') as string })
  })

  it('needs a token, and an API that answers', async () => {
    const none = new GitHubComments({ token: undefined, repository: 'o/r' })
    await expect(none.find(7, marker)).rejects.toMatchObject({ forbidden: true })
    const nobody = new GitHubComments({ token: 'x', repository: 'o/r', apiUrl: 'http://127.0.0.1:9' })
    await expect(nobody.find(7, marker)).rejects.toMatchObject({ name: 'GitHubApiError', forbidden: false })
  })
})
