/** Dockerfiles and what lies beside them: any text at all is read, and quickly. */
import fc from 'fast-check'
import { readIgnoreFile } from '../../src/discover/ignore-file.js'
import { MatchingWork } from '../../src/discover/work.js'
import { findLockFiles } from '../../src/discover/lock-files.js'
import { parseDockerfile } from '../../src/dockerfile/dockerfile.js'
import { parseFinalStage } from '../../src/explain/dockerfile.js'
import { anImage, MemoryFiles } from '../builders.js'
import {
  anyTextChanges,
  changeText,
  hostileText,
  long,
  patience,
  quickly,
  runs,
  timed,
  workTime,
} from './arbitraries.js'

const dockerfile = [
  ...['# syntax=docker/dockerfile:1', '# escape=\\', 'ARG BASE=debian', 'FROM $BASE AS base', 'FROM base AS build'],
  ...['RUN --mount=type=cache,target=/x \\', '  # comment', '  make', 'COPY --chown=1:1 ["package-lock.json", "/x/"]'],
  ...[
    'FROM base',
    'COPY --from=build /x /x',
    'COPY <<EOF requirements.txt /x/',
    'text',
    'EOF',
    'ADD app/*.lock ./',
    '',
  ],
].join('\n')

const instruction = fc.constantFrom(
  ...dockerfile.split('\n'),
  'FROM build',
  'COPY . .',
  'COPY [',
  'ONBUILD COPY a b',
  '\\',
)

const anyDockerfile = fc.oneof(
  anyTextChanges.map(changes => changeText(dockerfile, changes)),
  fc.array(fc.oneof(instruction, hostileText)).map(lines => lines.join('\n')),
  fc.tuple(fc.constantFrom('COPY', 'ADD', 'RUN', 'FROM'), hostileText).map(words => `FROM a\n${words.join(' ')} /x`),
)

const find = async (text: string, ignore = ''): Promise<readonly string[]> => {
  const context = { Dockerfile: text, '.dockerignore': ignore, 'package-lock.json': '{}', app: { 'Cargo.lock': '' } }
  const [image] = await findLockFiles([anImage()], '/repo', new MemoryFiles({ repo: { images: { web: context } } }))
  const lines = text.split(/\r?\n/).length
  for (const { origin } of image?.lockFiles ?? []) {
    expect(origin.lines.start).toBeGreaterThan(0)
    expect(origin.lines.end).toBeGreaterThanOrEqual(origin.lines.start)
    expect(origin.lines.end).toBeLessThanOrEqual(lines)
  }
  return (image?.lockFiles ?? []).map(({ path }) => path)
}

describe('a Dockerfile of any text', () => {
  it('is read, and has only lines that it has', () => {
    fc.assert(
      fc.property(anyDockerfile, text => {
        const lines = text.split(/\r?\n/).length
        const stage = parseFinalStage(text)
        for (const step of stage === undefined
          ? []
          : [...stage.steps, ...(stage.from === undefined ? [] : [stage.from])]) {
          expect(step.lines.start).toBeGreaterThan(0)
          expect(step.lines.end).toBeGreaterThanOrEqual(step.lines.start)
          expect(step.lines.end).toBeLessThanOrEqual(lines)
        }
      }),
      runs(500),
    )
  })

  it('is searched for lock files, with any .dockerignore', async () => {
    await fc.assert(
      fc.asyncProperty(anyDockerfile, fc.array(hostileText), async (text, ignored) => {
        await find(text, ignored.join('\n'))
      }),
      runs(300),
    )
  })

  it('copies a file that is named in it, however it is written', async () => {
    const dots = fc
      .array(fc.constantFrom('./', '/', 'x/../', '//', 'app/../'), { maxLength: 4 })
      .map(parts => parts.join(''))
    const name = fc.constantFrom(
      'package-lock.json',
      '"package-lock.json"',
      'package*',
      'package-lock.jso?',
      '[o-q]ackage-lock.json',
    )
    const place = fc.constantFrom('COPY @ /x', 'COPY a @ b /x/', 'add --chown=1:1 @ \\\n /x', 'COPY <<E @ /x/\ntext\nE')
    await fc.assert(
      fc.asyncProperty(dots, name, place, async (before, source, form) => {
        expect(await find(`FROM a\n${form.replace('@', before + source)}\n`)).toContain('package-lock.json')
      }),
      runs(200),
    )
  })

  it.each([
    ...[
      'FROM b AS b\n',
      'COPY a b\n',
      '\\\n\n',
      '\\',
      '"',
      '[',
      '"a",',
      '--mount=a ',
      '<<E ',
      '$a',
      '/',
      '../',
      '**/',
      '*a',
    ],
    ...[' ', '\t', '\r', '\0', '{a,', '🚀'],
  ])(
    'is read quickly when it is %j over and over',
    async part => {
      const many = part.repeat(Math.ceil(long / part.length))
      expect(timed(() => parseFinalStage(`FROM a\n${many}`))).toBeLessThan(quickly)
      const started = workTime()
      await find(`FROM a\nCOPY ${many} /x\n`)
      expect(workTime() - started).toBeLessThan(quickly)
    },
    patience,
  )
})

/** The longest Dockerfile that is read for its lock files. */
const longest = 1024 * 1024

describe('the longest Dockerfile', () => {
  it.each([
    ...['--a ', '--a="', '\\\n', ' \\\n#\n\n', '<<A ', '<<A\n', '<< ', '${a:-', '"${a/"', '$a', '"', '\t', '\u00a0'],
    ...['["a",', '[', 'ONBUILD ', 'ONBU\u0130LD ', '\uFEFF', '\xff'],
  ])(
    'is split quickly when it is %j over and over, whatever is before it',
    part => {
      const bytes = Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8')
      for (const before of ['RUN ', 'COPY <<', 'ONBUILD RUN ']) {
        const source = Buffer.alloc(longest, bytes)
        source.write(before)
        expect(timed(() => parseDockerfile(source))).toBeLessThan(quickly)
      }
    },
    patience,
  )
})

describe('a .dockerignore of any text', () => {
  it('hides a file by its own name, and shows it by a later one', () => {
    const path = fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3}){0,3}$/)
    fc.assert(
      fc.property(path, fc.array(hostileText), (name, lines) => {
        const others = lines.map(line => line.replace(/^\s*\/*\s*!/, 'x'))
        expect(readIgnoreFile([...others, name].join('\n'))(name)).toBe(true)
        expect(readIgnoreFile([...lines.map(line => line.replaceAll('\n', ' ')), `!${name}`].join('\n'))(name)).toBe(
          false,
        )
      }),
      runs(300),
    )
  })

  it.each(['a\n', '*a', '**/', '?', '[a]', '\\*', '!a\n', ' ', '/', '../', '!', '#\n', '*\n', '**/a\n', '{', '|'])(
    'is held against paths quickly when it is %j over and over',
    part => {
      const isIgnored = readIgnoreFile(part.repeat(Math.ceil(long / part.length)), new MatchingWork(Infinity))
      const paths = ['go.mod', `${'a'.repeat(200)}/go.mod`, `${'a/'.repeat(100)}go.mod`]
      expect(timed(() => paths.forEach(path => isIgnored(path)))).toBeLessThan(quickly)
    },
    patience,
  )
})
