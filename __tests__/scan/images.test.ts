import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { IntegrityError, ToolError } from '../../src/errors.js'
import type { BuildOutcome } from '../../src/model.js'
import type { AnalysisCache, Ending, Engine, ExportedImage, ImageReport, Scanner } from '../../src/ports.js'
import { scanImages, type ScanPlan, type ScanRules, type Scans } from '../../src/scan/images.js'
import { takeTurns } from '../../src/turns.js'
import {
  anExport,
  anExported,
  anImage,
  built,
  noEnding,
  notBuilt,
  RecordingConsole,
  someDigests,
  TestEnding,
  tickingClock,
} from '../builders.js'

const report = readFileSync('__tests__/recorded/trivy-image.json', 'utf8')
const { diff_ids: diffIds } = (JSON.parse(report) as { Metadata: { ImageConfig: { rootfs: { diff_ids: string[] } } } })
  .Metadata.ImageConfig.rootfs

const unexpected = (): never => {
  throw new Error('unexpected call')
}

const image = anExported({ digests: { ...someDigests, diffIds } })

async function run(
  builds: readonly BuildOutcome[],
  scan: (...args: Parameters<Scanner['scanImage']>) => Promise<string | ImageReport>,
  withExport: Engine['withExport'] = async (_, use) => use(anExport(image)),
  more: Partial<Scanner & ScanRules & Pick<ScanPlan, 'sbom'> & { ending: Ending }> = {},
): Promise<Scans & { console: RecordingConsole; caches: (AnalysisCache | undefined)[] }> {
  const others = { prepare: unexpected, build: unexpected, holds: unexpected, clean: unexpected }
  const engine: Engine = { ...others, withExport }
  const console = new RecordingConsole()
  const caches: (AnalysisCache | undefined)[] = []
  const newCache: Scanner['newCache'] = async known => {
    caches.push(known)
    return { directory: `/cache-${String(caches.length)}` }
  }
  const ports = {
    engine,
    scanner: {
      prepare: unexpected,
      newCache,
      scanImage: async (...args: Parameters<Scanner['scanImage']>) => {
        const said = await scan(...args)
        return typeof said === 'string' ? { text: said, lostPackages: [], leftOut: [] } : said
      },
      javaDatabase: unexpected,
      makeSbom: unexpected,
      scanLockFiles: unexpected,
      scanDockerfile: unexpected,
      ...more,
    },
    console,
    clock: tickingClock(),
    ending: more.ending ?? noEnding,
  }
  const workspaces = { head: '/repo', base: '/before' }
  const { scanners = ['vuln'], lockFiles = true, sbom = false } = more
  const rulesOf = (): ScanRules => ({ scanners, lockFiles })
  const plan = { timeout: 60_000, turns: takeTurns(2), workspaces, rulesOf, sbom }
  return { ...(await scanImages(builds, plan, ports)), console, caches }
}

const otherImage = (more: Partial<ExportedImage['digests']>): Engine['withExport'] => {
  const { diffIds: own = diffIds } = more
  const layers = own.map(digest => ({ digest, bytes: 1000 }))
  const other = anExported({ digests: { ...image.digests, ...more }, layers })
  return async (_, use) => use(anExport(other))
}

