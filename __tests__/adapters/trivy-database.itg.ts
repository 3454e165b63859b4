/** The database out of a real registry, in the hands of the real Trivy: it is believed when it finds what must be found. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawInputs } from '../../src/inputs.js'
import type { ScannerInfo } from '../../src/model.js'
import { emptyBolt } from '../bolt.js'
import { archiveOf, FakeRegistry } from '../fake-registry.js'
import { scannerWith } from '../scanner.js'
import { bed, removeTemporaryFolders, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

const prepare = (raw: RawInputs = {}): Promise<ScannerInfo> => scannerWith(raw).prepare(['vuln'])

/** The small database, as a file. */
function smallDatabase(): Buffer {
  const folder = mkdtempSync(join(temporaryFolder(), 'x'))
  execFileSync('tar', ['-xzf', 'testbed/database/trivy-db.tar.gz', '-C', folder])
  return readFileSync(join(folder, 'trivy.db'))
}

const metadata = JSON.stringify({ Version: 2, UpdatedAt: new Date().toISOString(), NextUpdate: '2099-01-01T00:00:00Z' })

describe('the vulnerability database', () => {
  it('comes from a real registry, and the scanner proves itself with it', async () => {
    expect(await prepare()).toMatchObject({
      version: bed.trivy.version,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      database: { repository: bed.database.repository, updatedAt: '2026-08-01T00:00:00Z' },
    })
  })

  it('must not be older than three days, unless somebody allows it', async () => {
    await expect(prepare({ 'db-max-age': '' })).rejects.toThrow(/it is [\d.]+ days old, more than db-max-age allows$/)
  })

  it.each<[string, () => Buffer, RegExp]>([
    ['is empty', emptyBolt, /: Trivy and its database find neither CVE-2014-0160 nor CVE-2019-10744 in packages/],
    ['has no byte', () => Buffer.alloc(0), /Trivy ended without a report|find neither/],
    ['is cut in the middle', () => smallDatabase().subarray(0, 32 * 1024), /Trivy ended without a report|find neither/],
    [
      'begins well and is nothing then',
      () => Buffer.concat([smallDatabase().subarray(0, 8192), Buffer.alloc(57344)]),
      /Trivy ended without a report|find neither/,
    ],
    ['is something else', () => Buffer.from('<html>'.repeat(10_000)), /Trivy ended without a report|find neither/],
  ])('is no ground for a verdict when it %s', async (_, make, message) => {
    const registry = new FakeRegistry()
    registry.push('db', '2', await archiveOf({ 'trivy.db': make(), 'metadata.json': metadata }))
    await registry.run(async address => {
      await expect(prepare({ 'db-repository': `${address}/db:2` })).rejects.toThrow(message)
    })
  })
})
