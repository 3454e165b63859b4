import { readFileSync } from 'node:fs'
import { IntegrityError, ToolError } from '../../src/errors.js'
import type { BuildOutcome, ScanOutcome } from '../../src/model.js'
import type { Engine, ExportedImage, Scanner } from '../../src/ports.js'
import { scanImages } from '../../src/scan/images.js'
import { anImage, built, notBuilt, RecordingConsole, tickingClock } from '../builders.js'

const report = readFileSync('__tests__/recorded/trivy-image.json', 'utf8')
const { diff_ids: diffIds } = (JSON.parse(report) as { Metadata: { ImageConfig: { rootfs: { diff_ids: string[] } } } })
  .Metadata.ImageConfig.rootfs

const unexpected = (): never => {
  throw new Error('unexpected call')
}

async function run(
  builds: readonly BuildOutcome[],
  scan: Scanner['scan'],
  exported: ExportedImage = { archive: '/tmp/image.tar', diffIds },
): Promise<{ outcomes: readonly ScanOutcome[]; console: RecordingConsole }> {
  const engine: Engine = {
    prepare: unexpected,
    build: unexpected,
    removeTags: unexpected,
    withExport: async (_, use) => use(exported),
  }
  const console = new RecordingConsole()
  const ports = { engine, scanner: { prepare: unexpected, scan }, console, clock: tickingClock() }
  return { outcomes: await scanImages(builds, 60_000, ports), console }
}

describe('scanImages', () => {
  it('scans what was built, from its export', async () => {
    const asked: unknown[] = []
    const { outcomes, console } = await run([built(anImage()), notBuilt(anImage('api'))], async (...args) => {
      asked.push(args)
      return report
    })
    expect(asked).toEqual([['/tmp/image.tar', 60_000]])
    expect(outcomes).toMatchObject([{ status: 'scanned', imageId: 'sha256:1', duration: 1000 }])
    expect(console.lines).toEqual(['Scanned web: debian 12.15, 2 packages, 2 findings before the policy'])
  })

  it('makes a scan that fails that image’s outcome, with what Trivy said', async () => {
    let calls = 0
    const { outcomes } = await run([built(anImage('a')), built(anImage('b'))], async () => {
      calls += 1
      if (calls === 1) throw new ToolError('Trivy was killed', 'Run again.', ['FATAL'])
      return report
    })
    expect(outcomes).toMatchObject([
      {
        status: 'failed',
        failure: { message: 'the scan failed: Trivy was killed', advice: 'Run again.', log: ['FATAL'] },
      },
      { status: 'scanned' },
    ])
  })

  it('does not believe half a report, nor one of another image', async () => {
    const half = await run([built(anImage())], async () => report.slice(0, 500))
    expect(half.outcomes).toMatchObject([{ status: 'failed', failure: { log: [] } }])
    const other = await run([built(anImage())], async () => report, { archive: '/x', diffIds: ['sha256:other'] })
    expect(other.outcomes).toMatchObject([{ status: 'failed' }])
  })

  it('says when nothing was recognised', async () => {
    const empty = JSON.stringify({
      SchemaVersion: 2,
      ArtifactType: 'container_image',
      Metadata: { ImageConfig: { rootfs: { diff_ids: [] } } },
    })
    const { console } = await run([built(anImage())], async () => empty, { archive: '/x', diffIds: [] })
    expect(console.lines[0]).toBe(
      'Scanned web: no operating system recognised, 0 packages, 0 findings before the policy',
    )
  })

  it('lets a defect through, but not a broken image', async () => {
    await expect(run([built(anImage())], async () => Promise.reject(new TypeError('defect')))).rejects.toThrow(
      TypeError,
    )
    const broken = await run([built(anImage())], async () => Promise.reject(new IntegrityError('tampered', 'Stop.')))
    expect(broken.outcomes).toMatchObject([{ status: 'failed' }])
  })
})
