import { parseDockerfile, type Instruction } from '../../src/dockerfile/dockerfile.js'
import { parseHeredoc } from '../../src/dockerfile/heredoc.js'
import { flagOf, instructionText, unquote, wordsOf } from '../../src/dockerfile/text.js'
import { hereDocuments } from './odd.js'

const read = (source: string | Uint8Array): readonly Instruction[] => parseDockerfile(source).instructions

const lines = (source: string): string[] =>
  read(source).map(({ keyword, lines: { start, end } }) => `${keyword} ${String(start)}-${String(end)}`)

const one = (source: string | Uint8Array): Instruction => {
  const [instruction, ...others] = read(source)
  if (instruction === undefined || others.length > 0) throw new Error(`not one instruction: ${String(source)}`)
  return instruction
}

describe('the lines of an instruction', () => {
  it.each<[string, string, string[]]>([
    ['are one', 'FROM a\nRUN b\n', ['FROM 1-1', 'RUN 2-2']],
    ['begin after comments and empty lines', '# c\n\nFROM a\n \n# d\nRUN b', ['FROM 3-3', 'RUN 6-6']],
    ['continue', 'RUN a \\\n b \\ \t\n c\nRUN d', ['RUN 1-3', 'RUN 4-4']],
    ['continue over comments and empty lines', 'RUN a \\\n# c\n\n \u00a0\n b\nRUN d', ['RUN 1-5', 'RUN 6-6']],
    ['end with an escaped escape character', 'RUN a\\\\\nRUN b', ['RUN 1-1', 'RUN 2-2']],
    ['continue after a space and an escape character', 'RUN echo \\ \\\nfrom scratch\nRUN b', ['RUN 1-2', 'RUN 3-3']],
    ['continue with the escape character that the file names', '# escape=`\nRUN a`\n\\\nRUN b', ['RUN 2-3', 'RUN 4-4']],
    ['end where the file ends', 'RUN a \\', ['RUN 1-1']],
    ['have here-documents', 'RUN <<A <<-B\n1\nA\n\tB\nRUN c', ['RUN 1-4', 'RUN 5-5']],
    ['end with the file where a here-document does not', 'RUN <<A\n1\n2\n', ['RUN 1-3']],
    ['end at line feeds only', 'FROM a\rRUN b\r\r\nRUN c\u2028RUN d', ['FROM 1-1', 'RUN 2-2']],
    ['may have a keyword in pieces', 'CO\\\n# c\nPY a b', ['COPY 1-3']],
    ['may have a keyword that is unknown', 'BUILD a\n\\\n\nCOPİ', ['BUILD 1-1', 'COPİ 2-4']],
  ])('%s', (_, source, expected) => {
    expect(lines(source)).toEqual(expected)
  })
})

describe('directives', () => {
  it.each([
    ['# escape=`', '`'],
    ['\uFEFF# escape=`', '`'],
    ['#syntax=x\n# check=error=true\n#\tESCAPE = ` \r', '`'],
    [' # escape=`', '`'],
    ['# escape=\\', '\\'],
    ['# My image = good\n# escape=`', '\\'],
    ['# foo=x\n# escape=`', '\\'],
    ['\n# escape=`', '\\'],
    ['#\n# escape=`', '\\'],
    ['FROM a\n# escape=`', '\\'],
    ['# escape=', '\\'],
    ['# escape=x', '\\'],
    ['\n\uFEFF# escape=`', '\\'],
    ['#\u00a0escape=`', '\\'],
  ])('in %j make %s the escape character', (source, escape) => {
    expect(parseDockerfile(source).escape).toBe(escape)
  })
})

describe('flags', () => {
  it.each<[string, string[], string]>([
    ['COPY --from=a b c', ['--from=a'], 'b c'],
    ['COPY --from="a b" --link c', ['--from=a b', '--link'], 'c'],
    ["COPY --a='b\\'c' d", ["--a=b'c"], 'd'],
    ['COPY --a=b\\ c d', ['--a=b c'], 'd'],
    ['COPY a --from=b c', [], 'a --from=b c'],
    ['COPY -- --from=b c', [], '--from=b c'],
    ['COPY --', [], ''],
    ['COPY --a\\', ['--a'], ''],
    ['COPY "--from=a" b', [], '"--from=a" b'],
    ['COPY --a\u00e0b c', ['--a\u00c3'], 'b c'],
    ['RUN', [], ''],
  ])('of %j', (source, flags, argument) => {
    expect(one(source)).toMatchObject({ flags, argument })
  })

  it('count bytes that are no UTF-8, as BuildKit does', () => {
    expect(one(Buffer.from('COPY --link\xa0package-lock.json /x', 'latin1'))).toMatchObject({
      flags: ['--link'],
      argument: 'package-lock.json /x',
    })
  })

  it('have a value, or none', () => {
    expect(flagOf(one('COPY --from= a b'), 'from')).toBeUndefined()
    expect(flagOf(one('COPY --link a b'), 'from')).toBeUndefined()
    expect(flagOf(one('COPY --from=x=y a b'), 'from')).toBe('x=y')
  })
})

