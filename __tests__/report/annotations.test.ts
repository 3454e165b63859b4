import type { JudgedFinding, Origin, Report } from '../../src/model.js'
import { renderAnnotations } from '../../src/report/annotations.js'
import { renderClosing } from '../../src/report/closing.js'
import { aJudged, anImage, anImageVerdict, aReport, aVerdict } from '../builders.js'

const line = (start: number): Origin => ({
  file: 'images/web/Dockerfile',
  lines: { start, end: start },
  instruction: 'RUN x',
  fromBase: false,
})

const reportOn = (findings: JudgedFinding[], more: Partial<Report> = {}, name = 'web'): Report =>
  aReport(aVerdict([anImageVerdict({ image: anImage(name), state: 'vulnerable', findings })]), more)

describe('renderAnnotations', () => {
  it('has one for each line, the worst first, and counts what does not fit', () => {
    const findings = Array.from({ length: 12 }, (_, at) =>
      aJudged({ id: `CVE-${String(at)}`, severity: at === 11 ? 'CRITICAL' : 'HIGH', origin: line(at + 1) }),
    )
    const annotations = renderAnnotations(reportOn([...findings, aJudged({ id: 'CVE-12', origin: line(3) })]))
    expect(annotations.map(({ lines }) => lines?.start)).toEqual([12, 3, 1, 2, 4, 5, 6, 7, undefined])
    expect(annotations[1]?.message).toBe(
      'This brings 2 high:\nCVE-2 (HIGH): libssl1.0.0 1.0.1e-2, fixed in 1.0.1g-1\nCVE-12 (HIGH): libssl1.0.0 1.0.1e-2, fixed in 1.0.1g-1',
    )
    expect(annotations.at(-1)).toMatchObject({ level: 'error', message: '4 more annotations: see the job summary.' })
  })

  it('says where in a lock file a package stands, and what it cannot place', () => {
    const place = { file: 'images/web/Pipfile.lock', lines: { start: 42, end: 45 } }
    const messages = renderAnnotations(reportOn([aJudged({ place, origin: line(4) }), aJudged({ id: 'CVE-2' })])).map(
      ({ message }) => message,
    )
    expect(messages[0]).toContain('fixed in 1.0.1g-1 (images/web/Pipfile.lock:42-45)')
    expect(messages[1]).toMatch(/^No single line brought these: 1 high:\n/)
  })

  it('leaves room for one more error and one more warning of the step', () => {
    const warnings = Array.from({ length: 30 }, (_, at) => `warning ${String(at)}`)
    const annotations = renderAnnotations(reportOn([], { warnings }))
    expect(annotations).toHaveLength(9)
    expect(annotations.at(-1)?.message).toBe('22 more annotations: see the job summary.')
  })

  it('keeps the beginning of a reason that is one long line', () => {
    const failure = { message: `the scan failed: ${'x'.repeat(6000)}`, advice: 'Run again.', log: [] }
    const image = anImageVerdict({ state: 'scan-failed', failure })
    const [annotation] = renderAnnotations(aReport(aVerdict([image], { result: 'error' })))
    expect(annotation?.message).toMatch(/^the scan failed: x+… See the job summary\.$/)
    expect(annotation?.message.length).toBeLessThanOrEqual(4096)
  })

  it('shows what a name hides, and leaves alone the file, which GitHub looks for', () => {
    const name = 'web\u202egnp'
    const [annotation] = renderAnnotations(reportOn([aJudged({ id: 'CVE\u200b-1' })], {}, name))
    expect(annotation).toMatchObject({
      title: 'web\\u{202e}gnp: 1 finding',
      message: expect.stringContaining('CVE\\u{200b}-1') as string,
      file: `images/${name}/Dockerfile`,
    })
    expect(renderClosing(reportOn([aJudged()], {}, name))).toContain('web\\u{202e}gnp (1 high)')
  })
})
