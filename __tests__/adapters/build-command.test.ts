import { buildArgs, hideSecrets } from '../../src/adapters/build-command.js'

const request = { contextDir: '/c', dockerfile: '/c/Dockerfile', tag: 't', buildArgs: [], timeout: 1 }
const fresh = { host: 'name.org:10.1.2.3', cacheMounts: 'm1', pull: true }

describe('buildArgs', () => {
  it('sets a fresh build apart from every other run', () => {
    const args = buildArgs({ ...request, fresh, buildArgs: ['BUILDKIT_CACHE_MOUNT_NS=own'] }, '/m', false).join(' ')
    expect(args).toContain('--add-host name.org:10.1.2.3')
    // Of two the last one counts.
    expect(args.match(/BUILDKIT_CACHE_MOUNT_NS=\w+/g)?.at(-1)).toBe('BUILDKIT_CACHE_MOUNT_NS=m1')
    expect(buildArgs(request, '/m', false).join(' ')).not.toMatch(/--add-host|CACHE_MOUNT_NS|--pull/)
    expect(buildArgs(request, '/m', false).slice(-3)).toEqual(['--file', '/c/Dockerfile', '/c'])
  })

  it('has base images resolved in their registries where it is fresh, unless only the engine has them', () => {
    expect(buildArgs({ ...request, fresh }, '/m', false)).toContain('--pull')
    expect(buildArgs({ ...request, fresh: { ...fresh, pull: false } }, '/m', false)).not.toContain('--pull')
  })

  it('lets no policy of the pull request be run, where this buildx would', () => {
    expect(buildArgs(request, '/m', true).join(' ')).toContain('--policy disabled=true')
    expect(buildArgs(request, '/m', false)).not.toContain('--policy')
  })
})

describe('hideSecrets', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const line = JSON.stringify({
    vertexes: [{ digest: 'sha256:secret', name: '[2/2] RUN echo secret', error: 'secret: not found' }],
    logs: [{ vertex: 'v', data: base64('HTTP_PROXY=http://me:secret@proxy é\n') }],
  })

  it('hides them wherever a step or the client prints them', () => {
    const shown = hideSecrets(line, ['me:secret', 'secret'])
    expect(JSON.parse(shown)).toEqual({
      vertexes: [{ digest: 'sha256:secret', name: '[2/2] RUN echo ***', error: '***: not found' }],
      logs: [{ vertex: 'v', data: base64('HTTP_PROXY=http://***@proxy é\n') }],
    })
    expect(hideSecrets('ERROR: secret', ['secret'])).toBe('ERROR: ***')
    expect(hideSecrets('{ no JSON: secret', ['secret'])).toBe('{ no JSON: ***')
  })

  it('leave every line as it is where there are none', () => {
    expect(hideSecrets(line, [])).toBe(line)
  })
})
