import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { renderAnnotations } from '../../src/report/annotations.js'
import { planComment } from '../../src/report/comment.js'
import { renderClosing } from '../../src/report/closing.js'
import { renderHtml } from '../../src/report/html.js'
import { renderJsonReport } from '../../src/report/json-report.js'
import { renderOutputs } from '../../src/report/outputs.js'
import { renderSummary } from '../../src/report/summary.js'
import { renderTerminal } from '../../src/report/terminal.js'
import type { Report } from '../../src/model.js'
import { situations } from './situations.js'

/** Compares with the committed file; `UPDATE_GOLDEN=1` writes it anew, to be read before it is committed. */
function expectGolden(name: string, actual: string): void {
  const path = `__tests__/report/golden/${name}`
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync('__tests__/report/golden', { recursive: true })
    writeFileSync(path, actual)
  }
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(actual)
}

const all = Object.entries(situations)
const small = all.filter(([name]) => name !== 'two-hundred-images')

describe('golden reports', () => {
  it.each(small)('summary: %s', (name, report) => {
    expectGolden(`${name}.summary.md`, renderSummary(report))
  })

  it.each(['clean', 'blocked', 'mixed'])('comment: %s', name => {
    const report = situations[name] as Report
    const context = { ...report.context, runId: 5, pullRequest: 7, job: 'image-gate', workflow: 'images.yml' }
    expectGolden(`${name}.comment.md`, planComment({ ...report, context }, 'always') ?? '')
  })

  it.each(['mixed', 'hostile-names'])('HTML: %s', name => {
    const [, body = ''] = /<body>\n([^]*)<script>/.exec(renderHtml(situations[name] as Report)) ?? []
    expectGolden(`${name}.report.html`, body)
  })

  it.each(small)('terminal and log: %s', (name, report) => {
    const annotations = renderAnnotations(report).map(annotation => JSON.stringify(annotation))
    expectGolden(
      `${name}.terminal.txt`,
      [renderTerminal(report, false), ...annotations, renderClosing(report), ''].join('\n'),
    )
  })
})

describe('any report', () => {
  const ajv = new Ajv2020({ allErrors: true })
  addFormats.default(ajv)
  const validate = ajv.compile(JSON.parse(readFileSync('docs/report.schema.json', 'utf8')) as object)

  it.each(all)('is valid by the published schema: %s', (_, report) => {
    validate(JSON.parse([...renderJsonReport(report)].join('')))
    expect(validate.errors ?? []).toEqual([])
  })

  it('is refused by the schema when something is missing or added', () => {
    const json = JSON.parse([...renderJsonReport(situations['blocked'] as Report)].join('')) as Record<string, unknown>
    expect(validate({ ...json, result: 'fine' })).toBe(false)
    expect(validate({ ...json, surprise: true })).toBe(false)
    const { images: _, ...rest } = json
    expect(validate(rest)).toBe(false)
  })

  it.each(all)('keeps within GitHub’s limits: %s', (_, report) => {
    const annotations = renderAnnotations(report)
    expect(Buffer.byteLength(renderSummary(report))).toBeLessThan(1024 * 1024)
    expect(annotations.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(9)
    expect(annotations.filter(({ level }) => level === 'warning').length).toBeLessThanOrEqual(10)
    for (const { message } of annotations) expect(message.length).toBeLessThanOrEqual(4096)
  })

  it('says how much it had to cut', () => {
    const report = situations['two-hundred-images'] as Report
    expect(renderSummary(report)).toContain('… and 90 more, less severe or equal: see the JSON report.')
    expect(renderAnnotations(report).at(-1)?.message).toBe('192 more annotations: see the job summary.')
    expect(renderAnnotations(report)[0]?.message).toMatch(/… and \d+ more: see the job summary\.$/)
    expect(renderClosing(report)).toMatch(/image-009 \(100 high\); and 190 more\./)
    expect(renderTerminal(report, false)).toContain('  … and 85 more')
  })

  it('shows the worst images when not all of them fit', () => {
    const report = situations['two-hundred-images'] as Report
    const [worst] = report.verdict.images
    const images = report.verdict.images.flatMap((image, at) =>
      Array.from({ length: 8 }, (_, copy) => ({
        ...image,
        image: { ...image.image, name: `${image.image.name}-${String(copy)}` },
        counts: at === 150 && copy === 3 ? { ...image.counts, CRITICAL: 1 } : image.counts,
        findings: worst?.findings ?? [],
      })),
    )
    const summary = renderSummary({ ...report, verdict: { ...report.verdict, images } })
    expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
    expect(summary.indexOf('### ❌ `image-150-3`')).toBeGreaterThan(0)
    expect(summary).toMatch(/… and \d+ more images with \d+ findings: see the table above and the JSON report\./)
  })

  it('still tells the counts when nothing else fits', () => {
    const report = situations['two-hundred-images'] as Report
    const images = report.verdict.images.flatMap(image => Array.from({ length: 90 }, () => image))
    const summary = renderSummary({ ...report, verdict: { ...report.verdict, images } })
    expect(summary).toContain('Too much to show here: see the JSON report.')
    expect(summary).toContain('20000 findings')
  })
})

const noPaths = { report: '', html: '', sarif: '', sbom: '' }

describe('outputs', () => {
  it('tell what blocks and what failed', () => {
    expect(renderOutputs(situations['mixed'] as Report, { ...noPaths, report: '/tmp/report.json' })).toMatchObject({
      result: 'error',
      'failed-images': 'broken,odd,web',
      'critical-count': '2',
      'high-count': '1',
      'medium-count': '0',
      'low-count': '0',
      'total-count': '3',
      report: '/tmp/report.json',
    })
  })

  it('count what a change introduces, where something was compared', () => {
    expect(renderOutputs(situations['introduced'] as Report, noPaths)).toMatchObject({
      'introduced-count': '1',
    })
    expect(renderOutputs(situations['blocked'] as Report, noPaths)).toMatchObject({
      'introduced-count': '',
    })
    expect(renderOutputs(situations['other-kinds'] as Report, noPaths)).toMatchObject({
      'unknown-count': '1',
    })
  })

  it('list the images as JSON', () => {
    const images = JSON.parse(renderOutputs(situations['blocked'] as Report, noPaths).images) as unknown[]
    expect(images).toEqual([
      {
        name: 'api',
        state: 'clean',
        counts: { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 },
        digest: 'sha256:1',
      },
      {
        name: 'web',
        state: 'vulnerable',
        counts: { CRITICAL: 2, HIGH: 1, MEDIUM: 0, LOW: 0, UNKNOWN: 0 },
        digest: 'sha256:1',
      },
    ])
  })
})

describe('the closing line', () => {
  it('keeps what a reason says to the letter', () => {
    const report = situations['wrong-inputs'] as Report
    const problem = {
      kind: 'configuration',
      messages: ["'../..' lies outside.", 'and more'],
      advice: 'Mend it.',
    } as const
    const closing = renderClosing({ ...report, verdict: { ...report.verdict, problem } })
    expect(closing).toBe("Error: the images could not be gated: '../..' lies outside; and more. Mend it.")
  })
})

describe('the terminal', () => {
  it('has colours only where they are wanted', () => {
    const report = situations['blocked'] as Report
    expect(renderTerminal(report, true)).toContain('\u001b[31m')
    expect(renderTerminal(report, false)).not.toContain('\u001b')
  })
})
