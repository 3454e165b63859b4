/** One process of the bench of reports: measures so many findings, decides on them, and renders every report. */
import { gzipSync } from 'node:zlib'
import { anImage, aScan, built, someDigests, someGrounds } from '../__tests__/builders.js'
import { decide } from '../src/decide/verdict.js'
import { adviseOn } from '../src/explain/advice.js'
import { explainOrigins } from '../src/explain/origin.js'
import { severities, type Finding, type Report, type ScannedImage } from '../src/model.js'
import { renderAnnotations } from '../src/report/annotations.js'
import { planComment } from '../src/report/comment.js'
import { renderHtml } from '../src/report/html.js'
import { renderJsonReport } from '../src/report/json-report.js'
import { renderSarif } from '../src/report/sarif.js'
import { renderSummary } from '../src/report/summary.js'
import { renderTerminal } from '../src/report/terminal.js'
import { readVulnerabilities } from '../src/scan/finding.js'

const [images = 0, each = 0] = process.argv.slice(2).map(Number)

/** One of Trivy's findings, as different as real ones: hundreds of packages, each with a few vulnerabilities. */
function vulnerabilityOf(image: number, at: number): object {
  const name = `package-${String(at % 400)}`
  const version = `1.${String(at % 7)}.${String(image % 3)}-1`
  const id = `CVE-20${String(10 + (at % 15))}-${String(1000 + at)}`
  return {
    VulnerabilityID: id,
    PkgName: name,
    PkgIdentifier: { PURL: `pkg:deb/debian/${name}@${version}?arch=amd64&distro=debian-12.15` },
    InstalledVersion: version,
    FixedVersion: `1.${String((at % 7) + 1)}.0-1`,
    Status: 'fixed',
    Layer: { DiffID: diffIds[at % 4] },
    SeveritySource: 'nvd',
    PrimaryURL: `https://avd.aquasec.com/nvd/${id.toLowerCase()}`,
    Title: `${name}: what is wrong with it, in about as many words as the database usually takes to say it`,
    Severity: severities[at % severities.length],
    VendorSeverity: { debian: 1 + (at % 3), nvd: 3, redhat: 2, ubuntu: 2 },
  }
}

const diffIds = ['0', '1', '2', '3'].map(digit => `sha256:${digit.repeat(64)}`)

/** Read as the gate reads Trivy's report, so that it takes as much memory as it does in a run. */
function findingsOf(image: number): Finding[] {
  return Array.from({ length: each }, (_, at) => {
    const Vulnerabilities = [JSON.parse(JSON.stringify(vulnerabilityOf(image, at))) as unknown]
    return readVulnerabilities({ Class: 'os-pkgs', Type: 'debian', Vulnerabilities })
  }).flat()
}

function scanOf(image: number): ScannedImage {
  const layers = ['FROM', 'a', 'b', 'c'].map((step, at) => ({
    diffId: diffIds[at] ?? '',
    byBuildKit: at > 0,
    createdBy: `RUN /bin/sh -c ${step} # buildkit`,
  }))
  return {
    status: 'scanned',
    image: anImage(`image-${String(image).padStart(3, '0')}`),
    imageId: 'sha256:1',
    digests: someDigests,
    scan: aScan({ findings: findingsOf(image), layers }),
    duration: 900,
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
const rss = (): number => {
  ;(globalThis as { gc?: () => void }).gc?.()
  return megabytes(process.memoryUsage.rss())
}

let inputMb = 0
const times: Record<string, number> = {}

function timed<T>(name: string, work: () => T): T {
  const started = process.hrtime.bigint()
  const result = work()
  times[name] = Number(process.hrtime.bigint() - started) / 1e9
  return result
}

const sizeOf = (parts: Iterable<string>): number => {
  let size = 0
  for (const part of parts) size += Buffer.byteLength(part)
  return size
}

/** What a run keeps: the report, and nothing of what it was made of. */
function makeReport(): Report {
  const scans = Array.from({ length: images }, (_, image) => scanOf(image))
  inputMb = rss()
  const builds = scans.map(({ image }) => built(image))
  const dockerfiles = new Map(scans.map(({ image }) => [image, 'FROM debian\nRUN a\nRUN b\nRUN c\n']))
  const measured = { builds, scans, skipped: [], comparisons: new Map() }
  const verdict = timed('decide', () => decide(measured, someGrounds({ severity: ['CRITICAL', 'HIGH'] })))
  const explained = timed('explain', () => explainOrigins(verdict, { builds, scans, dockerfiles }))
  return {
    verdict: explained,
    advice: timed('advise', () => adviseOn(explained)),
    ignored: [],
    warnings: [],
    context: { workspace: '/w', processors: 2, pullRequest: 7, runId: 1 },
    imagesRoot: 'images',
    startedAt: '2026-08-02T10:00:00.000Z',
    duration: 1,
  }
}

const report = makeReport()
const before = process.cpuUsage()
const summaryKb = Math.round(Buffer.byteLength(timed('summary', () => renderSummary(report))) / 1000)
timed('annotations', () => renderAnnotations(report))
const commentKb = Math.round((timed('comment', () => planComment(report, 'always')) ?? '').length / 1000)
timed('terminal', () => renderTerminal(report, false))
timed('html', () => renderHtml(report))
const jsonMb = timed('json', () => megabytes(sizeOf(renderJsonReport(report))))
timed('sarif', () => sizeOf(renderSarif(report, '1.0.0')))
const { user, system } = process.cpuUsage(before)
// On Linux in kilobytes, and the most that there ever was.
const peakMb = Math.round(process.resourceUsage().maxRSS / 1000)
// GitHub takes it packed, and at most 10 MB.
const sarifMb = gzipSync([...renderSarif(report, '1.0.0')].join('')).length / 1e6
const sizes = { summaryKb, commentKb, jsonMb, sarifMb: Number(sarifMb.toFixed(1)) }
process.stdout.write(`${JSON.stringify({ images, each, times, cpu: (user + system) / 1e6, inputMb, peakMb, sizes })}\n`)
