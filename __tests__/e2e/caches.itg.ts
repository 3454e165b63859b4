/** What is kept from run to run: downloaded once a day, saved also by a run that blocks, and never simply believed. */
import { readFileSync } from 'node:fs'
import { FakeActionsCache } from '../actions-cache.js'
import { archiveOf, FakeRegistry } from '../fake-registry.js'
import { emptyBolt } from '../bolt.js'
import { keepDatabase } from '../kept-database.js'
import {
  bed,
  dockerfileOf,
  heartbleed,
  removeTemporaryFolders,
  repositoryWith,
  runGate,
  temporaryFolder,
  withServer,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

const smallDatabase = readFileSync('testbed/database/trivy-db.tar.gz')
const asset = `/v${bed.trivy.version}/trivy_${bed.trivy.version}_Linux-64bit.tar.gz`

describe('the caches of a runner', () => {
  it('hold Trivy and its database after a run that blocked, and spare the next run the downloads', async () => {
    const [cache, registry] = [new FakeActionsCache(), new FakeRegistry()]
    registry.push('db', '2', smallDatabase)
    const downloads = (): number => registry.asked.filter(line => line.includes('/blobs/')).length
    await cache.run(() =>
      registry.run(address =>
        withServer({ [asset]: bed.trivy.archive }, async mirror => {
          const gate = (more = {}): ReturnType<typeof runGate> => {
            const inputs = {
              'trivy-path': '',
              'trivy-mirror': `http://${mirror}`,
              'trivy-sha256': bed.trivy.archiveSha256,
              'db-repository': `${address}/db:2`,
              'no-cache': 'false',
              ...more,
            }
            const env = { ...cache.env, RUNNER_TOOL_CACHE: temporaryFolder() }
            return runGate(repositoryWith({ [dockerfileOf('web')]: heartbleed }), inputs, env)
          }
          const first = await gate()
          expect(first.outputs['result']).toBe('blocked')
          const day = new Date().toISOString().slice(0, 10)
          expect(cache.entries.map(({ key }) => key.replace(/-[0-9a-f]{16,}/, '-X')).sort()).toEqual([
            `image-gate-db-X-${day}`,
            'image-gate-trivy-X',
          ])
          expect(downloads()).toBe(1)
          const second = await gate()
          expect(second.outputs['result']).toBe('blocked')
          expect(second.log).toContain(`Trivy ${bed.trivy.version}, from Actions cache`)
          expect(downloads()).toBe(1)
          expect((await gate({ cache: 'false' })).log).toContain(`from http://${mirror}`)
          expect(downloads()).toBe(2)
          expect(first.log + second.log).not.toContain('runtime-token')
        }),
      ),
    )
  })

  it('do not make a vulnerable image pass when somebody puts an empty database there', async () => {
    const [cache, registry] = [new FakeActionsCache(), new FakeRegistry()]
    const metadata = { Version: 2, UpdatedAt: new Date().toISOString(), NextUpdate: '2099-01-01T00:00:00Z' }
    const empty = await archiveOf({ 'trivy.db': emptyBolt(), 'metadata.json': JSON.stringify(metadata) })
    await cache.run(() =>
      registry.run(async address => {
        const digest = registry.push('db', '2', empty)
        await keepDatabase(cache, address, digest, empty)
        registry.push('db', '2', smallDatabase)
        const gate = (): ReturnType<typeof runGate> =>
          runGate(
            repositoryWith({ [dockerfileOf('web')]: heartbleed }),
            { 'db-repository': `${address}/db:2`, 'no-cache': 'false' },
            cache.env,
          )
        // Though the registry still has it by its digest, and it says itself that it is the newest one.
        const known = await gate()
        expect(known.log).toContain('The vulnerability database in the cache is not used: Trivy and its database find')
        expect(known.outputs['result']).toBe('blocked')
        registry.forget('db', digest)
        const unknown = await gate()
        expect(unknown.log).toContain('The vulnerability database in the cache is not one that')
        expect(unknown.outputs['result']).toBe('blocked')
      }),
    )
  })
})
