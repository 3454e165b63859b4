/** The real client of the Actions cache, in its own process, beside a service that may hold anything. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ActionsShelf, hasActionsCache } from '../../src/adapters/actions-shelf.js'
import { createRunProcess } from '../../src/adapters/process.js'
import { ToolError } from '../../src/errors.js'
import { FakeActionsCache } from '../actions-cache.js'
import { removeTemporaryFolders, repositoryWith, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

const entry = { name: 'db-0123456789abcdef', daily: true }

interface Bench {
  readonly cache: FakeActionsCache
  readonly shelf: ActionsShelf
  readonly tempDir: string
  readonly said: string[]
  readonly cancel: AbortController
}

async function withShelf(use: (bench: Bench) => Promise<void>): Promise<void> {
  const cache = new FakeActionsCache()
  await cache.run(async () => {
    const cancel = new AbortController()
    const tempDir = temporaryFolder()
    const said: string[] = []
    const shelf = new ActionsShelf({
      run: createRunProcess(cancel.signal),
      program: resolve('dist/cache.js'),
      env: { PATH: process.env['PATH'], HOME: temporaryFolder(), GITHUB_TOKEN: 'token', ...cache.env },
      tempDir,
      now: new Date('2026-08-02T10:00:00Z'),
      onLine: line => said.push(line),
    })
    await use({ cache, shelf, tempDir, said, cancel })
  })
}

describe('the Actions cache', () => {
  it('gives back what it was given, by repository and day', async () => {
    await withShelf(async ({ cache, shelf, tempDir, said }) => {
      const folder = repositoryWith({ 'archive.tar.gz': 'archive', 'manifest.json': '{}' })
      await shelf.keep(entry, folder)
      await shelf.settle()
      expect(cache.entries.map(({ key, whole }) => ({ key, whole }))).toEqual([
        { key: 'image-gate-db-0123456789abcdef-2026-08-02', whole: true },
      ])
      const directory = join(tempDir, 'taken')
      expect(await shelf.take(entry, directory)).toBe(true)
      expect(readdirSync(directory).sort()).toEqual(['archive.tar.gz', 'manifest.json'])
      expect(readFileSync(join(directory, 'archive.tar.gz'), 'utf8')).toBe('archive')
      // What belongs to another thing, or to another day, is not it.
      expect(await shelf.take({ ...entry, daily: false }, join(tempDir, 'other'))).toBe(false)
      expect(await shelf.take({ name: 'db', daily: true }, join(tempDir, 'other'))).toBe(false)
      expect(said.join('\n')).not.toContain('runtime-token')
    })
  })

  it.each([
    ['refuses', 403],
    ['is broken', 500],
  ])('that %s costs nothing but time', async (_, status) => {
    await withShelf(async ({ cache, shelf, tempDir }) => {
      cache.refusal = status
      expect(await shelf.take(entry, join(tempDir, 'taken'))).toBe(false)
      await shelf.keep(entry, repositoryWith({ x: 'x' }))
      await shelf.settle()
      expect(existsSync(join(tempDir, 'taken'))).toBe(false)
    })
  })

  it('that does not answer is left behind when the run is cancelled', async () => {
    await withShelf(async ({ cache, shelf, tempDir, cancel }) => {
      cache.hangs = true
      setTimeout(() => {
        cancel.abort(new ToolError('the run was cancelled', 'Run it again.'))
      }, 1000)
      const started = Date.now()
      expect(await shelf.take(entry, join(tempDir, 'taken'))).toBe(false)
      expect(Date.now() - started).toBeLessThan(10_000)
    })
  })

  /** What the client packs with: the better one that there is. */
  const packer = existsSync('/usr/bin/zstd') ? 'zstd' : 'gzip'

  /** Archives that whoever can write to the cache of a pull request could put there. */
  const attacks: readonly [string, (victim: string, work: string) => string[]][] = [
    ['an absolute name', victim => ['-P', '-cf', '-', '--transform', `s,^,${victim}/,`, 'evil']],
    [
      'a name that climbs',
      victim => ['-P', '-cf', '-', '--transform', `s,^,../../../../../../../..${victim}/,`, 'evil'],
    ],
    [
      'a link to climb over',
      (victim, work) => {
        execFileSync('ln', ['-s', victim, join(work, 'content')])
        mkdirSync(join(work, 'other/content'), { recursive: true })
        writeFileSync(join(work, 'other/content/evil'), 'evil')
        return ['-cf', '-', 'content', '-C', 'other', 'content/evil']
      },
    ],
  ]

  it.each(attacks)('cannot write elsewhere with %s', async (_, attack) => {
    await withShelf(async ({ cache, shelf, tempDir, said }) => {
      await shelf.keep(entry, repositoryWith({ x: 'x' }))
      await shelf.settle()
      const victim = temporaryFolder()
      const work = repositoryWith({ evil: 'evil' })
      const archive = execFileSync('tar', attack(victim, work), { cwd: work })
      const packed = execFileSync(packer, ['-q', '-c'], { input: archive })
      const [kept] = cache.entries
      if (kept !== undefined) kept.archive = packed
      // The attack works against a tar that does as it is told.
      execFileSync('tar', ['-P', '-xf', '-', '-C', temporaryFolder()], {
        input: archive,
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      expect(existsSync(join(victim, 'evil'))).toBe(true)
      execFileSync('rm', [join(victim, 'evil')])
      await shelf.take(entry, join(tempDir, 'taken'))
      expect(said.join('\n')).toMatch(/tar -xf/)
      expect(readdirSync(victim)).toEqual([])
    })
  })

  it('is there where a runner offers it', () => {
    expect(hasActionsCache({})).toBe(false)
    expect(hasActionsCache({ ACTIONS_RESULTS_URL: 'https://results' })).toBe(false)
    expect(hasActionsCache({ ACTIONS_RESULTS_URL: 'https://results', ACTIONS_RUNTIME_TOKEN: 'x' })).toBe(true)
    expect(hasActionsCache({ ACTIONS_CACHE_URL: 'https://cache', ACTIONS_RUNTIME_TOKEN: 'x' })).toBe(true)
  })
})
