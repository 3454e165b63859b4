/** The bundle as a child process under Node 24, as a runner starts it, on the real engine with the real Trivy. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bed,
  clean,
  commandsIn,
  dockerfileOf,
  heartbleed,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  runGate,
  temporaryFolder,
  withServer,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

describe('the gate', () => {
  it('blocks on Heartbleed, and says which line of which Dockerfile brought it', async () => {
    const repository = repositoryWith({ [dockerfileOf('heartbleed')]: heartbleed, [dockerfileOf('clean')]: clean })
    const { exitCode, outputs, summary, log, work } = await runGate(repository)
    expect(exitCode).toBe(1)
    expect(outputs).toMatchObject({ result: 'blocked', 'failed-images': 'heartbleed' })
    expect(imagesIn(outputs)).toEqual(['clean: clean', 'heartbleed: vulnerable'])
    expect(summary).toContain('## ❌ Blocked: 1 of 2 images is vulnerable')
    expect(summary).toContain('[CVE-2014-0160](https://avd.aquasec.com/nvd/cve-2014-0160)')
    const commit = `https://github.com/example/registry/blob/${'0'.repeat(40)}`
    const [place, lines] = [dockerfileOf('heartbleed'), '#L2-L5']
    expect(summary).toContain(`[\`${place}:2-5\`](${commit}/${place}${lines}): brought by`)
    expect(summary).toMatch(/database of 2026-08-01 \(\d+ days old\) from /)
    const errors = commandsIn(log).filter(line => line.startsWith('::error'))
    expect(errors).toHaveLength(2)
    expect(errors[0]).toContain(`file=${dockerfileOf('heartbleed')},line=2,endLine=5::`)
    expect(errors[0]).toContain('CVE-2014-0160 (HIGH): libssl1.0.0 1.0.1e-2, fixed in 1.0.1g-1')
    expect(errors[1]).toMatch(/^::error::Blocked: 1 of 2 images is vulnerable: heartbleed \(/)
    const report = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as { images: { findings: unknown[] }[] }
    expect(report.images[1]?.findings.length).toBeGreaterThan(5)
    expect(readdirSync(join(work, 'temp'))).toEqual(['image-gate-report-__self'])
  })

  it('passes a clean branch, without any token, and says what it found', async () => {
    const { exitCode, outputs, summary, log } = await runGate(repositoryWith({ [dockerfileOf('web')]: clean }))
    expect(exitCode).toBe(0)
    expect(outputs).toMatchObject({ result: 'passed', 'total-count': '0', 'failed-images': '' })
    expect(summary).toContain('## ✅ Passed: 1 image clean')
    expect(log.split('\n').at(-1)).toBe('Passed: 1 image clean.')
  })

  it('installs Trivy from a mirror, and takes it from the tool cache the next time', async () => {
    const repository = repositoryWith({ [dockerfileOf('web')]: clean })
    const { version, archive, archiveSha256 } = bed.trivy
    const tools = temporaryFolder()
    const path = `/v${version}/trivy_${version}_Linux-64bit.tar.gz`
    await withServer({ [path]: archive }, async address => {
      const inputs = { 'trivy-path': '', 'trivy-mirror': `http://${address}`, 'trivy-sha256': archiveSha256 }
      const first = await runGate(repository, inputs, { RUNNER_TOOL_CACHE: tools })
      expect(first.log).toContain(`Trivy ${version}, from http://${address}${path}`)
      const second = await runGate(repository, inputs, { RUNNER_TOOL_CACHE: tools })
      expect(second.log).toContain(`Trivy ${version}, from tool cache`)
      expect(second.outputs['result']).toBe('passed')
    })
  })

  it('warns and passes with warn-only, and counts what has no fix when it is asked to', async () => {
    const repository = repositoryWith({ [dockerfileOf('web')]: heartbleed })
    const warned = await runGate(repository, { 'warn-only': 'true' })
    expect(warned.exitCode).toBe(0)
    expect(warned.outputs).toMatchObject({ result: 'passed', 'failed-images': 'web' })
    expect(warned.log).toContain('::warning title=web: '.replace(': ', '%3A '))
    const strict = await runGate(repositoryWith({ [dockerfileOf('web')]: clean }), {
      'ignore-unfixed': 'false',
      severity: 'critical',
    })
    expect(strict.outputs).toMatchObject({ result: 'blocked', 'critical-count': '1' })
  })

  it('ends in error when one image does not build, and has the results of the others', async () => {
    const repository = repositoryWith({
      [dockerfileOf('broken')]: 'FROM debian:bookworm\nRUN true\nRUN echo why; exit 7\n',
      [dockerfileOf('tutorial')]: heartbleed,
      [dockerfileOf('web')]: clean,
    })
    const { exitCode, outputs, summary, log } = await runGate(repository, { 'warn-only': 'true' })
    expect(exitCode).toBe(1)
    expect(outputs).toMatchObject({ result: 'error', 'failed-images': 'broken,tutorial' })
    expect(imagesIn(outputs)).toEqual(['broken: build-failed', 'tutorial: vulnerable', 'web: clean'])
    expect(summary).toContain(`${dockerfileOf('broken')}#L3): the build failed`)
    expect(log).toContain(`file=${dockerfileOf('broken')},line=3,endLine=3::the build failed`)
  })

  it('builds names that cannot stand in an image reference, and refuses links that leave the folder', async () => {
    const repository = repositoryWith({
      [dockerfileOf('My App')]: clean,
      [dockerfileOf('añadir')]: clean,
      'docker-builder/registry-repos/outside': '-> /etc',
      'docker-builder/registry-repos/notes.txt': 'x',
      'docker-builder/registry-repos/empty/x': 'x',
    })
    const { outputs, log } = await runGate(repository)
    expect(imagesIn(outputs)).toEqual(['My App: clean', 'añadir: clean', 'outside: build-failed'])
    expect(outputs['result']).toBe('error')
    expect(log).toContain('Not an image: docker-builder/registry-repos/empty: no Dockerfile')
    expect(log).toContain('outside: refused: it is a link that leaves the images folder')
  })

  it('says that there is nothing to gate, or passes where that is allowed', async () => {
    const repository = repositoryWith({ 'docker-builder/registry-repos/README.md': 'x' })
    const refused = await runGate(repository)
    expect(refused.outputs['result']).toBe('error')
    expect(refused.log).toContain('nothing to gate under')
    expect((await runGate(repository, { 'allow-empty': 'true' })).outputs['result']).toBe('passed')
  })
})

describe('bad input', () => {
  const repository = (): string => repositoryWith({ [dockerfileOf('web')]: clean })

  it.each<[string, Record<string, string>, string]>([
    ['a severity', { severity: 'HGIH' }, "severity: 'HGIH' is not one of: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN"],
    ['an input’s name', { severty: 'HIGH' }, "Did you mean 'severity'?"],
    [
      'a root that is not there',
      { 'images-root': 'nowhere' },
      "images-root: there is no folder 'nowhere' in the repository",
    ],
    ['a root outside the workspace', { 'images-root': '../..' }, "images-root: '../..' lies outside the repository"],
    ['a refused version of Trivy', { 'trivy-version': '0.69.4' }, 'trivy-version: 0.69.4 is refused: malicious'],
    ['an unknown version of Trivy', { 'trivy-path': '', 'trivy-version': '9.9.9' }, 'knows no checksum of 9.9.9'],
    ['a wrong checksum', { 'trivy-sha256': 'c'.repeat(64) }, 'is not what trivy-sha256 says'],
    [
      'a database that cannot be reached',
      { 'db-repository': '127.0.0.1:9/trivy-db:2' },
      'db-repository: no repository gave the vulnerability database: 127.0.0.1:9/trivy-db:2',
    ],
  ])('of %s is a clear error', async (_, inputs, message) => {
    const { exitCode, outputs, log, summary } = await runGate(repository(), inputs)
    expect(exitCode).toBe(1)
    expect(outputs['result']).toBe('error')
    expect(log).toContain(message)
    expect(summary).toContain('**What to do next:**')
    expect(log).not.toMatch(/^(?!::debug).*\n? {4}at /m)
  })

  it('is reported all at once', async () => {
    const { log } = await runGate(repository(), { severity: 'HGIH', timeout: 'soon', 'trivy-version': '0.69.4' })
    for (const name of ['severity:', 'timeout:', 'trivy-version:']) expect(log).toContain(name)
  })

  it.each([
    ['no Docker', { PATH: '/nowhere' }, 'Docker is not installed'],
    ['no engine', { DOCKER_HOST: 'unix:///no/such/docker.sock' }, 'the Docker engine does not answer'],
  ])('of a machine with %s is a clear error', async (_, env, message) => {
    const { exitCode, outputs, log } = await runGate(repository(), {}, env)
    expect(exitCode).toBe(1)
    expect(outputs['result']).toBe('error')
    expect(log).toContain(message)
  })

  it('writes the report where it is asked to', async () => {
    const workspace = repository()
    await runGate(workspace, { 'report-dir': 'out/gate' })
    expect(existsSync(join(workspace, 'out/gate/report.json'))).toBe(true)
  })
})
