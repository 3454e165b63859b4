import { cacheEnvironment, dockerEnvironment, gitEnvironment, scanEnvironment } from '../../src/adapters/environment.js'

const job = {
  PATH: '/bin',
  HOME: '/root',
  HTTPS_PROXY: 'http://proxy',
  DOCKER_HOST: 'unix:///docker.sock',
  GITHUB_TOKEN: 'secret',
  GITHUB_OUTPUT: '/output',
  GITHUB_ENV: '/env',
  ACTIONS_RUNTIME_TOKEN: 'secret',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
  'INPUT_TRIVY-PATH': '/x',
  TRIVY_SEVERITY: 'LOW',
  TRIVY_IGNOREFILE: '/x',
  NODE_OPTIONS: '--require /x',
  LD_PRELOAD: '/x',
}

describe('environments of children', () => {
  it.each([
    ['the docker client', dockerEnvironment(job)],
    ['git', gitEnvironment(job)],
    ['a scan', scanEnvironment(job, '/empty')],
  ])('give %s no token, no command file and no TRIVY_*', (_, env) => {
    expect(Object.values(env)).not.toContain('secret')
    expect(Object.keys(env).filter(name => /^(GITHUB|ACTIONS|INPUT|TRIVY|NODE|LD)_/.test(name))).toEqual([])
    expect(env['PATH']).toBe('/bin')
  })

  it('give a scan neither a way out nor anybody’s home', () => {
    expect(scanEnvironment(job, '/empty')).toEqual({ PATH: '/bin', HOME: '/empty', TMPDIR: '/empty' })
  })

  it('give the runner’s token to the client of its cache alone, and no command file', () => {
    const env = cacheEnvironment({ ...job, ACTIONS_RESULTS_URL: 'https://results' })
    expect(env).toMatchObject({ ACTIONS_RUNTIME_TOKEN: 'secret', ACTIONS_RESULTS_URL: 'https://results' })
    expect(Object.keys(env).filter(name => /^(GITHUB_(?!REF|SERVER_URL)|INPUT_|ACTIONS_ID)/.test(name))).toEqual([])
  })

  it('lead git nowhere when docker or its plugins start it, whatever the folder is that it is started in', () => {
    // What the job's environment has for git is not on the list, so these are all that there is.
    const env = dockerEnvironment({ ...job, GIT_DIR: '.', GIT_CONFIG_COUNT: '0', BUILDX_GIT_INFO: '1' })
    expect(env).toMatchObject({ BUILDX_GIT_INFO: '0', BUILDX_GIT_LABELS: '0', GIT_DIR: '/dev/null' })
    const count = Number(env['GIT_CONFIG_COUNT'])
    const settings = Array.from({ length: count }, (_, at) => [
      env[`GIT_CONFIG_KEY_${String(at)}`],
      env[`GIT_CONFIG_VALUE_${String(at)}`],
    ])
    expect(Object.fromEntries(settings)).toEqual({
      'safe.bareRepository': 'explicit',
      'protocol.allow': 'never',
      'core.hooksPath': '/dev/null',
      'core.fsmonitor': 'false',
    })
  })

  it('start no plugin of the docker client that nobody asked for', () => {
    expect(dockerEnvironment(job)).toMatchObject({ DOCKER_CLI_HOOKS: 'false', DOCKER_CLI_HINTS: 'false' })
  })

  it.each([dockerEnvironment, gitEnvironment])(
    'find no program in the folder that they are started in',
    environment => {
      expect(environment({ PATH: '.:/bin::node_modules/.bin:/usr/bin:' })['PATH']).toBe('/bin:/usr/bin')
    },
  )

  it('give docker its own settings', () => {
    expect(dockerEnvironment(job)).toMatchObject({ DOCKER_HOST: 'unix:///docker.sock', HOME: '/root' })
  })
})
