import type { Report } from '../src/model.js'
import type { ReportWriter } from '../src/ports.js'
import { ReportFolder } from '../src/report-folder.js'
import { anImage, anImageVerdict, aReport, aVerdict } from './builders.js'

class FakeWriter implements ReportWriter {
  readonly written = new Map<string, string>()
  readonly copied: string[] = []
  readonly cleared: string[] = []

  constructor(readonly refuses = '') {}

  writeText(path: string, text: string | Iterable<string>): Promise<void> {
    if (this.refuses !== '' && path.endsWith(this.refuses)) return Promise.reject(new Error('ENOSPC'))
    this.written.set(path, typeof text === 'string' ? text : [...text].join(''))
    return Promise.resolve()
  }

  clear(directory: string, ending: string): Promise<void> {
    this.cleared.push(`${directory} ${ending}`)
    return Promise.resolve()
  }

  copy(from: string, to: string): Promise<void> {
    this.copied.push(`${from} -> ${to}`)
    return Promise.resolve()
  }
}

async function deliver(folder: ReportFolder, report: Report): Promise<string[]> {
  const refused: string[] = []
  for (const outlet of folder.outlets) await outlet.deliver(report).catch(() => refused.push(outlet.name))
  return refused
}

const images = [
  anImageVerdict({ image: anImage('a/b', { safeName: 'a-b' }), sbom: '/tmp/1.json' }),
  anImageVerdict({ image: anImage('api') }),
]
const report = aReport(aVerdict(images))

describe('ReportFolder', () => {
  it('writes each report, and says where it is', async () => {
    const files = new FakeWriter()
    const folder = new ReportFolder('/reports', files)
    expect(folder.paths).toEqual({ report: '', html: '', sarif: '', sbom: '' })
    expect(await deliver(folder, report)).toEqual([])
    expect(folder.paths).toEqual({
      report: '/reports/report.json',
      html: '/reports/report.html',
      sarif: '/reports/report.sarif',
      sbom: '/reports/sbom',
    })
    expect(JSON.parse(files.written.get('/reports/report.json') ?? '')).toMatchObject({ result: 'passed' })
    expect(JSON.parse(files.written.get('/reports/report.sarif') ?? '')).toMatchObject({ version: '2.1.0' })
    expect(files.written.get('/reports/report.html')).toMatch(/^<!doctype html>/)
    expect(files.cleared).toEqual(['/reports/sbom .cdx.json'])
    expect(files.copied).toEqual(['/tmp/1.json -> /reports/sbom/a-b.cdx.json'])
  })

  it('leaves what a comment would say, also where nothing blocks, but only for a pull request', async () => {
    const files = new FakeWriter()
    await deliver(new ReportFolder('/reports', files), report)
    expect(files.written.get('/reports/comment.md')).toMatch(/^<!-- image-gate:[0-9a-f]{16} -->/)
    const { pullRequest: _, ...context } = report.context
    const others = new FakeWriter()
    await deliver(new ReportFolder('/reports', others), { ...report, context })
    expect([...others.written.keys()]).toEqual([
      '/reports/report.json',
      '/reports/report.html',
      '/reports/report.sarif',
    ])
  })

  it('names no report that could not be written, and no folder of SBOMs that are not there', async () => {
    const folder = new ReportFolder('/reports', new FakeWriter('.sarif'))
    expect(await deliver(folder, aReport(aVerdict([anImageVerdict()])))).toEqual(['SARIF report'])
    expect(folder.paths).toMatchObject({ sarif: '', sbom: '', html: '/reports/report.html' })
  })
})
