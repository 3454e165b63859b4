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
import type { ImageVerdict, Report } from '../../src/model.js'
import { aJudged, anException } from '../builders.js'
import { manyImages } from './pieces.js'
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

const ofComment = { runId: 5, pullRequest: 7, job: 'image-gate', workflow: 'images.yml', head: 'abc1234def' }

function commentOn(situation: string, previous?: string): string {
  const report = situations[situation] as Report
  return planComment({ ...report, context: { ...report.context, ...ofComment } }, 'always', previous) ?? ''
}

/** So many lines of a text from its beginning and from its end, and of each table the first three rows. */
function excerpt(text: string, each: number): string {
  const lines = text.split('\n')
  const isRow = (line: string | undefined): boolean => /^(\| | {2}[A-Z]+ +CVE| {2}image-)/.test(line ?? '')
  const short = lines.filter((line, at) => !isRow(line) || ![1, 2, 3, 4, 5].every(back => isRow(lines[at - back])))
  const left = short.length - 2 * each
  return left <= 0 ? text : [...short.slice(0, each), `(${String(left)} lines)`, ...short.slice(-each)].join('\n')
}

describe('golden reports', () => {
  it.each(small)('summary: %s', (name, report) => {
    expectGolden(`${name}.summary.md`, renderSummary(report))
  })

  it.each(small.map(([name]) => name).filter(name => !['on-a-builder', 'warn-only'].includes(name)))(
    'comment: %s',
    name => {
      expectGolden(`${name}.comment.md`, commentOn(name))
    },
  )

  it('comment: fixed', () => {
    expectGolden('fixed.comment.md', commentOn('clean', commentOn('blocked')))
  })

  it('of very many images: their beginnings and ends', () => {
    const report = situations['two-hundred-images'] as Report
    expectGolden('two-hundred-images.summary.md', excerpt(renderSummary(report), 40))
    expectGolden('two-hundred-images.comment.md', excerpt(commentOn('two-hundred-images'), 40))
    expectGolden('two-hundred-images.terminal.txt', excerpt(renderTerminal(report, false), 30))
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

  it('says by which database, and how old that was', () => {
    const json = JSON.parse([...renderJsonReport(situations['clean'] as Report)].join('')) as { scanner: unknown }
    expect(json.scanner).toEqual({
      version: '0.74.0',
      source: 'tool cache',
      sha256: 'f'.repeat(64),
      database: {
        repository: 'ghcr.io/aquasecurity/trivy-db:2',
        updatedAt: '2026-08-01T00:00:00Z',
        digest: `sha256:${'d'.repeat(64)}`,
        ageHours: 34,
      },
    })
    for (const [name, report] of small.filter(([name]) => name !== 'wrong-inputs')) {
      const old = name === 'only-uncounted' ? '(115 days old)' : '(34 hours old)'
      for (const text of [renderSummary(report), commentOn(name), renderTerminal(report, false), renderHtml(report)]) {
        expect(text).toContain(old)
      }
    }
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
    expect(annotations.filter(({ level }) => level === 'warning').length).toBeLessThanOrEqual(9)
    for (const { message } of annotations) expect(message.length).toBeLessThanOrEqual(4096)
  })

  it('says how much it had to cut, and where the rest is', () => {
    const report = situations['two-hundred-images'] as Report
    expect(renderSummary(report)).toContain('… and 56 more, less severe or equal: see the JSON report.')
    expect(renderAnnotations(report).at(-1)?.message).toBe('392 more annotations: see the job summary.')
    expect(renderClosing(report)).toMatch(/image-009 \(100 high\); and 190 more\./)
    expect(renderTerminal(report, false)).toContain('  … and 51 more')
    expect(renderTerminal(report, false)).toContain('… and 150 more images with 15,000 findings: see the HTML report.')
  })

  it('fits with 2,000 findings in each of 200 images, the worst of them first', () => {
    const report = manyImages(200, 2000)
    const summary = renderSummary(report)
    expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
    expect(summary).toMatch(/^## ❌ Blocked: 200 of 200 images are vulnerable\n/)
    expect(summary).toContain('**400,000 findings** that count: 1 critical, 399,999 high.')
    expect(summary.match(/^### ❌ `image-\d+`: 2000 findings/gm)).toHaveLength(200)
    expect(summary).toMatch(/… and 1,?\d+ more, less severe or equal: see the JSON report\./)
    expect(summary).toContain('Left out, to have room for what blocks: ')
    const comment = planComment({ ...report, context: { ...report.context, runId: 5 } }, 'auto') ?? ''
    expect(comment.length).toBeLessThanOrEqual(65_000)
    expect(comment.indexOf('`image-199`')).toBeLessThan(comment.indexOf('`image-000`'))
    const [worst] = renderAnnotations(report)
    expect(worst).toMatchObject({ title: 'image-199: 1334 findings', level: 'error' })
    expect(worst?.message).toMatch(/^This brings 1 critical, 1333 high:\nCVE-2014-0160 \(CRITICAL\)/)
    expect(worst?.message).toMatch(/… and 1268 more: see the job summary\.$/)
    expect(worst?.message.match(/\nCVE/g)).toHaveLength(1334 - 1268)
  })

  it('lets what blocks nothing go first, as a whole, and says what went', () => {
    const report = situations['two-hundred-images'] as Report
    const [first] = report.verdict.images
    const excepted = Array.from({ length: 9000 }, (_, at) =>
      aJudged({ id: `CVE-2020-${String(at)}`, ruling: 'excepted', exception: anException() }),
    )
    const image = { ...(first as ImageVerdict), findings: [...(first?.findings ?? []), ...excepted] }
    const render = (images: readonly ImageVerdict[]): string =>
      renderSummary({ ...report, verdict: { ...report.verdict, images } })
    const alone = render([image])
    expect(alone).toContain('<details><summary>9000 findings excepted</summary>')
    expect(alone).toContain('… and 8800 more: see the JSON report.')
    const among = render([image, ...report.verdict.images.slice(1, 70)])
    expect(among).not.toContain('<details>')
    expect(among).toContain(
      'Left out, to have room for what blocks: the 9000 findings that are excepted and where the time went. See the JSON report.',
    )
  })

  it('shows the worst images when not all of them fit', () => {
    const report = situations['two-hundred-images'] as Report
    const [worst] = report.verdict.images
    const images = report.verdict.images.flatMap((image, at) =>
      Array.from({ length: 8 }, (_, copy) => ({
        ...image,
        image: { ...image.image, name: `${image.image.name}-${String(copy)}` },
        counts: at === 150 && copy === 3 ? { ...image.counts, CRITICAL: 2 } : image.counts,
        findings: worst?.findings ?? [],
      })),
    )
    const summary = renderSummary({ ...report, verdict: { ...report.verdict, images } })
    expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
    expect(summary.indexOf('### ❌ `image-150-3`')).toBeGreaterThan(0)
    expect(summary).toMatch(/… and \d+ more images with [\d,]+ findings: see the table above and the JSON report\./)
  })

  it('still tells the counts when nothing else fits', () => {
    const report = situations['two-hundred-images'] as Report
    const images = report.verdict.images.flatMap(image => Array.from({ length: 90 }, () => image))
    const summary = renderSummary({ ...report, verdict: { ...report.verdict, images } })
    expect(summary).toContain('Too much to show here: see the JSON report.')
    expect(summary).toContain('20,000 findings')
  })

  it('keeps within the limits whatever the texts are', () => {
    const long = '@'.repeat(20_000)
    const report = situations['wrong-inputs'] as Report
    const problem = { kind: 'configuration', messages: Array.from({ length: 500 }, () => long), advice: long } as const
    const hostile: Report = {
      ...report,
      context: { ...report.context, pullRequest: 7, workflow: long, job: long },
      imagesRoot: long,
      warnings: Array.from({ length: 500 }, () => long),
      verdict: { ...report.verdict, problem },
    }
    expect(Buffer.byteLength(renderSummary(hostile))).toBeLessThan(1024 * 1024)
    const comment = planComment(hostile, 'always') ?? ''
    expect(comment.length).toBeLessThanOrEqual(65_000)
    expect(comment).toMatch(/^<!-- image-gate:[0-9a-f]{16} -->\n<!-- image-gate-run:0:failed -->\n\n## ⛔ Error/)
    const many = renderSummary({ ...report, warnings: Array.from({ length: 25 }, (_, at) => `warning ${String(at)}`) })
    expect(many).toContain('> - warning 19\n> - … and 5 more warnings: see the JSON report.')
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

  it('tell names apart that have a comma or a line end', () => {
    const report = situations['mixed'] as Report
    const images = report.verdict.images.map(image => {
      const name = { broken: 'a,b', odd: 'c\nd', web: '100%' }[image.image.name] ?? image.image.name
      return { ...image, image: { ...image.image, name } }
    })
    const { 'failed-images': failed } = renderOutputs({ ...report, verdict: { ...report.verdict, images } }, noPaths)
    expect(failed.split(',').map(decodeURIComponent).sort()).toEqual(['100%', 'a,b', 'c\nd'])
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
