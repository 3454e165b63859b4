import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { installTrivy, type InstalledTrivy } from '../../src/adapters/trivy-install.js'
import { ConfigurationError, IntegrityError, ToolError } from '../../src/errors.js'
import type { TrivySettings } from '../../src/ports.js'
import { bed, removeTemporaryFolders, scriptOf, temporaryFolder, withServer } from '../testbed.js'

const asset = `trivy_${bed.trivy.version}_Linux-64bit.tar.gz`
const path = `/v${bed.trivy.version}/${asset}`

const settings = (more: Partial<TrivySettings>): TrivySettings => ({
  version: bed.trivy.version,
  mirror: 'http://127.0.0.1:9',
  dbRepositories: [],
  javaDbRepositories: [],
  ...more,
})

const install = (more: Partial<TrivySettings>): Promise<InstalledTrivy> =>
  installTrivy(settings(more), 'linux-x64', temporaryFolder())

/** Installs from a mirror that serves this archive. */
const fromMirror = (archive: string, sha256 = bed.trivy.archiveSha256): Promise<InstalledTrivy> =>
  withServer({ [path]: archive }, address => install({ mirror: `http://${address}`, sha256 }))

beforeEach(() => {
  process.env['RUNNER_TOOL_CACHE'] = temporaryFolder()
  process.env['RUNNER_TEMP'] = temporaryFolder()
})
afterAll(removeTemporaryFolders)

describe('a Trivy from its release', () => {
  it('is downloaded, verified and cached; the next run takes it from the tool cache', async () => {
    const first = await fromMirror(bed.trivy.archive)
    expect(first).toMatchObject({
      version: bed.trivy.version,
      source: expect.stringMatching(/^http:.*tar\.gz$/) as string,
    })
    expect(existsSync(first.path)).toBe(true)
    const second = await install({ sha256: bed.trivy.archiveSha256 })
    expect(second).toEqual({ ...first, source: 'tool cache' })
  })

  it.each([
    ['the program', 'trivy'],
    ['the archive', asset],
  ])('is refused when %s in the tool cache was changed', async (_, file) => {
    const { path: program } = await fromMirror(bed.trivy.archive)
    appendFileSync(join(program, '..', file), 'x')
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow(IntegrityError)
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow('is not the one that was verified')
  })

  it('is refused when both were changed together', async () => {
    const { path: program } = await fromMirror(bed.trivy.archive)
    writeFileSync(program, '#!/bin/sh\necho 0.74.0\n')
    writeFileSync(join(program, '..', asset), 'not the archive')
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow(IntegrityError)
  })

  it('is refused when the archive is another one', async () => {
    const other = join(temporaryFolder(), 'archive')
    writeFileSync(other, Buffer.concat([readFileSync(bed.trivy.archive).subarray(0, 1000), Buffer.from('x')]))
    await expect(fromMirror(other)).rejects.toThrow(/expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}$/)
  })

  it('is refused when the pin is wrong, and nothing is kept', async () => {
    await expect(fromMirror(bed.trivy.archive, 'a'.repeat(64))).rejects.toThrow('is not what trivy-sha256 says')
    await withServer({}, async address => {
      const again = install({ sha256: 'a'.repeat(64), mirror: `http://${address}` })
      await expect(again).rejects.toThrow(ToolError)
    })
  })

  it('is refused when its checksum is that of the malicious release', async () => {
    const denied = '385d498d18a3a7c67878ca7322716f9da25683eb1a4bf9e9592da0d5f2ab09f6'
    await expect(install({ sha256: denied })).rejects.toThrow('this Trivy is refused: Trivy 0.69.4: malicious')
  })

  it('says which address did not answer, and what to do', async () => {
    await withServer({}, async address => {
      await expect(install({ mirror: `http://${address}` })).rejects.toMatchObject({
        message: expect.stringContaining(`http://${address}${path}`) as string,
        advice: 'Check trivy-version and trivy-mirror: there is no such file.',
      })
    })
  })
})

describe('a Trivy of one’s own', () => {
  it('is used as it is', async () => {
    expect(await install({ path: bed.trivy.path })).toMatchObject({
      version: bed.trivy.version,
      source: `trivy-path ${bed.trivy.path}`,
    })
  })

  it('may be given relative to where the gate was started', async () => {
    expect((await install({ path: relative(process.cwd(), bed.trivy.path) })).path).toBe(bed.trivy.path)
  })

  it('must be there and be a program', async () => {
    await expect(install({ path: '/no/such/trivy' })).rejects.toThrow(ConfigurationError)
    const path = join(temporaryFolder(), 'text')
    writeFileSync(path, 'text', { mode: 0o644 })
    await expect(install({ path })).rejects.toThrow(`trivy-path: there is no program '${path}'`)
  })

  it('must have the checksum that is given', async () => {
    await expect(install({ path: bed.trivy.path, sha256: 'b'.repeat(64) })).rejects.toThrow(
      'is not what trivy-sha256 says',
    )
  })

  it('must answer as Trivy does', async () => {
    await expect(install({ path: scriptOf('echo hello') })).rejects.toThrow('does not answer as Trivy would: hello')
    await expect(install({ path: scriptOf('exit 3') })).rejects.toThrow(ToolError)
  })

  it('must not be a version that is refused', async () => {
    const bad = scriptOf(`echo '{"Version":"0.69.4"}'`)
    await expect(install({ path: bad })).rejects.toThrow('this Trivy is refused: Trivy 0.69.4: malicious')
  })
})
