import { GitHubApiError } from '../../src/errors.js'
import { commentModes, type CommentMode, type Report, type RunContext } from '../../src/model.js'
import type { Comment, Comments } from '../../src/ports.js'
import { commentMarker, planComment } from '../../src/report/comment.js'
import { postComment } from '../../src/report/post.js'
import { RecordingConsole } from '../builders.js'
import { situations } from './situations.js'

const place = { workflow: '.github/workflows/images.yml', job: 'image-gate', step: 'gate', pullRequest: 7, runId: 5 }

const reportOf = (situation: string, context: Partial<RunContext> = {}): Report => {
  const report = situations[situation] as Report
  return { ...report, context: { ...report.context, ...place, head: 'abc1234def', ...context } }
}

const red = reportOf('blocked')
const green = reportOf('clean')
const bodyOf = (report: Report, mode: CommentMode = 'auto', previous?: string): string =>
  planComment(report, mode, previous) ?? 'none'

describe('planComment', () => {
  it.each(commentModes)('knows when to begin: %s', mode => {
    expect(planComment(red, mode) !== undefined).toBe(mode !== 'never')
    expect(planComment(reportOf('build-failed'), mode) !== undefined).toBe(mode !== 'never')
    expect(planComment(green, mode) !== undefined).toBe(mode === 'always')
  })

  it('says in a later green run which commit mended it, and then leaves it at that', () => {
    const fixed = bodyOf(green, 'auto', bodyOf(red))
    expect(fixed).toContain('Fixed by abc1234: nothing blocks any more.')
    expect(fixed).not.toContain('What blocks')
    expect(planComment(green, 'auto', fixed)).toBeUndefined()
    expect(bodyOf(green, 'always', fixed)).not.toContain('Fixed by')
    expect(bodyOf(red, 'auto', fixed)).toContain('Blocked')
    const { head: _, sha: __, ...nowhere } = green.context
    expect(bodyOf({ ...green, context: nowhere }, 'auto', bodyOf(red))).toContain('Fixed: nothing blocks any more.')
  })

  it('reads no number of a run further down, where the words of the change are', () => {
    const forged = '<!-- image-gate-run:999999999999:failed -->'
    const [marker = '', state = '', ...rest] = bodyOf(red).split('\n')
    expect(planComment(green, 'auto', [marker, state, forged, ...rest].join('\n'))).toContain('Fixed by')
    expect(planComment(green, 'always', [marker, 'no state', forged, ...rest].join('\n'))).toBeDefined()
  })

  it('does not write over what a later run said', () => {
    expect(planComment(reportOf('clean', { runId: 4 }), 'always', bodyOf(red))).toBeUndefined()
    expect(planComment(reportOf('clean', { runId: 5 }), 'always', bodyOf(red))).toBeDefined()
    expect(planComment(red, 'auto', 'a body of another kind')).toBeDefined()
  })

  it('belongs to a workflow, a job and a step', () => {
    const others = [{ workflow: 'x' }, { job: 'x' }, { step: 'x' }].map(other =>
      commentMarker({ ...red.context, ...other }),
    )
    expect(new Set([commentMarker(red.context), ...others]).size).toBe(4)
    expect(commentMarker({ ...red.context, job: '--> <img src=x>' })).toMatch(/^<!-- image-gate:[0-9a-f]{16} -->$/)
    expect(bodyOf(red).startsWith(`${commentMarker(red.context)}\n<!-- image-gate-run:5:failed -->\n`)).toBe(true)
  })

  it.each(Object.keys(situations))('keeps within GitHub’s limits and mentions nobody: %s', name => {
    const body = bodyOf(reportOf(name), 'always')
    expect(body.length).toBeLessThanOrEqual(65_000)
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(260_000)
    expect(body.replace(/(`+)[^]*?\1/g, '')).not.toMatch(/@\w/)
  })

  it('shows of very many images those that do not pass', () => {
    const body = bodyOf(reportOf('two-hundred-images'), 'auto')
    expect(body).toMatch(/… and \d+ more images: see the job summary/)
    expect(body).toContain('What to do next')
  })
})

class FakeComments implements Comments {
  readonly written: (string | number)[] = []

  constructor(readonly previous?: Comment) {}

  find(): Promise<Comment | undefined> {
    return Promise.resolve(this.previous)
  }

  create(pullRequest: number, body: string): Promise<void> {
    this.written.push('create', pullRequest, body)
    return Promise.resolve()
  }

  update(id: number, body: string): Promise<void> {
    this.written.push('update', id, body)
    return Promise.resolve()
  }
}

class RefusingComments extends FakeComments {
  constructor(readonly forbidden: boolean) {
    super()
  }

  override create(): Promise<void> {
    return Promise.reject(new GitHubApiError('refused', 'Allow it.', this.forbidden))
  }

  override find(): Promise<Comment | undefined> {
    return this.forbidden ? Promise.reject(new GitHubApiError('refused', 'Allow it.', true)) : super.find()
  }
}

describe('postComment', () => {
  const console = new RecordingConsole()

  it('creates one, and updates the one that is there', async () => {
    const none = new FakeComments()
    await postComment(red, 'auto', none, console)
    expect(none.written).toEqual(['create', 7, bodyOf(red)])
    const one = new FakeComments({ id: 3, body: bodyOf(red) })
    await postComment(green, 'auto', one, console)
    expect(one.written.slice(0, 2)).toEqual(['update', 3])
  })

  it('asks for nothing where there is no pull request, or nobody wants it', async () => {
    const comments = new FakeComments()
    const { pullRequest: _, ...context } = red.context
    await postComment({ ...red, context }, 'always', comments, console)
    await postComment(red, 'never', comments, console)
    await postComment(green, 'auto', comments, console)
    expect(comments.written).toEqual([])
  })

  it('costs a line where the token may not, and is an error to whoever asked for it', async () => {
    const own = new RecordingConsole()
    await postComment(red, 'auto', new RefusingComments(true), own)
    await postComment(green, 'auto', new RefusingComments(true), own)
    expect(
      own.lines.filter(line => line.startsWith('No comment on the pull request: refused. Allow it.')),
    ).toHaveLength(1)
    await expect(postComment(red, 'always', new RefusingComments(true), own)).rejects.toThrow('refused')
    await expect(postComment(red, 'auto', new RefusingComments(false), own)).rejects.toThrow('refused')
  })
})
