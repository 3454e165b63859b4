import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type { RequestListener } from 'node:http'
import { join, relative } from 'node:path'
import { find } from '@actions/tool-cache'
import { createRunProcess } from '../../src/adapters/process.js'
import { FolderShelf, noShelf, type Shelf } from '../../src/adapters/shelf.js'
import { installTrivy, type InstalledTrivy } from '../../src/adapters/trivy-install.js'
import { ConfigurationError, IntegrityError, ToolError } from '../../src/errors.js'
import type { TrivySettings } from '../../src/ports.js'
import { serving } from '../server.js'
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

const told: string[] = []

const install = (
  more: Partial<TrivySettings>,
  shelf: Shelf = noShelf,
  signal = new AbortController().signal,
): Promise<InstalledTrivy> =>
  installTrivy(settings(more), {
    run: createRunProcess(new AbortController().signal),
    platform: 'linux-x64',
    tempDir: temporaryFolder(),
    shelf,
    signal,
    tell: text => told.push(text),
  })

function textFile(text: string): string {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, text)
  return file
}

/** An archive with one file. */
function archiveWith(name: string, text = 'text'): string {
  const content = textFile(text)
  const archive = join(temporaryFolder(), 'archive.tar.gz')
  execFileSync('tar', ['-P', '-czf', archive, '--transform', `s,^.*$,${name},`, content], { stdio: 'ignore' })
  return archive
}

/** Installs from a mirror that serves this archive. */
const fromMirror = (
  archive: string,
  sha256 = bed.trivy.archiveSha256,
  shelf: Shelf = noShelf,
): Promise<InstalledTrivy> =>
  withServer({ [path]: archive }, address => install({ mirror: `http://${address}`, sha256 }, shelf))

/** Where the tool cache has it. */
const cached = (): string => find(`image-gate-trivy-${bed.trivy.archiveSha256.slice(0, 12)}`, bed.trivy.version)

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
    expect(second).toMatchObject({ version: first.version, sha256: first.sha256, source: 'tool cache' })
    // What runs is a copy of this run's own: what happens to the tool cache meanwhile changes nothing.
    expect(second.path).not.toContain(process.env['RUNNER_TOOL_CACHE'])
  })

  it('is taken from a shelf, and believed there no more than elsewhere', async () => {
    const shelf = new FolderShelf(temporaryFolder())
    const first = await fromMirror(bed.trivy.archive, bed.trivy.archiveSha256, shelf)
    process.env['RUNNER_TOOL_CACHE'] = temporaryFolder()
    const pin = { sha256: bed.trivy.archiveSha256 }
    expect(await install(pin, shelf)).toMatchObject({ sha256: first.sha256, source: 'Actions cache' })
    for (const damage of [
      (file: string) => {
        appendFileSync(file, 'x')
      },
      (file: string) => {
        rmSync(file)
        symlinkSync('/dev/zero', file)
      },
      (file: string) => {
        truncateSync(file, 512 * 1024 ** 2 + 1)
      },
    ]) {
      process.env['RUNNER_TOOL_CACHE'] = temporaryFolder()
      damage(join(shelf.folder, readdirSync(shelf.folder)[0] ?? '', asset))
      told.length = 0
      expect((await fromMirror(bed.trivy.archive, pin.sha256, shelf)).source).toMatch(/^http/)
      expect(told.join()).toMatch(/^The Trivy in the Actions cache is not used: /)
    }
  })

  it.each<[string, () => string, string]>([
    ['holds no program', () => archiveWith('README.md'), 'cannot be unpacked: it lacks trivy'],
    ['would put the program elsewhere', () => archiveWith('../trivy'), 'cannot be unpacked: it lacks trivy'],
    [
      'is for another platform',
      () => archiveWith('trivy', '\x7fELF\x02\x01\x01nothing'),
      'does not answer as Trivy would',
    ],
    ['is no archive', () => textFile('<html>502</html>'), 'cannot be unpacked: incorrect header check'],
  ])('is refused when its archive %s, even with the right checksum', async (_, make, message) => {
    const archive = make()
    const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex')
    await expect(fromMirror(archive, sha256)).rejects.toThrow(message)
  })

  it.each([
    ['the program', 'trivy'],
    ['the archive', asset],
  ])('is refused when %s in the tool cache was changed', async (_, file) => {
    await fromMirror(bed.trivy.archive)
    appendFileSync(join(cached(), file), 'x')
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow(IntegrityError)
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow('is not the one that was verified')
  })

  it('is refused when something else than a file lies in the tool cache', async () => {
    await fromMirror(bed.trivy.archive)
    rmSync(join(cached(), asset))
    symlinkSync('/dev/zero', join(cached(), asset))
    await expect(install({ sha256: bed.trivy.archiveSha256 })).rejects.toThrow('is not the one that was verified')
  })

  it('is installed also where the tool cache cannot be written to', async () => {
    process.env['RUNNER_TOOL_CACHE'] = join(textFile('x'), 'tools')
    await expect(fromMirror(bed.trivy.archive)).resolves.toMatchObject({ version: bed.trivy.version })
    expect(told.join()).toContain('Trivy could not be put into the tool cache')
  })

  it('is refused when both were changed together', async () => {
    await fromMirror(bed.trivy.archive)
    writeFileSync(join(cached(), 'trivy'), '#!/bin/sh\necho 0.74.0\n')
    writeFileSync(join(cached(), asset), 'not the archive')
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

  it('is not received when it is too big, and is given up with the run', async () => {
    const stop = new AbortController()
    const serve: RequestListener = (request, response) => {
      response.writeHead(200, { 'content-length': 513 * 1024 ** 2 })
      response.write(Buffer.alloc(1024))
      if (request.url === path) return
      stop.abort(new ToolError('the run was cancelled', ''))
    }
    await serving(serve, async address => {
      const mirror = `http://${address}`
      await expect(install({ mirror })).rejects.toThrow('it is about to send more than 536870912 bytes')
      await expect(install({ mirror: `${mirror}/x` }, noShelf, stop.signal)).rejects.toThrow('the run was cancelled')
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

  it('runs as the copy that was checked, where its checksum is given', async () => {
    const path = join(temporaryFolder(), 'trivy')
    copyFileSync(bed.trivy.path, path)
    chmodSync(path, 0o755)
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
    const installed = await install({ path, sha256 })
    expect(installed).toMatchObject({ source: `trivy-path ${path}`, sha256 })
    expect(installed.path).not.toBe(path)
    await expect(install({ path, sha256: 'a'.repeat(64) })).rejects.toThrow('is not what trivy-sha256 says')
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
