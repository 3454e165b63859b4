/** The gate's splitter beside BuildKit's own parser: the same instructions, for ordinary, odd and random Dockerfiles. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { parseDockerfile, type Instruction } from '../../src/dockerfile/dockerfile.js'
import { parseHeredoc } from '../../src/dockerfile/heredoc.js'
import { flagOf, unquote, wordsOf } from '../../src/dockerfile/text.js'
import { readShapes } from '../explain/shapes.js'
import { runs } from '../fuzz/arbitraries.js'
import { bed } from '../testbed.js'
import { copiesPackageLock, hereDocuments } from './odd.js'

/** What the test bed's program prints of an instruction (`testbed/tools/dockerfile-parser/main.go`). */
interface Theirs {
  readonly keyword: string
  readonly original: string
  readonly start: number
  readonly end: number
  readonly flags: readonly string[]
  readonly json: boolean
  readonly args: readonly string[]
  readonly heredocs: Instruction['heredocs']
  /** Only of a COPY or ADD that BuildKit accepts. */
  readonly taken?: { readonly from: string; readonly words: readonly string[]; readonly paths: readonly string[] }
  readonly trigger?: Theirs
}

interface Read {
  readonly error?: string
  readonly escape?: string
  readonly instructions?: readonly Theirs[]
}

function askBuildKit(sources: readonly Uint8Array[]): readonly Read[] {
  const input = sources.map(source => `${Buffer.from(source).toString('base64')}\n`).join('')
  const { status, stdout } = spawnSync(bed.dockerfileParser.path, {
    input,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
    // BuildKit's scanner prints a line for each NUL.
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  if (status !== 0) throw new Error(`dockerfile-parser ended with ${String(status)}`)
  return stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Read)
}

const lists = ['ADD', 'COPY', 'EXPOSE', 'FROM', 'VOLUME']
const values = ['CMD', 'ENTRYPOINT', 'MAINTAINER', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'WORKDIR']

/** What BuildKit's program prints of an instruction, from what the gate made of it. Where it asks for more, that is asked. */
function asTheirs(instruction: Instruction, theirs: Theirs | undefined, escape: string): unknown {
  const { keyword, original, lines, flags, argument, json, heredocs, trigger } = instruction
  const words = wordsOf(instruction)
  const args = lists.includes(keyword) || json !== undefined ? words : argument === '' ? [] : [argument]
  const sources = words.slice(0, -1).filter(word => parseHeredoc(word) === undefined)
  const from = keyword === 'ADD' ? '' : (flagOf(instruction, 'from') ?? '')
  return {
    keyword,
    original,
    ...lines,
    flags,
    heredocs,
    ...(keyword === 'HEALTHCHECK' ? {} : { json: json !== undefined }),
    ...(lists.includes(keyword) || values.includes(keyword) ? { args } : {}),
    ...(theirs?.taken === undefined
      ? {}
      : { taken: { from, words: sources, paths: sources.map(word => unquote(word, escape)) } }),
    ...(theirs?.trigger === undefined || trigger === undefined
      ? {}
      : { trigger: asTheirs({ ...trigger, lines: { start: 0, end: 0 } }, theirs.trigger, escape) }),
  }
}

function comparable({ args, json, trigger, ...theirs }: Theirs): unknown {
  return {
    ...theirs,
    ...(theirs.keyword === 'HEALTHCHECK' ? {} : { json }),
    ...([...lists, ...values].includes(theirs.keyword) ? { args } : {}),
    // BuildKit puts a trigger where the FROM is; the gate, where the ONBUILD is.
    ...(trigger === undefined ? {} : { trigger: comparable({ ...trigger, start: 0, end: 0 }) }),
  }
}

/** Expects the same of both, and tells how many of the Dockerfiles BuildKit accepts. */
function expectSame(sources: readonly Uint8Array[]): number {
  const read = askBuildKit(sources)
  expect(read).toHaveLength(sources.length)
  const accepted = read.flatMap(({ error, instructions = [], escape }, at) => {
    const source = sources[at] ?? new Uint8Array()
    const ours = parseDockerfile(source)
    return error === undefined ? [{ source, ours, theirs: instructions, escape }] : []
  })
  const differing = accepted.flatMap(({ source, ours, theirs, escape }) => {
    const told = ours.instructions.map((instruction, at) => asTheirs(instruction, theirs[at], ours.escape))
    const pair = [
      { escape: ours.escape, told },
      { escape, told: theirs.map(comparable) },
    ]
    // Much faster than to compare each by a matcher.
    return isDeepStrictEqual(pair[0], pair[1]) ? [] : [{ source: Buffer.from(source).toString('latin1'), pair }]
  })
  expect(differing[0]?.pair[0]).toEqual(differing[0]?.pair[1])
  expect(differing.map(({ source }) => source)).toEqual([])
  return accepted.length
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

const white = [' ', '  ', '\t', '\v', '\f', '\r', '\u00a0', '\u0085', '\u2003', '\u2028', '\u3000', '\u1680', '\uFEFF']
const piece = fc.oneof(
  { arbitrary: fc.constantFrom(' ', 'a', 'b', 'E', '/x'), weight: 6 },
  { arbitrary: fc.constantFrom(...white), weight: 2 },
  { arbitrary: fc.constantFrom('\\', '`', '"', "'", '""', '\\"', '\\\\', '``', '\\ ', '`"'), weight: 2 },
  {
    arbitrary: fc.constantFrom('<<E', ' <<E ', '<<-F ', '3<<E', '<<"E"', "<<'F'", '<< E', '<', '<<', '<<<E'),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom(
      '$a',
      '${a}',
      '${a:-b}',
      '${a#"}"}',
      '${a/b/c}',
      '${',
      '}',
      '$',
      '${a:+<<E}',
      '${1%\\}}',
    ),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom(
      '["a", "b"]',
      '["a",',
      ' "b"]',
      '[]',
      '["\\u002d\\ud800"]',
      '["a", 1]',
      '[1e999, "a"]',
      '[',
      ']',
    ),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom(
      ' --from= ',
      ' --from=a ',
      ' --link ',
      ' -- ',
      '--a="b c" ',
      '--',
      '-',
      '=',
      ' --from="a" ',
    ),
    weight: 1,
  },
  { arbitrary: fc.constantFrom('é', 'à', '🚀', '\u2140', 'İ', '\u212A', '\0', '#', '\uFFFD'), weight: 1 },
)
const keyword = fc.oneof(
  { arbitrary: fc.constantFrom('RUN', 'COPY', 'ADD', 'ONBUILD COPY', 'ONBUILD RUN', 'FROM'), weight: 12 },
  {
    arbitrary: fc.constantFrom(
      'run',
      'Copy',
      'ONBUILD ONBUILD',
      'ONBUİLD COPY',
      'WOR\u212ADIR',
      'CMD',
      'ENV a=b',
      'ARG',
      'LABEL a=b',
      'USER',
      'VOLUME',
      'HEALTHCHECK CMD',
      'SHELL',
      'ONBUILD --x RUN',
      'ONBUILD \uFEFFADD',
      'x',
    ),
    weight: 4,
  },
)
const flags = fc.oneof(
  { arbitrary: fc.constant(''), weight: 3 },
  {
    arbitrary: fc.constantFrom('--from= ', '--from=a ', '--link ', '--mount=a ', '-- ', '--chown=à ', '--a\u2140b '),
    weight: 1,
  },
)
const gap = fc.oneof(
  { arbitrary: fc.constant(' '), weight: 5 },
  { arbitrary: fc.constantFrom('\t', '\v', '\f', '\r', ' \\\n', '\\\n# c\n ', '\u00a0', ''), weight: 1 },
)
const end = fc.oneof(
  { arbitrary: fc.constant('\n'), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      '\r\n',
      '\r\r\n',
      ' \\\n',
      '\\\t\n# c\n',
      '`\n',
      '\\\n\n\u00a0\n',
      '\\\\\n',
      '\\ \r\n  # c\n',
      '\n#\n',
      '\n\\\n',
      '\n \u2003',
    ),
    weight: 3,
  },
)
const instruction = fc
  .tuple(
    fc.oneof({ arbitrary: fc.constant(''), weight: 5 }, { arbitrary: fc.constantFrom(...white), weight: 1 }),
    keyword,
    gap,
    flags,
    fc.array(piece, { maxLength: 8 }).map(parts => parts.join('')),
    fc.constantFrom('', ' /x', ' "b"]'),
    end,
  )
  .map(parts => parts.join(''))
/** What ends here-documents, mostly: else few would be accepted. */
const ends = fc.constantFrom('', '', 'E\n', '\tF\n', 'E\nF\n', 'E\r\nE\n', 'F\nE\nF\n', 'E \nE\n')
const top = fc.constantFrom(
  '',
  '',
  '',
  '\uFEFF',
  '# escape=`\n',
  '\uFEFF#escape = ` \n',
  '#syntax=x\n# ESCAPE=`\r\n',
  '# x=1\n# escape=`\n',
  '\n',
  '# check=skip=all\n',
  ' # escape=`\n',
)
const random = fc
  .tuple(
    top,
    fc.array(
      fc.tuple(instruction, ends).map(parts => parts.join('')),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom('', 'E\nF\nE\nF\n', '\nE\n\tF\nCOPY a b'),
  )
  .map(([before, instructions, after]) => before + instructions.join('') + after)
const randomBytes = fc
  .tuple(
    random,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(0xa0, 0x85, 0xff, 0xc2, 0xe2, 0x80, 0x5c, 0x22, 0x0a)), {
      maxLength: 3,
    }),
  )
  .map(([text, changes]) => {
    const bytes = Buffer.from(text)
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })

