/** Names of images come from the repository under test: any characters at all, and hundreds of them. */
import fc from 'fast-check'
import { RunnerConsole } from '../../src/adapters/runner-console.js'
import { buildTag } from '../../src/build/images.js'
import { toSafeName } from '../../src/discover/name.js'
import type { Report } from '../../src/model.js'
import type { Console } from '../../src/ports.js'
import { renderAnnotations } from '../../src/report/annotations.js'
import { renderHtml } from '../../src/report/html.js'
import { renderJsonReport } from '../../src/report/json-report.js'
import { renderSummary } from '../../src/report/summary.js'
import { renderTerminal } from '../../src/report/terminal.js'
import { anImage, MemoryFiles } from '../builders.js'
import { dockerfile, run } from '../gate.js'
import { hostileText, patience, runs } from './arbitraries.js'

/** What a folder can be called. */
const anyName = fc
  .oneof(
    hostileText,
    fc.tuple(hostileText, hostileText, hostileText).map(parts => parts.join('')),
    fc.constantFrom('web', 'Web', 'WEB', 'wéb', '-web', 'web.', 'web-', 'a'.repeat(255), 'é'.repeat(120)),
    fc.constantFrom(
      '::set-output name=x::y',
      '##[command]x',
      ' ::error::x',
      'x\r::error::y',
      'x\n::warning::y',
      '%0A::error::x',
    ),
    fc.constantFrom(
      '<img src=x onerror=y>',
      '"><script>',
      '</td></table>',
      '| a | b |',
      '`x`',
      '[x](y)',
      '@octocat',
      '#1',
    ),
  )
  // As it comes from the disk: half a character is not what it was.
  .map(name => Buffer.from(name.replace(/[/\0]/g, '').slice(0, 255)).toString())
  .filter(name => name !== '' && name !== '.' && name !== '..')

describe('the safe name of an image', () => {
  it('is one path component of an image reference, whose length leaves room for the rest', () => {
    fc.assert(
      fc.property(anyName, name => {
        const safe = toSafeName(name)
        // The grammar and the limit are those of the distribution project's `reference` package.
        expect(safe).toMatch(/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/)
        const tag = buildTag({ ...anImage(name), safeName: safe }, '0123456789abcdef')
        expect(tag.length).toBeLessThan(255)
      }),
      runs(500),
    )
  })

  it('is no other image’s, also where somebody wants it to be', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { minLength: 2, maxLength: 20 }), names => {
        const all = [...new Set([...names, ...names.map(toSafeName)])]
        expect(new Set(all.map(toSafeName)).size).toBe(all.length)
      }),
      runs(200),
    )
  })
})

interface Shown {
  readonly report: Report
  /** What the runner reads. */
  readonly printed: string
}

/** Gates images of these names, with the console of a runner. */
async function gateImages(names: readonly string[]): Promise<Shown> {
  const parts: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = (text: string | Uint8Array): boolean => parts.push(String(text)) > 0
  try {
    const console = new RunnerConsole(line => parts.push(`${line}\n`))
    const images = Object.fromEntries(names.map(name => [name, { Dockerfile: dockerfile }]))
    const { report } = await run(ports => {
      Object.assign(ports, { files: new MemoryFiles({ repo: { images } }), console: console satisfies Console })
      ports.engine.build = async ({ tag }, onLine) => {
        ports.engine.built.push(tag)
        onLine(`{"vertexes":[{"digest":"sha256:1","name":${JSON.stringify(names[0])},"started":"t","completed":"t"}]}`)
        onLine(names[0] ?? '')
        return { status: 'built', imageId: 'sha256:1' }
      }
    })
    for (const annotation of renderAnnotations(report)) console.annotate(annotation)
    console.info(renderTerminal(report, false))
    return { report, printed: parts.join('') }
  } finally {
    process.stdout.write = write
  }
}

/** The tags of a page, without what they have and hold. */
function skeletonOf(html: string): string {
  return (html.replace(/<(script|style)>[^]*?<\/\1>/g, '').match(/<\/?[a-z][^\s>]*/gi) ?? []).join('')
}

/** What a runner would do for these lines: of one that it reads as a command, it looks for no older form of one. */
function commandsIn(printed: string): string[] {
  return printed.split(/\r\n|\n|\r/).flatMap(line => {
    const name = /^\s*::([^\s:]+)/.exec(line)?.[1]?.replace(/^[0-9a-f-]{36}$/, 'token')
    return name ?? (line.includes('##[') ? [line] : [])
  })
}

describe('three hundred images of any names', () => {
  it(
    'are gated, told and reported, and give no command and no markup',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(anyName, { minLength: 300, maxLength: 320 }), async names => {
          const { report, printed } = await gateImages(names)
          expect(report.verdict.problem).toBeUndefined()
          expect(report.verdict.images.map(({ image }) => image.name).sort()).toEqual([...names].sort())
          const ours = ['group', 'endgroup', 'stop-commands', 'token', 'error', 'warning', 'notice', 'debug']
          expect(commandsIn(printed).filter(name => !ours.includes(name))).toEqual([])
          expect(commandsIn(printed).filter(name => name === 'group')).toHaveLength(names.length)

          const plain = await gateImages(names.map((_, at) => `image-${String(at)}`))
          expect(skeletonOf(renderHtml(report))).toBe(skeletonOf(renderHtml(plain.report)))
          const summary = renderSummary(report)
          expect(summary).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000-\u0008]/)
          for (const row of summary.split('\n').filter(line => line.startsWith('| '))) {
            expect(row.replace(/\\\|/g, '')).toMatch(/ \|$/)
          }
          expect(JSON.parse([...renderJsonReport(report)].join(''))).toMatchObject({ result: 'blocked' })
        }),
        // To make so many fewer takes longer than anybody waits.
        { ...runs(1), endOnFailure: true },
      )
    },
    patience,
  )
})
