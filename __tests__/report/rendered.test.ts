/** What the Markdown becomes: rendered as GitHub does (CommonMark with GitHub's extensions), whatever names and titles say. */
import fc from 'fast-check'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import type { Report } from '../../src/model.js'
import { planComment } from '../../src/report/comment.js'
import { renderHtml } from '../../src/report/html.js'
import { renderSummary } from '../../src/report/summary.js'
import { aJudged, anException, anImage, anImageVerdict, aReport, aVerdict } from '../builders.js'
import { situations } from './situations.js'

/** With the HTML that is in it: GitHub lets some of that through. */
function render(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true })
}

/** The tags of a page, one after another, without what is in them. */
function skeleton(html: string): string {
  const tags = html.replace(/<!--[^]*?-->/g, '').match(/<\/?[a-z][^>]*>/gi) ?? []
  return tags.map(tag => tag.replace(/\s[^]*>$/, '>')).join('')
}

/** The text in which GitHub looks for mentions and references: neither code nor links. */
function textsOf(html: string): string[] {
  return html
    .replace(/<(code|pre|a)\b[^]*?<\/\1>/g, '<>')
    .split(/<!--[^]*?-->|<[^>]*>/)
    .map(text => text.replaceAll('&amp;', '&'))
}

/** A report in which everything that comes from elsewhere is the same text. */
function reportWith(text: string): Report {
  const image = { ...anImage(text), contextDir: 'images/x', dockerfile: `images/${text}/Dockerfile` }
  const lines = { start: 2, end: 3 }
  const finding = aJudged({
    id: text,
    title: text,
    url: 'https://avd.example.com/x',
    severitySource: text,
    fixedVersion: text,
    package: { name: text, version: text, path: text, class: 'lang-pkgs', type: 'npm' },
    place: { file: text, lines },
    origin: { file: image.dockerfile, lines, instruction: text, fromBase: false },
  })
  const exception = anException({ id: text, reason: text, place: { file: text } })
  const vulnerable = anImageVerdict({
    image,
    state: 'vulnerable',
    findings: [finding, { ...finding, ruling: 'excepted', exception }],
    os: { family: text, name: text, endOfLife: false },
    comparison: { status: 'failed', reason: text },
  })
  const failure = { message: text, advice: text, log: [text, text], lines }
  const broken = anImageVerdict({ image, state: 'build-failed', failure })
  const verdict = aVerdict([vulnerable, broken], {
    result: 'error',
    exceptions: { expired: [exception], expiring: [], unused: [exception] },
  })
  const report = aReport(verdict, {
    warnings: [text],
    ignored: [{ path: text, reason: text, suspicious: true }],
    policy: { revision: 'head', file: text, exceptions: 1 },
    change: { base: 'x', deleted: [text], renamed: [{ from: text, to: text }], workflows: [], policyFiles: [] },
    policyEffects: [{ image: text, before: 'clean', after: 'vulnerable', released: [], caught: [finding] }],
    scanner: {
      version: text,
      source: text,
      sha256: text,
      database: { repository: text, updatedAt: '2026-08-01T00:00:00Z', digest: text },
      javaDatabase: { repository: text, updatedAt: text, digest: text },
    },
    engine: { serverVersion: text, buildxVersion: text },
  })
  const context = { ...report.context, job: text, workflow: text, runUrl: 'https://github.com/o/r/actions/runs/5' }
  return { ...report, context }
}

const renderings: readonly [string, (report: Report) => string][] = [
  ['summary', report => render(renderSummary(report))],
  ['comment', report => render(planComment(report, 'always') ?? '')],
  ['HTML report', report => renderHtml(report)],
]

const piece = fc.constantFrom(
  ...[
    '`',
    '``',
    '|',
    '\\',
    '<',
    '>',
    '[',
    ']',
    '(',
    ')',
    '!',
    '*',
    '_',
    '~',
    '$',
    '&',
    '"',
    "'",
    '=',
    '-',
    '+',
    ':',
    ';',
  ],
  ...[' ', '\n', '\t', '\r', '1. ', '# ', '> ', '- ', '---', '===', '```', '~~~', '    ', '\u2028', '\u0085', '\u0000'],
  ...[
    '@octocat',
    '#1',
    'o/r#1',
    'GH-1',
    'gh-2',
    'a@b.example',
    'https://a.example',
    'http://b',
    'ftp://c',
    'www.d.example',
  ],
  ...[
    '<img src=x>',
    '<script>',
    '</td></table>',
    '</details>',
    '<!--',
    '-->',
    '[a](b)',
    '![a](b)',
    '[^1]',
    '| --- |',
    '&lt;',
  ],
  ...[
    '\u202e',
    '\u200b',
    'x',
    'ñ',
    '👩‍🚀',
    '日本',
    '\ud800',
    'mailto:a@b.example',
    '<https://a.example>',
    '- [x] ',
    '[!NOTE]',
  ],
)
const words = fc.array(piece, { minLength: 1, maxLength: 12 }).map(pieces => `x${pieces.join('')}`)

describe.each(renderings)('the %s, rendered', (name, rendered) => {
  const expected = skeleton(rendered(reportWith('word')))

  it('has the same structure whatever the texts are, mentions nobody and refers to nothing', () => {
    fc.assert(
      fc.property(words, text => {
        const html = rendered(reportWith(text))
        expect(skeleton(html)).toBe(expected)
        // In a page of its own nobody looks for such.
        if (name === 'HTML report') return
        for (const part of textsOf(html)) expect(part).not.toMatch(/@[a-z0-9]|#\d|gh-\d|\w:\/\/|www\.\w/i)
      }),
      { numRuns: 100 },
    )
  })

  // Two hundred images are more of the same, and take a parser half a minute.
  it.each(Object.keys(situations).filter(situation => situation !== 'two-hundred-images'))(
    'leads only to the run, to lines, and to vulnerabilities: %s',
    situation => {
      const html = rendered(situations[situation] as Report)
      const addresses = [...html.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, address = '']) => address)
      expect(
        addresses.filter(address => !/^(https:\/\/(github\.com\/o\/r|avd\.aquasec\.com)\/|#image=)/.test(address)),
      ).toEqual([])
      expect(html).not.toMatch(/<(img|iframe|svg|object|embed|form class="(?!filters)|input(?! name="text"))/)
    },
  )
})
