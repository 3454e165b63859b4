/** One process of the bench of reports: measures so many findings, decides on them, and renders every report. */
import { aFinding, anImage, aScan, built, someDigests, someGrounds } from '../__tests__/builders.js'
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

const [images = 0, each = 0] = process.argv.slice(2).map(Number)

/** As different as real ones: hundreds of packages, each with a few vulnerabilities. */
function findingOf(image: number, at: number): Finding {
  const name = `package-${String(at % 400)}`
  const version = `1.${String(at % 7)}.${String(image % 3)}-1`
  return aFinding({
    id: `CVE-20${String(10 + (at % 15))}-${String(1000 + at)}`,
    severity: severities[at % severities.length] ?? 'LOW',
    package: { name, version, purl: `pkg:deb/debian/${name}@${version}`, class: 'os-pkgs', type: 'debian' },
    fixedVersion: `1.${String((at % 7) + 1)}.0-1`,
    layer: `layer-${String(at % 4)}`,
    title: `${name}: what is wrong with it, in about as many words as the database usually takes to say it`,
  })
}

function scanOf(image: number): ScannedImage {
  const layers = ['FROM', 'a', 'b', 'c'].map((step, at) => ({
    diffId: `layer-${String(at)}`,
    byBuildKit: at > 0,
    createdBy: `RUN /bin/sh -c ${step} # buildkit`,
  }))
  const findings = Array.from({ length: each }, (_, at) => findingOf(image, at))
  return {
    status: 'scanned',
    image: anImage(`image-${String(image).padStart(3, '0')}`),
    imageId: 'sha256:1',
    digests: someDigests,
    scan: aScan({ findings, layers }),
    duration: 900,
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
const rss = (): number => {
  ;(globalThis as { gc?: () => void }).gc?.()
  return megabytes(process.memoryUsage.rss())
}

const scans = Array.from({ length: images }, (_, image) => scanOf(image))
const builds = scans.map(({ image }) => built(image))
const dockerfiles = new Map(scans.map(({ image }) => [image, 'FROM debian\nRUN a\nRUN b\nRUN c\n']))
const inputMb = rss()
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

const verdict = timed('decide', () =>
  decide({ builds, scans, skipped: [], comparisons: new Map() }, someGrounds({ severity: ['CRITICAL', 'HIGH'] })),
)
const explained = timed('explain', () => explainOrigins(verdict, { builds, scans, dockerfiles }))
const advice = timed('advise', () => adviseOn(explained))
const report: Report = {
  verdict: explained,
  advice,
  ignored: [],
  warnings: [],
  context: { workspace: '/w', processors: 2, pullRequest: 7, runId: 1 },
  imagesRoot: 'images',
  startedAt: '2026-08-02T10:00:00.000Z',
  duration: 1,
}
timed('summary', () => renderSummary(report))
timed('annotations', () => renderAnnotations(report))
timed('comment', () => planComment(report, 'always'))
timed('terminal', () => renderTerminal(report, false))
timed('html', () => renderHtml(report))
const jsonMb = timed('json', () => megabytes(sizeOf(renderJsonReport(report))))
const sarifMb = timed('sarif', () => megabytes(sizeOf(renderSarif(report, '1.0.0'))))
// On Linux in kilobytes, and the most that there ever was.
const peakMb = Math.round(process.resourceUsage().maxRSS / 1000)
process.stdout.write(`${JSON.stringify({ images, each, times, inputMb, peakMb, jsonMb, sarifMb })}\n`)
