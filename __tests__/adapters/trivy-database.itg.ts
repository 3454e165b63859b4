import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRunProcess } from '../../src/adapters/process.js'
import {
  javaDatabase,
  provideDatabase,
  vulnerabilityDatabase,
  type Database,
} from '../../src/adapters/trivy-database.js'
import { bed, removeTemporaryFolders, temporaryFolder, withServer } from '../testbed.js'

const run = createRunProcess(new AbortController().signal)

function provide(
  repositories: readonly string[],
  cacheDir: string,
  kind = vulnerabilityDatabase,
  trivy = bed.trivy.path,
): Promise<Database> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder() }
  return provideDatabase(kind, repositories, { run, trivy, env, cwd: temporaryFolder(), cacheDir, now: new Date() })
}

afterAll(removeTemporaryFolders)

describe('provideDatabase', () => {
  it('downloads the database, and takes it from the cache while it is current', async () => {
    const cacheDir = temporaryFolder()
    const first = await provide([bed.database.repository], cacheDir)
    expect(first).toMatchObject({ repository: bed.database.repository, updatedAt: '2026-08-01T00:00:00Z' })
    expect(existsSync(join(first.path, 'trivy.db'))).toBe(true)
    expect(await provide([bed.database.repository], cacheDir, vulnerabilityDatabase, '/no/such/trivy')).toEqual(first)
  })

  it('downloads a database anew that its makers have replaced', async () => {
    const cacheDir = temporaryFolder()
    const { path } = await provide([bed.database.repository], cacheDir)
    const metadata = { Version: 2, UpdatedAt: '2020-01-01T00:00:00Z', NextUpdate: '2020-01-02T00:00:00Z' }
    writeFileSync(join(path, 'metadata.json'), JSON.stringify(metadata))
    expect(await provide([bed.database.repository], cacheDir)).toMatchObject({ updatedAt: '2026-08-01T00:00:00Z' })
    expect(readFileSync(join(path, 'metadata.json'), 'utf8')).toContain('2099')
  })

  it('does not believe a damaged cache', async () => {
    const cacheDir = temporaryFolder()
    const { path } = await provide([bed.database.repository], cacheDir)
    const endless = '{"UpdatedAt": "2020-01-01T00:00:00Z"}'
    for (const text of ['{', '{"UpdatedAt": "never"}', endless]) {
      writeFileSync(join(path, 'metadata.json'), text)
      expect(await provide([bed.database.repository], cacheDir)).toMatchObject({ updatedAt: '2026-08-01T00:00:00Z' })
    }
  })

  it.each([
    ['refuses', 403],
    ['has nothing', 404],
    ['is broken', 500],
  ])(
    'goes on to the next repository when one %s',
    async (_, status) => {
      await withServer({ '/v2/': status, '/v2/db/manifests/2': status }, async address => {
        const database = await provide(
          [`${address}/db:2`, '127.0.0.1:9/db:2', bed.database.repository],
          temporaryFolder(),
        )
        expect(database.repository).toBe(bed.database.repository)
      })
    },
    60_000,
  )

  it('says what every repository answered, and names a rate limit', async () => {
    await withServer({ '/v2/': 200, '/v2/db/manifests/2': 429 }, async address => {
      await expect(provide(['127.0.0.1:9/db:2', `${address}/db:2`], temporaryFolder())).rejects.toMatchObject({
        message: expect.stringMatching(
          /^db-repository: no repository gave the vulnerability database: 127\.0\.0\.1:9\/db:2: .*refused.*; 127.*429/,
        ) as string,
        advice: expect.stringContaining('A registry limits how often it may be asked') as string,
      })
    })
  }, 60_000)

  it('keeps nothing of a download that failed', async () => {
    const cacheDir = temporaryFolder()
    await expect(provide(['127.0.0.1:9/db:2'], cacheDir)).rejects.toThrow('no repository')
    mkdirSync(join(cacheDir, 'check'))
    expect((await run({ command: 'ls', args: ['-A', cacheDir], env: {} })).status).toBe('exited')
    expect(existsSync(join(cacheDir, 'check'))).toBe(true)
    await expect(provide(['127.0.0.1:9/java:1'], cacheDir, javaDatabase)).rejects.toThrow(
      'java-db-repository: no repository gave the Java database',
    )
  }, 60_000)
})
