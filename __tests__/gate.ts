/** Gates a repository in memory, on an engine and with a scanner that are not real. */
import { readFileSync } from 'node:fs'
import { parseInputs, type RawInputs } from '../src/inputs.js'
import { gate } from '../src/main.js'
import type { Report, RunContext } from '../src/model.js'
import type { Engine, Outlet, Ports, Repository, Scanner } from '../src/ports.js'
import { anExport, anExported, MemoryFiles, noEnding, RecordingConsole, someDigests, tickingClock } from './builders.js'

const trivyReport = readFileSync('__tests__/recorded/trivy-image.json', 'utf8')
const { diff_ids: diffIds } = (
  JSON.parse(trivyReport) as { Metadata: { ImageConfig: { rootfs: { diff_ids: string[] } } } }
).Metadata.ImageConfig.rootfs

export const dockerfile =
  'FROM debian:bookworm\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends wget\nCOPY x /x\n'
export const repository = {
  repo: { images: { web: { Dockerfile: dockerfile }, 'My App': { Dockerfile: dockerfile }, docs: {} } },
}
export const inputsOf = (raw: RawInputs = {}): ReturnType<typeof parseInputs> =>
  parseInputs({ 'images-root': 'images', ...raw }, () => [])

export class FakeEngine implements Engine {
  readonly built: string[] = []
  cleaned = 0
  prepare: Engine['prepare'] = async () => ({ serverVersion: '29', buildxVersion: 'v0.29.1' })
  build: Engine['build'] = async ({ tag }) => {
    this.built.push(tag)
    return { status: 'built', imageId: 'sha256:1' }
  }
  withExport: Engine['withExport'] = async (_, use) =>
    use(anExport(anExported({ digests: { ...someDigests, diffIds } })))
  holds: Engine['holds'] = async () => false
  clean: Engine['clean'] = async () => {
    this.cleaned += 1
  }
}

export const scanner: Scanner = {
  prepare: async () => ({ version: '0.74.0', source: 'test', sha256: 'f'.repeat(64) }),
  javaDatabase: () => undefined,
  newCache: async () => ({ directory: '/tmp/cache' }),
  scanImage: async () => ({ text: trivyReport, lostPackages: [], leftOut: [] }),
  makeSbom: async () => '/tmp/sbom.cdx.json',
  scanLockFiles: async () => ({ text: emptyFolderReport, complaints: [] }),
  scanDockerfile: async () => ({ text: emptyFolderReport, complaints: [] }),
}

const emptyFolderReport = JSON.stringify({ SchemaVersion: 2, ArtifactType: 'filesystem' })

/** A history that nobody asks for. */
const unasked = (): never => {
  throw new Error('unexpected call')
}
export const noHistory: Repository = {
  resolveBase: unasked,
  checkedOut: unasked,
  isMerged: unasked,
  readText: unasked,
  changesSince: unasked,
  checkOut: unasked,
}

export interface Run {
  report: Report
  delivered: Report[]
  console: RecordingConsole
  engine: FakeEngine
}

export async function run(
  change: (ports: Ports & { engine: FakeEngine }) => void = () => undefined,
  raw: RawInputs = {},
  event: Partial<RunContext> = {},
): Promise<Run> {
  const console = new RecordingConsole()
  const engine = new FakeEngine()
  const files = new MemoryFiles(repository)
  const others = { repository: { ...noHistory }, files, console, clock: tickingClock(), ending: noEnding }
  const ports = { engine, scanner: { ...scanner }, ...others }
  change(ports)
  const delivered: Report[] = []
  const broken: Outlet = { name: 'broken outlet', deliver: async () => Promise.reject(new Error('refused')) }
  const outlet: Outlet = { name: 'outlet', deliver: async report => void delivered.push(report) }
  const report = await gate(inputsOf(raw), { workspace: '/repo', processors: 2, ...event }, ports, [broken, outlet])
  return { report, delivered, console, engine }
}