describe('scanImages', () => {
  it('scans what was built, from its export', async () => {
    const asked: unknown[] = []
    const { outcomes, console, work } = await run([built(anImage()), notBuilt(anImage('api'))], async (...args) => {
      asked.push(args)
      return report
    })
    const shown = { layoutDir: image.layoutDir, digests: image.digests, standIns: new Map() }
    expect(asked).toEqual([[shown, { directory: '/cache-1' }, { scanners: ['vuln'], timeout: 60_000 }]])
    expect(outcomes).toMatchObject([{ status: 'scanned', imageId: 'sha256:1', digests: { diffIds } }])
    expect(work.layers).toEqual({ distinct: 1, total: 1, bytes: 1000 })
    expect(console.lines).toEqual(['Scanned web: debian 12.15, 2 packages, 2 findings before the policy'])
    expect(console.stages).toEqual(['web: scanning'])
  })

  it('fails where Trivy left out packages of the distribution, and keeps what else it left out', async () => {
    const lostPackages = ['[dpkg] Invalid version', '[dpkg] Parse error']
    const lost = await run([built(anImage())], async () => ({ text: report, lostPackages, leftOut: [] }))
    expect(lost.outcomes).toMatchObject([{ status: 'failed', failure: { log: lostPackages } }])
    expect(lost.console.lines.join()).toContain('distribution: [dpkg] Invalid version (and 1 more lines like it)')
    const leftOut = ['srv/package.json (Trivy cannot read it)']
    const { outcomes } = await run([built(anImage())], async () => ({ text: report, lostPackages: [], leftOut }))
    expect(outcomes).toMatchObject([{ status: 'scanned', scan: { leftOut } }])
    const said = { text: report, lostPackages: [], leftOut: [], unknownRelease: 'debian 99' }
    const unknown = await run([built(anImage())], async () => said)
    const unexamined = 'Trivy does not know the release debian 99, and maybe no vulnerabilities of it'
    expect(unknown.outcomes).toMatchObject([{ status: 'scanned', scan: { unexamined } }])
  })

  it('exports all of them at once, each once, and none where nothing was built', async () => {
    const asked: unknown[] = []
    const withExport: Engine['withExport'] = async (ids, use) => {
      asked.push(ids)
      return use(anExport(image))
    }
    await run([built(anImage('a')), built(anImage('b'))], async () => report, withExport)
    await run([notBuilt(anImage('a'))], unexpected, withExport)
    expect(asked).toEqual([['sha256:1', 'sha256:1']])
  })

  it('lets images that share layers know what is analysed already, and gives each scan a cache of its own', async () => {
    const used: string[] = []
    const builds = ['a', 'b', 'c', 'd'].map(name => built(anImage(name)))
    const { caches, work, outcomes } = await run(builds, async (_, { directory }) => {
      expect(used).not.toContain(directory)
      if (directory !== '/cache-1') used.push(directory)
      await setImmediate()
      used.splice(0, 1)
      return report
    })
    expect(caches).toEqual([undefined, { directory: '/cache-1' }, { directory: '/cache-1' }])
    expect(work.layers).toEqual({ distinct: 1, total: 4, bytes: 1000 })
    expect(outcomes.map(outcome => outcome.image.name)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('scans no image with a layer that is not the one of its configuration', async () => {
    const layers = [{ digest: 'sha256:f', bytes: 1 }]
    const forged = anExported({ digests: image.digests, layers, readLayer: async () => 'sha256:f' })
    const builds = ['a', 'b'].map(name => ({ ...built(anImage(name)), imageId: `sha256:${name}` }))
    const each = { image: (id: string) => (id === 'sha256:a' ? forged : image) }
    const { outcomes, console } = await run(
      builds,
      async () => report,
      async (_, use) => use(each),
    )
    expect(outcomes).toMatchObject([{ status: 'failed' }, { status: 'scanned' }])
    expect(console.lines.join()).toContain('is not the one that the image’s configuration names')
  })

  it('makes an SBOM of what is gated, and a warning where it cannot', async () => {
    const asked: unknown[] = []
    const builds = [built(anImage('a')), built(anImage('a', { revision: 'base' })), built(anImage('b'))]
    const { outcomes, console } = await run(builds, async () => report, undefined, {
      sbom: true,
      makeSbom: async (text, name, timeout) => {
        asked.push([text === report, name, timeout])
        if (name === 'b') throw new ToolError('Trivy made no SBOM', 'Run again.')
        return '/tmp/sbom.cdx.json'
      },
    })
    expect(asked).toEqual([
      [true, 'a', 60_000],
      [true, 'b', 60_000],
    ])
    expect(outcomes.map(outcome => outcome.status === 'scanned' && outcome.sbom)).toEqual([
      '/tmp/sbom.cdx.json',
      undefined,
      undefined,
    ])
    expect(console.lines).toContain('warning: b: no SBOM: Trivy made no SBOM')
  })

  it('scans the context of each revision too, for what the rules ask', async () => {
    const asked: unknown[] = []
    const results = [{ Class: 'config', Target: 'Dockerfile', MisconfSummary: { Successes: 1, Failures: 0 } }]
    const text = JSON.stringify({ SchemaVersion: 2, ArtifactType: 'filesystem', Results: results })
    const more: Partial<Scanner> = {
      scanLockFiles: async (...args) => {
        asked.push(args)
        return { text, complaints: [] }
      },
      scanDockerfile: async (...args) => {
        asked.push(args)
        return { text, complaints: [] }
      },
    }
    const origin = {
      file: 'images/web/Dockerfile',
      lines: { start: 2, end: 2 },
      instruction: 'COPY . .',
      fromBase: false,
    }
    const lockFiles = [{ path: 'go.mod', origin }]
    const builds = [built(anImage('a', { lockFiles })), built(anImage('a', { revision: 'base' })), built(anImage('b'))]
    const { outcomes } = await run(builds, async () => report, undefined, more)
    expect(asked.splice(0)).toEqual([['/repo/images/a', 60_000]])
    expect(outcomes.map(({ status }) => status)).toEqual(['scanned', 'scanned', 'scanned'])
    const before = [built(anImage('a', { revision: 'base', lockFiles }))]
    await run(before, async () => report, undefined, { ...more, scanners: ['misconfig'], lockFiles: false })
    expect(asked).toEqual([['/before/images/a/Dockerfile', 60_000]])
  })

  it('scans the others when there is no room for the cache of one', async () => {
    let caches = 0
    const newCache: Scanner['newCache'] = async () => {
      caches += 1
      if (caches === 2) throw new ToolError('the disk is full', 'Free space.')
      return { directory: `/cache-${String(caches)}` }
    }
    const builds = ['a', 'b', 'c'].map(name => built(anImage(name)))
    const { outcomes } = await run(builds, async () => report, undefined, { newCache })
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['failed', 'scanned', 'scanned'])
  })

  it('makes an export that fails the outcome of every image', async () => {
    const builds = ['a', 'b'].map(name => built(anImage(name)))
    const { outcomes } = await run(builds, unexpected, async () =>
      Promise.reject(new ToolError('disk full', 'Free it.')),
    )
    expect(outcomes).toMatchObject([
      { status: 'failed', failure: { message: 'the scan failed: disk full', advice: 'Free it.' } },
      { status: 'failed' },
    ])
  })

  it('scans the others when one image of the export is not what it says', async () => {
    const builds = ['a', 'b'].map(name => ({ ...built(anImage(name)), imageId: name }) as BuildOutcome)
    const { outcomes } = await run(
      builds,
      async () => report,
      async (_, use) =>
        use({
          image: id => {
            if (id === 'a') throw new IntegrityError('layer x is not the image’s', 'Stop.')
            return image
          },
        }),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'scanned'])
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
    const other = await run([built(anImage())], async () => report, otherImage({ diffIds: ['sha256:other'] }))
    expect(other.outcomes).toMatchObject([{ status: 'failed' }])
  })

  it('says when nothing was recognised', async () => {
    const empty = JSON.stringify({
      SchemaVersion: 2,
      ArtifactType: 'container_image',
      Metadata: { ImageConfig: { rootfs: { diff_ids: [] } } },
    })
    const { console } = await run([built(anImage())], async () => empty, otherImage({ diffIds: [] }))
    expect(console.lines[0]).toBe(
      'Scanned web: no operating system recognised, 0 packages, 0 findings before the policy',
    )
  })

  describe('in a run that is cancelled', () => {
    const builds = ['a', 'b', 'c'].map(name => built(anImage(name)))
    const cancelled = { status: 'failed', failure: { message: 'the scan failed: the run was cancelled' } }

    it('keeps what was scanned, and says of the rest that it was not', async () => {
      const ending = new TestEnding()
      let scans = 0
      const scan = async (): Promise<string> => {
        scans += 1
        if (scans === 1) return report
        ending.end()
        // As somebody says who only sees that what he started was killed.
        throw new ToolError('no repository gave the Java database', 'Name a mirror.')
      }
      const { outcomes } = await run(builds, scan, undefined, { ending })
      expect(outcomes).toMatchObject([{ status: 'scanned' }, cancelled, cancelled])
    })

    it('does not wait for ever for who does not heed it', async () => {
      const ending = new TestEnding()
      let scans = 0
      const scan = async (): Promise<string> => {
        scans += 1
        if (scans === 1) return report
        ending.end()
        ending.giveUp()
        return new Promise(() => undefined)
      }
      const { outcomes } = await run(builds, scan, undefined, { ending })
      expect(outcomes).toMatchObject([{ status: 'scanned' }, cancelled, cancelled])
    })

    it('exports nothing any more', async () => {
      const ending = new TestEnding()
      ending.end()
      const { outcomes } = await run(builds, unexpected, unexpected, { ending })
      expect(outcomes).toMatchObject([cancelled, cancelled, cancelled])
    })
  })

  it('lets a defect through, but not a broken image', async () => {
    await expect(run([built(anImage())], async () => Promise.reject(new TypeError('defect')))).rejects.toThrow(
      TypeError,
    )
    const broken = await run([built(anImage())], async () => Promise.reject(new IntegrityError('tampered', 'Stop.')))
    expect(broken.outcomes).toMatchObject([{ status: 'failed' }])
  })
})
