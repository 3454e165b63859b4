import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerAuths, proxySecrets, withGivenLogins, withOwnLogins } from '../../src/adapters/docker-config.js'
import type { Environment } from '../../src/adapters/process.js'
import { ConfigurationError } from '../../src/errors.js'

let folder = ''
let home = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-gate-test-'))
  home = join(folder, 'home')
  mkdirSync(join(home, '.docker'), { recursive: true })
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const given = [
  { registry: 'docker.io', username: 'me', password: 'a:b' },
  { registry: 'ghcr.io', username: 'you', password: 'c' },
]

const make = (env: Environment = { HOME: home }, credentials = given): Promise<Environment> =>
  withGivenLogins(env, credentials, join(folder, 'docker'))

function writeConfig(config: unknown, directory = join(home, '.docker')): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
}

const configOf = (env: Environment): unknown =>
  JSON.parse(readFileSync(join(env['DOCKER_CONFIG'] ?? '', 'config.json'), 'utf8'))

const placeholder = { 'image-gate.invalid': {} }

describe('withGivenLogins', () => {
  it('keeps the configuration and drops every login, however its key is written', async () => {
    const rest = { currentContext: 'far', proxies: { default: {} }, cliPluginsExtraDirs: ['/plugins'] }
    writeConfig({
      ...rest,
      auths: { 'ghcr.io': { auth: 'runner' } },
      AUTHS: { 'quay.io': { auth: 'runner' } },
      credsStore: 'desktop',
      CredHelpers: { 'gcr.io': 'gcloud' },
    })
    const env = await make()
    expect(configOf(env)).toEqual({ ...rest, auths: dockerAuths(given) })
    expect(env['HOME']).toBe(home)
  })

  it('gives each registry its login, as the client writes it', () => {
    expect(dockerAuths(given)).toEqual({
      ...placeholder,
      'https://index.docker.io/v1/': { auth: Buffer.from('me:a:b').toString('base64') },
      'ghcr.io': { auth: Buffer.from('you:c').toString('base64') },
    })
  })

  it('leaves no configuration without any login, for which the client would ask the machine’s keychain', async () => {
    expect(configOf(await make({ HOME: home }, []))).toEqual({ auths: placeholder })
  })

  it('is nobody else’s to read', async () => {
    const config = (await make())['DOCKER_CONFIG'] ?? ''
    const modeOf = (path: string): number => statSync(path).mode & 0o777
    expect([modeOf(join(folder, 'docker')), modeOf(config)]).toEqual([0o700, 0o700])
    expect(modeOf(join(config, 'config.json'))).toBe(0o600)
  })

  it('still finds contexts, plugins, certificates and builders, but no logins of buildx', async () => {
    const own = join(home, '.docker')
    for (const name of ['contexts', 'cli-plugins', 'buildx/instances', 'buildx/config/ghcr.io', 'config'])
      mkdirSync(join(own, name), { recursive: true })
    for (const name of ['ca.pem', '.token_seed', 'buildx/current', 'buildx/.buildNodeID'])
      writeFileSync(join(own, name), '')
    const { DOCKER_CONFIG: config = '', BUILDX_CONFIG: buildx = '' } = await make()
    expect(readdirSync(config).sort()).toEqual(['ca.pem', 'cli-plugins', 'config.json', 'contexts'])
    expect(readdirSync(buildx).sort()).toEqual(['current', 'instances'])
    expect(lstatSync(join(config, 'contexts')).isSymbolicLink()).toBe(true)
  })

  it('takes the configuration that the environment names', async () => {
    const [config, builders] = [join(folder, 'config'), join(folder, 'builders')]
    writeConfig({ currentContext: 'other' }, config)
    mkdirSync(join(builders, 'instances'), { recursive: true })
    const env = await make({ HOME: home, DOCKER_CONFIG: config, BUILDX_CONFIG: builders })
    expect(configOf(env)).toMatchObject({ currentContext: 'other' })
    expect(readdirSync(env['BUILDX_CONFIG'] ?? '')).toEqual(['instances'])
  })

  it('does without a configuration where there is none', async () => {
    rmSync(join(home, '.docker'), { recursive: true })
    expect(configOf(await make())).toEqual({ auths: dockerAuths(given) })
    writeConfig('', join(folder, 'empty'))
    rmSync(join(folder, 'docker'), { recursive: true })
    expect(configOf(await make({ DOCKER_CONFIG: join(folder, 'empty') }))).toEqual({ auths: dockerAuths(given) })
  })

  it.each(['{"auths": {"ghcr.io": {"auth": "runner"', '[]', '"runner"', 'null'])(
    'refuses a configuration that is %s, and says nothing of what is in it',
    async text => {
      writeConfig(text)
      const error: unknown = await make().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toMatchObject({ message: expect.stringContaining('.docker/config.json cannot be read') as string })
      expect(JSON.stringify(error) + String(error)).not.toContain('runner')
    },
  )

  it('refuses a configuration that cannot be read at all', async () => {
    mkdirSync(join(home, '.docker/config.json'))
    await expect(make()).rejects.toThrow(/config\.json cannot be read: .*EISDIR/)
  })
})

describe('withOwnLogins', () => {
  it('keeps the logins and builders, and is a client that BuildKit does not know yet', async () => {
    const own = join(home, '.docker')
    for (const name of ['buildx/instances', 'buildx/config/ghcr.io', 'buildx/refs'])
      mkdirSync(join(own, name), { recursive: true })
    writeFileSync(join(own, 'buildx/.buildNodeID'), 'known')
    const env = await withOwnLogins({ HOME: home }, join(folder, 'docker'))
    expect(env).toEqual({ HOME: home, DOCKER_CONFIG: own, BUILDX_CONFIG: join(folder, 'docker') })
    expect(readdirSync(join(folder, 'docker')).sort()).toEqual(['config', 'instances'])
  })
})

describe('proxySecrets', () => {
  const secrets = (proxies: unknown): Promise<readonly string[]> => {
    writeConfig({ proxies })
    return proxySecrets({ HOME: home })
  }

  it('are the logins in the addresses of proxies, in each form', async () => {
    const proxies = { default: { httpProxy: 'http://me:pass%21word@proxy:1', noProxy: 'localhost' } }
    const basic = Buffer.from('me:pass!word').toString('base64')
    const forms = ['me:pass%21word', 'me:pass!word', basic, 'pass%21word', 'pass!word']
    expect(await secrets(proxies)).toEqual(forms)
    expect(await secrets({ 'tcp://x': { httpsProxy: 'me:secret@proxy' } })).toContain('secret')
    // Broken as an address, and still printed.
    expect(await secrets({ default: { allProxy: 'socks5://me:%zz%zz@proxy' } })).toContain('me:%zz%zz')
  })

  it('hide no single letters', async () => {
    const short = ['a:b', Buffer.from('a:b').toString('base64')]
    expect(await secrets({ default: { httpProxy: 'http://a:b@proxy' } })).toEqual(short)
  })

  it.each([undefined, null, 'x', [], { default: 'x' }, { default: { httpProxy: 7, httpsProxy: 'http://proxy' } }])(
    'are none in %j',
    async proxies => {
      expect(await secrets(proxies)).toEqual([])
    },
  )

  it('are none where there is no configuration, or one that cannot be read', async () => {
    expect(await proxySecrets({ HOME: folder })).toEqual([])
    writeConfig('{"proxies')
    expect(await proxySecrets({ HOME: home })).toEqual([])
  })
})