describe('the JSON form', () => {
  it.each<[string, string[] | undefined]>([
    ['COPY ["a b", "c"]', ['a b', 'c']],
    ['COPY\u2003\t[ "a" ]', undefined],
    ['copy []', []],
    ['RUN ["a", \\\n# c\n"\\u002d"]', ['a', '-']],
    ['RUN ["\\ud800"]', ['\uFFFD']],
    ['RUN ["a"] b', undefined],
    ['RUN ["a", 1]', undefined],
    ["RUN ['a']", undefined],
    ['RUN {"a": "b"}', undefined],
    ['FROM ["a"]', undefined],
  ])('of %j', (source, json) => {
    expect(one(source).json).toEqual(json)
  })
})

describe('here-documents', () => {
  it.each(hereDocuments)('of %j', (source, names) => {
    expect(one(`${source}\n${names.map(name => `${name}\n`).join('')}`).heredocs.map(({ name }) => name)).toEqual(names)
  })

  it.each(['<<E\u2003""', '<<E\u2003F', '<<"E', '<<', '<<E<', 'a<<E', 'E'])('do not begin with the word %j', word => {
    expect(parseHeredoc(word)).toBeUndefined()
  })

  it('have their text', () => {
    expect(one('RUN <<A <<-B\n1\r\nA\r\n\t2\n\tB\n').heredocs).toEqual([
      { name: 'A', chomp: false, content: '1\r\n' },
      { name: 'B', chomp: true, content: '\t2\n' },
    ])
  })

  it('end only at the bytes of their name', () => {
    const bytes = Buffer.from('RUN <<E\xff\nE\xff\nE\xef\xbf\xbd\nRUN b', 'latin1')
    expect(read(bytes).map(({ original }) => original)).toEqual(['RUN <<E\uFFFD', 'RUN b'])
  })
})

describe('the trigger of an ONBUILD', () => {
  it.each<[string, Partial<Instruction> | undefined]>([
    ['ONBUILD COPY --from=a b c', { keyword: 'COPY', flags: ['--from=a'], argument: 'b c' }],
    ['onbuild\vcopy <<E a b\nc\nE', { keyword: 'COPY', heredocs: [{ name: 'E', chomp: false, content: 'c\n' }] }],
    ['ONBUILD \uFEFFCOPY a b', { keyword: 'COPY', argument: 'a b' }],
    ['# escape=`\nONBUILD RUN a`b\\\\`', { keyword: 'RUN', argument: 'a`b\\\\' }],
    ['ONBUILD', undefined],
    ['ONBUİLD COPY a b', { keyword: 'ONBUILD' }],
  ])('of %j', (source, trigger) => {
    const { trigger: found, lines: own } = one(source)
    if (trigger === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject({ ...trigger, lines: own })
  })
})

describe('words', () => {
  it('are separated by white space of ASCII', () => {
    expect(wordsOf(one('COPY a\vb\u00a0c  \\\n\td'))).toEqual(['a', 'b\u00a0c', 'd'])
    expect(wordsOf(one('COPY ["a b"]'))).toEqual(['a b'])
    expect(wordsOf(one('COPY'))).toEqual([])
  })

  it.each([
    ['"a"\'b\'\\c', 'abc'],
    ['"a', '"a'],
    ['$a${b}', '$a${b}'],
    ['`a', '`a'],
  ])('lose quotation marks: %j', (word, expected) => {
    expect(unquote(word, '\\')).toBe(expected)
  })
})

describe('instructionText', () => {
  it('is what is told of an instruction in one line', () => {
    expect(instructionText(one('  RUN a \\\n  b'))).toBe('RUN a b')
    expect(instructionText(one('RUN <<E a\nb\nE'))).toBe('RUN <<E a …')
    expect(instructionText(one(`RUN ${'a'.repeat(200)}`))).toBe(`RUN ${'a'.repeat(95)}…`)
  })
})
