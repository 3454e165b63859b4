/** What somebody else put into the Actions cache. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ActionsShelf } from '../src/adapters/actions-shelf.js'
import { createRunProcess } from '../src/adapters/process.js'
import type { FakeActionsCache } from './actions-cache.js'
import { temporaryFolder } from './testbed.js'

/**
 * Puts a database into the cache, under the name that the gate looks for.
 * @param address of the registry, where the gate would have it as `db:2`
 * @param digest of its manifest, which that repository shows
 */
export async function keepDatabase(
  cache: FakeActionsCache,
  address: string,
  digest: string,
  archive: Buffer,
): Promise<void> {
  const answer = await fetch(`http://${address}/v2/db/manifests/${digest}`)
  const folder = join(temporaryFolder(), 'kept')
  mkdirSync(folder)
  writeFileSync(join(folder, 'manifest.json'), await answer.text())
  writeFileSync(join(folder, 'archive.tar.gz'), archive)
  const shelf = new ActionsShelf({
    run: createRunProcess(new AbortController().signal),
    program: resolve('dist/cache.js'),
    env: { PATH: process.env['PATH'], HOME: temporaryFolder(), ...cache.env },
    tempDir: temporaryFolder(),
    now: new Date(),
    onLine: () => undefined,
  })
  const hash = createHash('sha256').update(`${address}/db:2`).digest('hex').slice(0, 16)
  await shelf.keep({ name: `db-${hash}`, daily: true }, folder)
  await shelf.settle()
  if (cache.entries.length === 0) throw new Error('nothing was kept')
}
