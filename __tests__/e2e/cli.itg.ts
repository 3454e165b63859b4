/** The command line as a person starts it. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  bed,
  clean,
  dockerfileOf,
  heartbleed,
  removeTemporaryFolders,
  repositoryWith,
  run,
  scriptOf,
  temporaryFolder,
} from '../testbed.js'

interface Sbom {
  readonly components: readonly { readonly name: string }[]
}

const cache = temporaryFolder()
const options = ['--trivy-path', bed.trivy.path, '--db-repository', bed.database.repository, '--db-max-age', 'any']

const imageGate = (...args: string[]): ReturnType<typeof run> =>
  run(process.execPath, ['dist/cli.js', ...args], { env: { XDG_CACHE_HOME: cache, NO_COLOR: '1' } })

afterAll(removeTemporaryFolders)

describe('image-gate', () => {
  it('exits 2 when it blocks, with the report on standard output and progress on standard error', async () => {
    const repository = repositoryWith({ [dockerfileOf('tutorial')]: heartbleed, [dockerfileOf('web')]: clean })
    const { exitCode, stdout, stderr } = await imageGate(repository, ...options, '--report-dir', 'out', '--sbom')
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/^ {2}IMAGE .*\n {2}tutorial {2}vulnerable/)
    expect(stdout).toContain(`${dockerfileOf('tutorial')}:2-5  RUN mkdir`)
    expect(stdout).toMatch(/HIGH +CVE-2014-0160 +libssl1\.0\.0 1\.0\.1e-2 +-> 1\.0\.1g-1/)
    expect(stdout).toContain('Blocked: 1 of 2 images is vulnerable: ')
    expect(stdout).not.toMatch(/::|\u001b/)
    expect(stderr).toMatch(/^tutorial: building$/m)
    expect(stderr).toMatch(/^tutorial: vulnerable in \d/m)
    expect(readFileSync(join(repository, 'out/report.json'), 'utf8')).toContain('"schemaVersion": 1')
    expect(readFileSync(join(repository, 'out/report.html'), 'utf8')).toContain('Blocked: 1 of 2 images is vulnerable')
    const sbom = JSON.parse(readFileSync(join(repository, 'out/sbom/tutorial.cdx.json'), 'utf8')) as Sbom
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'tutorial' } } })
    expect(sbom.components.map(({ name }) => name)).toContain('libssl1.0.0')
  })

  it('opens the report in a browser, and says where it is', async () => {
    const asked = join(temporaryFolder(), 'asked')
    const bin = dirname(scriptOf(`echo "$1" > ${asked}`))
    renameSync(join(bin, 'script'), join(bin, process.platform === 'darwin' ? 'open' : 'xdg-open'))
    const repository = repositoryWith({ [dockerfileOf('web')]: clean })
    const env = { XDG_CACHE_HOME: cache, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
    const { exitCode, stderr } = await run(process.execPath, ['dist/cli.js', repository, ...options, '--open'], { env })
    expect(exitCode).toBe(0)
    const path = /The report is in (.*)/.exec(stderr)?.[1] ?? ''
    expect(readFileSync(path, 'utf8')).toContain('Passed: 1 image clean')
    // Nobody waits for a browser.
    while (!existsSync(asked)) await setTimeout(50)
    expect(readFileSync(asked, 'utf8').trim()).toBe(path)
    rmSync(dirname(path), { recursive: true })
  })

  it('exits 0 when it passes, and needs no download the second time', async () => {
    const repository = repositoryWith({ [dockerfileOf('web')]: clean })
    expect((await imageGate(repository, ...options)).exitCode).toBe(0)
    const again = await imageGate(repository, ...options, '--verbose')
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Passed: 1 image clean') as string })
    expect(again.stderr).toContain('=> [2/2] RUN true')
    expect(existsSync(join(cache, 'image-gate/databases'))).toBe(true)
  })

  it('exits 1 on wrong options, all at once', async () => {
    const { exitCode, stdout } = await imageGate('--severity', 'HGIH', '--timeout', 'soon')
    expect(exitCode).toBe(1)
    expect(stdout).toContain("severity: 'HGIH' is not one of")
    expect(stdout).toContain("timeout: 'soon' is not a time")
    expect((await imageGate('--colour')).stdout).toContain('See image-gate --help.')
  })

  it('helps, and tells its version', async () => {
    expect(await imageGate('--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Usage: image-gate/) as string,
    })
    expect((await imageGate('--version')).stdout).toMatch(/^image-gate \d+\.\d+\.\d+\n$/)
  })
})
