/** Private base images: a real registry that asks for a login, and who gets in. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { encodedLogin, login, withPrivateRegistry, type PrivateRegistry } from '../registry.js'
import {
  bed,
  commandsIn,
  dockerfileOf,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  run,
  runGate,
  temporaryFolder,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

/** Where the test bed has the plugin; absent where the client finds its own. */
const plugins = [join(bed.env['DOCKER_CONFIG'] ?? '', 'cli-plugins')].find(folder => existsSync(folder))

const privateImage = (base: string): string => repositoryWith({ [dockerfileOf('web')]: `FROM ${base}\nRUN true\n` })

const credentialsFor = ({ address }: PrivateRegistry): Record<string, string> => ({
  'registry-credentials': `${address}=${login.username}:${login.password}`,
})

/** Programs before all others on PATH. */
function pathWith(scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  return [folder, process.env['PATH'] ?? ''].join(delimiter)
}

/** Everything that is in the files of a folder. */
function textIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n')
}

describe('a private base image', () => {
  it('is built with the login that the step is given, and nothing tells the password', async () => {
    await withPrivateRegistry(plugins, async registry => {
      const docker = (await run('which', ['docker'])).stdout.trim()
      const seen = join(temporaryFolder(), 'env')
      const spy = `#!/bin/sh\n{ env; tr '\\0' '\\n' < /proc/$$/cmdline; } >> ${seen}\nexec ${docker} "$@"\n`
      const { exitCode, outputs, log, summary, work } = await runGate(
        privateImage(registry.base),
        { ...credentialsFor(registry), comment: 'always' },
        { PATH: pathWith({ docker: spy }), ACTIONS_STEP_DEBUG: 'true', RUNNER_DEBUG: '1' },
      )
      expect(imagesIn(outputs)).toEqual(['web: clean'])
      expect(exitCode).toBe(0)
      const isMask = (line: string): boolean => line.startsWith('::add-mask::')
      expect(commandsIn(log).slice(0, 2)).toEqual([`::add-mask::${login.password}`, `::add-mask::${encodedLogin}`])
      expect(commandsIn(log).findLastIndex(isMask)).toBe(2)
      const told = log.split('\n').filter(line => !isMask(line))
      const files = [textIn(join(work, 'temp')), readFileSync(seen, 'utf8')]
      const everything = [...told, summary, JSON.stringify(outputs), ...files].join('\n')
      expect(everything).toContain('image-gate-')
      expect([login.password, encodedLogin].filter(secret => everything.includes(secret))).toEqual([])
      expect(readFileSync(seen, 'utf8')).not.toMatch(/^(INPUT|GITHUB|ACTIONS|RUNNER)_/m)
      expect(readdirSync(join(work, 'temp'))).toEqual(['image-gate-report-__self'])
    })
  })

  it('is not built with what the runner is logged in to', async () => {
    await withPrivateRegistry(plugins, async registry => {
      const { base, loggedIn } = registry
      const pulled = await run('docker', ['pull', '--quiet', base], { env: { DOCKER_CONFIG: loggedIn } })
      expect(pulled.exitCode).toBe(0)
      await run('docker', ['image', 'rm', base])
      const { outputs, summary } = await runGate(privateImage(base), {}, { DOCKER_CONFIG: loggedIn })
      expect(imagesIn(outputs)).toEqual(['web: build-failed'])
      expect(summary).toContain(`the base image ${base} cannot be pulled`)
      expect(summary).toContain('input registry-credentials')
      // The same folder, with the login as an input: it is the login that is missing, and nothing else.
      const given = await runGate(privateImage(base), credentialsFor(registry), { DOCKER_CONFIG: loggedIn })
      expect(imagesIn(given.outputs)).toEqual(['web: clean'])
    })
  })

  it('is built neither with the keychain of the machine, nor with a login that buildx keeps', async () => {
    await withPrivateRegistry(plugins, async ({ base, address }) => {
      const asked = join(temporaryFolder(), 'asked')
      const answer = JSON.stringify({ ServerURL: address, Username: login.username, Secret: login.password })
      const keychain = `#!/bin/sh\necho "$@" >> ${asked}\necho '${answer}'\n`
      const own = temporaryFolder()
      if (plugins !== undefined) await run('ln', ['-s', plugins, join(own, 'cli-plugins')])
      const scoped = join(own, 'buildx/config', address)
      mkdirSync(scoped, { recursive: true })
      writeFileSync(join(scoped, 'config.json'), JSON.stringify({ auths: { [address]: { auth: encodedLogin } } }))
      const env = {
        DOCKER_CONFIG: own,
        PATH: pathWith({ 'docker-credential-secretservice': keychain, 'docker-credential-osxkeychain': keychain }),
      }
      // A client of its own asks it: the trap is real.
      await run('docker', ['pull', '--quiet', base], { env })
      expect(existsSync(asked)).toBe(true)
      await run('docker', ['image', 'rm', base], { env })
      const questions = readFileSync(asked, 'utf8')
      const { outputs } = await runGate(privateImage(base), {}, env)
      expect(imagesIn(outputs)).toEqual(['web: build-failed'])
      expect(readFileSync(asked, 'utf8')).toBe(questions)
    })
  })

  it('is built on the command line with what its user is logged in to', async () => {
    await withPrivateRegistry(plugins, async ({ base, loggedIn }) => {
      const tools = ['--trivy-path', bed.trivy.path, '--db-repository', bed.database.repository, '--db-max-age', 'any']
      const { exitCode, stdout } = await run(bed.node24.path, ['dist/cli.js', privateImage(base), ...tools], {
        env: { DOCKER_CONFIG: loggedIn, XDG_CACHE_HOME: temporaryFolder() },
      })
      expect(stdout).toContain('Passed: 1 image clean')
      expect(exitCode).toBe(0)
    })
  })

  it('says which line of the input is wrong, and nothing of what is in it', async () => {
    const { outputs, log, summary } = await runGate(repositoryWith({ [dockerfileOf('web')]: 'FROM scratch\n' }), {
      'registry-credentials': `ghcr.io=${login.username}:${login.password}\n${login.username}:${login.password}`,
    })
    expect(outputs['result']).toBe('error')
    expect(log).toContain('registry-credentials: line 2: is not of the form REGISTRY=USERNAME:PASSWORD')
    const lines = log.split('\n').filter(line => !line.startsWith('::add-mask::'))
    expect([...lines, summary].join('\n')).not.toContain(login.password)
  })
})

describe('a builder', () => {
  it('of the runner is found, and builds on a private base image with the login', async () => {
    await withPrivateRegistry(plugins, async registry => {
      const [where, inputs] = [bed.buildkit.env, { builder: bed.buildkit.builder, ...credentialsFor(registry) }]
      const { outputs } = await runGate(privateImage(registry.base), inputs, where)
      expect(imagesIn(outputs)).toEqual(['web: clean'])
    })
  })
})
