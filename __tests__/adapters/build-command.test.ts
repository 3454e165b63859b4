import { buildArgs } from '../../src/adapters/build-command.js'

const request = { contextDir: '/c', dockerfile: '/c/Dockerfile', tag: 't', buildArgs: [], timeout: 1 }

describe('buildArgs', () => {
  it('sets a fresh build apart from every other run', () => {
    expect(buildArgs({ ...request, freshFor: 'r1' }, '/m', false)).toContain('r1.image-gate.invalid:127.0.0.1')
    expect(buildArgs(request, '/m', false)).not.toContain('--add-host')
    expect(buildArgs(request, '/m', false).slice(-3)).toEqual(['--file', '/c/Dockerfile', '/c'])
  })

  it('lets no policy of the pull request be run, where this buildx would', () => {
    expect(buildArgs(request, '/m', true).join(' ')).toContain('--policy disabled=true')
    expect(buildArgs(request, '/m', false)).not.toContain('--policy')
  })
})