describe('a Dockerfile is split as BuildKit does', () => {
  it('that comes in an ordinary shape', () => {
    const registry = new URL('../../examples/registry/docker-builder/registry-repos/', import.meta.url)
    const examples = readdirSync(registry).map(name => readFileSync(new URL(`${name}/Dockerfile`, registry)))
    const shapes = readShapes().map(({ dockerfile }) => bytesOf(dockerfile))
    expect(expectSame([...examples, ...shapes])).toBe(examples.length + shapes.length)
  })

  it('that is written oddly', () => {
    const texts = [
      ...copiesPackageLock.map(([, dockerfile]) => dockerfile),
      ...hereDocuments.map(([line, names]) => `${line}\n${names.map(name => `${name}\n`).join('')}`),
    ]
    expect(expectSame(texts.map(bytesOf))).toBe(texts.length)
  })

  it('that is made of nasty pieces', () => {
    const sources = fc.sample(random, { ...runs(6000), seed: 13 }).map(bytesOf)
    expect(expectSame(sources)).toBeGreaterThan(sources.length / 3)
  })

  it('that is no UTF-8', () => {
    const sources = fc.sample(randomBytes, { ...runs(3000), seed: 13 })
    expect(expectSame(sources)).toBeGreaterThan(sources.length / 4)
  })
})
