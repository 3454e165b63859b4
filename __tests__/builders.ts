/** Short ways to say what a test is about; everything not said is ordinary. */
import { posix } from 'node:path'
import type {
  BuildOutcome,
  Exception,
  Finding,
  ImageContext,
  ImageDigests,
  ImageRules,
  ImageScan,
  ImageVerdict,
  JudgedFinding,
  Policy,
  Report,
  Rules,
  ScanOutcome,
  Verdict,
  Vulnerability,
  WorkDone,
} from '../src/model.js'
import { resolveRules } from '../src/decide/rules.js'
import { ToolError } from '../src/errors.js'
import { adviseOn } from '../src/explain/advice.js'
import type { Grounds } from '../src/decide/verdict.js'
import type { Clock, Console, DirectoryEntry, Ending, Export, ExportedImage, Files } from '../src/ports.js'

export function anImage(name = 'web', more: Partial<ImageContext> = {}): ImageContext {
  const contextDir = `images/${name}`
  const dockerfile = `${contextDir}/Dockerfile`
  return {
    name,
    safeName: name,
    contextDir,
    dockerfile,
    revision: 'head',
    sources: [contextDir],
    lockFiles: [],
    ...more,
  }
}

export function aFinding(more: Partial<Vulnerability> = {}): Vulnerability {
  return {
    kind: 'vulnerability',
    vendorSeverities: {},
    id: 'CVE-2014-0160',
    severity: 'HIGH',
    status: 'fixed',
    fixedVersion: '1.0.1g-1',
    package: { name: 'libssl1.0.0', version: '1.0.1e-2', class: 'os-pkgs', type: 'debian' },
    ...more,
  }
}

export type JudgedVulnerability = Vulnerability & JudgedFinding

export function aJudged(more: Partial<JudgedVulnerability> = {}): JudgedVulnerability {
  return { ...aFinding(), ruling: 'gating', rule: 'severity', ...more }
}

export function aScan(more: Partial<ImageScan> = {}): ImageScan {
  return { findings: [], layers: [], packages: 90, os: { family: 'debian', name: '12.5', endOfLife: false }, ...more }
}

/** A policy that says nothing. */
export const noPolicy: Policy = { rules: {}, images: [], exceptions: [], warnings: [], files: [] }

/** The rules of an image, all but the given ones by default. */
export function someRules(given: Partial<Rules> = {}): ImageRules {
  return resolveRules(noPolicy, given, 'web')
}

export function someGrounds(given: Partial<Rules> = {}, more: Partial<Grounds> = {}): Grounds {
  const now = new Date('2026-08-02T10:00:00Z')
  return { rulesOf: () => someRules(given), exceptions: [], warnOnly: false, now, ...more }
}

export function anException(more: Partial<Exception> = {}): Exception {
  return {
    id: 'CVE-2014-0160',
    images: [],
    packages: [],
    paths: [],
    reason: 'never called',
    until: '2026-10-01T00:00:00.000Z',
    source: 'policy',
    place: { file: '.github/image-gate.yml', lines: { start: 3, end: 5 } },
    ...more,
  }
}

export const noCounts = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 }

export function built(image: ImageContext): BuildOutcome {
  return { status: 'built', image, imageId: 'sha256:1', steps: [], provenance: [], baseImages: [], duration: 1000 }
}

export function notBuilt(image: ImageContext, message = 'the build failed: exit code: 1'): BuildOutcome {
  return { status: 'failed', image, failure: { message, advice: 'Mend it.', log: [] }, steps: [], duration: 500 }
}

export const someDigests: ImageDigests = { manifest: 'sha256:1', config: 'sha256:2', diffIds: ['sha256:3'] }

/** An image whose layers are what it says, with nothing of note in them. */
export function anExported(more: Partial<ExportedImage> = {}): ExportedImage {
  const { layoutDir = '/tmp/layout', digests = someDigests } = more
  return {
    ...{ layoutDir, digests, layers: [{ digest: 'sha256:3', bytes: 1000 }] },
    readLayer: async at => digests.diffIds[at] ?? '',
    show: async () => ({ layoutDir, digests, standIns: new Map() }),
    ...more,
  }
}

/** An export that has the same image under every ID. */
export function anExport(image: ExportedImage): Export {
  return { image: () => image }
}

export function scanned(image: ImageContext, ...findings: Finding[]): ScanOutcome {
  return {
    status: 'scanned',
    image,
    imageId: 'sha256:1',
    digests: someDigests,
    scan: aScan({ findings }),
    duration: 300,
  }
}

export function notScanned(image: ImageContext): ScanOutcome {
  const failure = { message: 'the scan failed: killed', advice: 'Run again.', log: ['FATAL'] }
  return { status: 'failed', image, imageId: 'sha256:1', failure, duration: 300 }
}

export function anImageVerdict(more: Partial<ImageVerdict> = {}): ImageVerdict {
  const counts = { ...noCounts }
  for (const { severity, ruling } of more.findings ?? []) if (ruling === 'gating') counts[severity] += 1
  return {
    image: anImage(),
    state: 'clean',
    findings: [],
    counts,
    rules: someRules(),
    digests: someDigests,
    buildDuration: 4100,
    scanDuration: 850,
    packages: 90,
    os: { family: 'debian', name: '12.5', endOfLife: false },
    ...more,
  }
}

export function aVerdict(images: readonly ImageVerdict[], more: Partial<Verdict> = {}): Verdict {
  const counts = { ...noCounts }
  for (const image of images)
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += image.counts[name]
  const exceptions = { expired: [], expiring: [], unused: [] }
  return { result: 'passed', images, counts, warnOnly: false, exceptions, ...more }
}

