import { GitHubComments } from '../../src/adapters/github-comments.js'
import { GitHubApiError, ToolError } from '../../src/errors.js'
import { FakeGitHub } from '../github.js'

const marker = '<!-- image-gate:1 -->'
const github = (): FakeGitHub => new FakeGitHub()

async function withComments<T>(
  api: FakeGitHub,
  use: (comments: GitHubComments) => Promise<T>,
  more: { patience?: number; until?: AbortSignal } = {},
): Promise<T> {
  return api.run(() => use(new GitHubComments({ token: 'x', repository: 'o/r', apiUrl: api.address, ...more })))
}

const failing = (comments: GitHubComments): Promise<unknown> =>
  comments.find(7, marker).then(
    () => undefined,
    (error: unknown) => error,
  )

describe('GitHubComments', () => {
  it('finds its own comment on whatever page, and no one else’s with the same marker', async () => {
    const api = github()
    api.add(`${marker} forged`)
    for (let at = 0; at < 250; at += 1) api.add(`comment ${String(at)}`)
    api.add(`somebody else’s text, with ${marker} in it`, 'github-actions[bot]')
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

  it('speaks with an Enterprise Server, whose API has a path', async () => {
    const api = new FakeGitHub('/api')
    const own = api.add(marker, api.viewer)
    for (let at = 0; at < 150; at += 1) api.comments.unshift({ ...api.add('x'), id: 1000 + at })
    await withComments(api, async comments => {
      expect((await comments.find(7, marker))?.id).toBe(own.id)
      await comments.create(7, 'one')
    })
    expect(api.asked[0]).toBe('POST /graphql')
    expect(api.asked.at(-1)).toBe('POST /repos/o/r/issues/7/comments')
  })

  describe('with a GitHub that has trouble', () => {
    const secondary = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'

    it('asks again what was broken for a moment', async () => {
      const api = github()
      api.refusals.push({ status: 502 })
      await withComments(api, async comments => {
        expect(await comments.find(7, marker)).toBeUndefined()
      })
      expect(api.asked.filter(path => path === 'POST /graphql')).toHaveLength(2)
    })

    it.each([
      ['a secondary rate limit', { status: 403, message: secondary, headers: { 'retry-after': '1' } }],
      ['a limit without a name', { status: 429, message: 'Too many requests', headers: { 'retry-after': '1' } }],
      ['a limit that looks like a refusal', { status: 403, message: 'Forbidden', headers: { 'retry-after': '1' } }],
    ])('waits for the end of %s', async (_, refusal) => {
      const api = github()
      api.refusals.push(refusal)
      const started = Date.now()
      await withComments(api, async comments => {
        expect(await comments.find(7, marker)).toBeUndefined()
      })
      expect(Date.now() - started).toBeGreaterThanOrEqual(1000)
    })

    it.each([
      ['secondary', 403, secondary, 'retry-after', 300],
      ['secondary', 429, 'Too many requests', 'x-none', 60],
      ['primary', 403, 'API rate limit exceeded for installation.', 'x-ratelimit-reset', 1800],
    ])('does not wait for the end of a %s limit (%i %s) that is far, and says when it is', async (...of) => {
      const [kind, status, message, header, seconds] = of
      const started = Date.now()
      const value = header === 'x-ratelimit-reset' ? Math.floor(started / 1000) + seconds : seconds
      const rest: Record<string, string> = kind === 'primary' ? { 'x-ratelimit-remaining': '0' } : {}
      const api = github()
      api.refusals.push({ status, message, headers: { ...rest, [header]: String(value) } })
      const error = await withComments(api, failing)
      expect(Date.now() - started).toBeLessThan(2000)
      expect(error).toBeInstanceOf(GitHubApiError)
      expect(error).toMatchObject({ forbidden: false, message: expect.stringContaining(String(status)) as string })
      const { advice = '' } = error as { advice?: string }
      const [, end = '', named] =
        /^Run again after (\S+), when the (\w+) rate limit of this token ends/.exec(advice) ?? []
      expect(named).toBe(kind)
      expect(Math.abs(Date.parse(end) - started - seconds * 1000)).toBeLessThan(5000)
    })

    it.each([
      [true, 1],
      [false, 2],
    ])('writes a comment once when the answer was lost; written: %s', async (done, posts) => {
      const api = github()
      await withComments(api, async comments => {
        await comments.find(7, marker)
        api.refusals.push({ status: 502, done })
        await comments.create(7, 'one')
      })
      expect(api.comments.map(({ body }) => body)).toEqual(['one'])
      expect(api.asked.filter(path => path === 'POST /repos/o/r/issues/7/comments')).toHaveLength(posts)
    })

    it('asks no longer than there is time', async () => {
      const api = github()
      api.refusals.push(...Array.from({ length: 9 }, () => ({ status: 503 })))
      const started = Date.now()
      const error = await withComments(api, failing, { patience: 500 })
      expect(Date.now() - started).toBeLessThan(900)
      expect(error).toMatchObject({ forbidden: false, message: expect.stringContaining('it took too long') as string })
    })

    it('stops at once when the run must end, whatever it waits for', async () => {
      const api = github()
      api.refusals.push({ status: 403, message: secondary, headers: { 'retry-after': '1' } })
      const ending = new AbortController()
      setTimeout(() => {
        ending.abort(new ToolError('the run was cancelled', 'Run it again.'))
      }, 300)
      const started = Date.now()
      const error = await withComments(api, failing, { until: ending.signal })
      expect(Date.now() - started).toBeLessThan(900)
      expect(error).toMatchObject({ message: expect.stringContaining('the run was cancelled') as string })
      const late = await withComments(api, failing, { until: ending.signal })
      expect(late).toMatchObject({ message: expect.stringContaining('the run was cancelled') as string })
    })
  })
})