export const someWork: WorkDone = {
  build: 41_200,
  export: 2300,
  scan: 1850,
  steps: { ran: 9, shared: 4, saved: 125_000 },
  layers: { distinct: 10, total: 16, bytes: 134_772_474 },
}

export function aReport(verdict: Verdict, more: Partial<Report> = {}): Report {
  return {
    verdict,
    ignored: [],
    warnings: [],
    advice: adviseOn(verdict),
    policy: { revision: 'head', exceptions: 0 },
    context: {
      workspace: '/repo',
      event: 'pull_request',
      repository: 'o/r',
      sha: 'abc1234',
      pullRequest: 7,
      processors: 2,
    },
    imagesRoot: 'docker-builder/registry-repos',
    scanner: {
      version: '0.74.0',
      source: 'tool cache',
      sha256: 'f'.repeat(64),
      database: {
        repository: 'ghcr.io/aquasecurity/trivy-db:2',
        updatedAt: '2026-08-01T00:00:00Z',
        digest: `sha256:${'d'.repeat(64)}`,
      },
    },
    engine: { serverVersion: '29.0.0', buildxVersion: 'v0.29.1' },
    ...(verdict.images.length === 0 ? {} : { work: someWork }),
    startedAt: '2026-08-02T10:00:00.000Z',
    duration: 65_000,
    ...more,
  }
}

/** Keeps what was said, by kind. */
export class RecordingConsole implements Console {
  readonly lines: string[] = []
  readonly stages: string[] = []

  info(text: string): void {
    this.lines.push(text)
  }
  warning(text: string): void {
    this.lines.push(`warning: ${text}`)
  }
  debug(text: string): void {
    this.lines.push(`debug: ${text}`)
  }
  foreign(line: string): void {
    this.lines.push(`| ${line}`)
  }
  progress(image: string, stage: string, detail = ''): void {
    this.stages.push(`${image}: ${stage} ${detail}`.trimEnd())
  }
  async group<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.lines.push(`> ${title}`)
    return work().finally(() => this.lines.push('<'))
  }
}

/** A clock that moves by one second each time it is looked at. */
export function tickingClock(): Clock {
  let time = Date.parse('2026-08-02T10:00:00Z')
  return {
    now: () => {
      time += 1000
      return new Date(time)
    },
  }
}

export const aProblem = { kind: 'tool', messages: ['the run was cancelled'], advice: 'Run it again.' } as const

/** Of a run that nobody cancels. */
export const noEnding: Ending = { cancelled: new AbortController().signal, overdue: new AbortController().signal }

/** Of a run that is cancelled when `end` is called; nobody is waited for any more when `give up` is. */
export class TestEnding implements Ending {
  readonly #cancelled = new AbortController()
  readonly #overdue = new AbortController()
  readonly cancelled = this.#cancelled.signal
  readonly overdue = this.#overdue.signal
  readonly reason = new ToolError('the run was cancelled', 'Run it again.')

  end(): void {
    this.#cancelled.abort(this.reason)
  }

  giveUp(): void {
    this.#overdue.abort(this.reason)
  }
}

type Tree = { readonly [name: string]: Tree | string | { readonly linkTo: string } }

const isLink = (node: unknown): node is { readonly linkTo: string } =>
  typeof node === 'object' && node !== null && typeof (node as { linkTo?: unknown }).linkTo === 'string'

/** Files in memory: folders are objects, files are strings, `{linkTo}` is a symbolic link. */
export class MemoryFiles implements Files {
  readonly written = new Map<string, string>()
  readonly #root: Tree

  constructor(root: Tree) {
    this.#root = root
  }

  async list(directory: string): Promise<readonly DirectoryEntry[] | undefined> {
    const found = this.#find(directory)
    if (found === undefined || typeof found.node === 'string') return undefined
    return Object.keys(found.node).map(name => {
      const entry = this.#find(`${found.path}/${name}`)
      if (entry === undefined) return { name, kind: 'missing' }
      return { name, kind: typeof entry.node === 'string' ? 'file' : 'directory', realPath: entry.path }
    })
  }

  async realPath(path: string): Promise<string | undefined> {
    return this.#find(path)?.path
  }

  async readLink(path: string): Promise<string | undefined> {
    const parent = this.#find(posix.dirname(path))?.node
    const node = typeof parent === 'object' ? parent[posix.basename(path)] : undefined
    return isLink(node) ? node.linkTo : undefined
  }

  async readText(path: string): Promise<string | undefined> {
    const node = this.#find(path)?.node
    if (typeof node === 'object') throw new Error(`EISDIR: ${path}`)
    return node
  }

  async readBytes(path: string): Promise<Uint8Array | undefined> {
    const text = await this.readText(path)
    return text === undefined ? undefined : Buffer.from(text)
  }

  async writeText(path: string, text: string): Promise<void> {
    this.written.set(path, text)
  }

  #find(path: string): { path: string; node: Tree | string } | undefined {
    let at = ''
    let node: Tree | string = this.#root
    for (const part of path.split('/').filter(name => name !== '')) {
      const next: Tree | string | { readonly linkTo: string } | undefined =
        typeof node === 'string' ? undefined : node[part]
      if (next === undefined) return undefined
      const target: { path: string; node: Tree | string } | undefined = isLink(next)
        ? this.#find(posix.resolve(at || '/', next.linkTo))
        : { path: `${at}/${part}`, node: next }
      if (target === undefined) return undefined
      at = target.path
      node = target.node
    }
    return { path: at || '/', node }
  }
}
