import fc from 'fast-check'
import { parseFinalStage, readTexts } from '../../src/explain/dockerfile.js'

const steps = (text: string): unknown[] =>
  parseFinalStage(text)?.steps.map(({ keyword, argument, lines }) => [keyword, argument, lines.start, lines.end]) ?? []

describe('parseFinalStage', () => {
  it('reads steps with their lines', () => {
    expect(steps('FROM debian\n# comment\nRUN a \\\n  # inside\n\n  && b\nCOPY x /x\n')).toEqual([
      ['RUN', 'a && b', 3, 6],
      ['COPY', 'x /x', 7, 7],
    ])
  })

  it('reads Windows line ends and another escape character', () => {
    expect(steps('# escape=`\r\nFROM debian\r\nRUN a `\r\n  b\r\n')).toEqual([['RUN', 'a b', 3, 4]])
  })

  it('counts no carriage return inside of a line as its end', () => {
    expect(steps('FROM debian\r# x\rx\nRUN a\rb\n')).toEqual([['RUN', 'a b', 2, 2]])
  })

  it('drops flags, which BuildKit does not record', () => {
    expect(steps('FROM debian\nRUN --mount=type=cache,target=/x --network=none make')).toEqual([['RUN', 'make', 2, 2]])
  })

  it.each([
    ['<< in quotation marks', 'FROM b\nRUN echo "hi <<NAME>>"\nCOPY d /\nRUN x', ['RUN 2-2', 'COPY 3-3', 'RUN 4-4']],
    ['<< in JSON', 'FROM b\nRUN ["sh","-c","echo 1 <<2; x"]\nRUN x', ['RUN 2-2', 'RUN 3-3']],
    ['<< in a program', "FROM b\nRUN python3 -c 'print(1 <<2)'\nRUN x", ['RUN 2-2', 'RUN 3-3']],
    ['FROM in a line that continues', 'FROM b\nRUN x\nRUN echo \\ \\\nfrom scratch; x', ['RUN 2-2', 'RUN 3-4']],
    [
      'FROM in a here-document',
      'FROM b\nRUN x\nRUN cat << EOF > /D\nFROM scratch\nEOF\nRUN y',
      ['RUN 2-2', 'RUN 3-5', 'RUN 6-6'],
    ],
    ['a here-document with a descriptor', 'FROM b\nRUN 3<<IN\nFROM scratch\nIN\nRUN y', ['RUN 2-4', 'RUN 5-5']],
    ['a name with a blank', 'FROM b\nRUN <<"E X"\nFROM scratch\nE X\nRUN y', ['RUN 2-4', 'RUN 5-5']],
  ])('finds the steps and the FROM beside %s', (_, text, expected) => {
    const stage = parseFinalStage(text)
    expect(stage?.from?.lines).toEqual({ start: 1, end: 1 })
    const told = stage?.steps.map(({ keyword, lines }) => `${keyword} ${String(lines.start)}-${String(lines.end)}`)
    expect(told).toEqual(expected)
  })

  it('sees the last stage after a word with << in an earlier one', () => {
    const stage = parseFinalStage('FROM b:1 AS builder\nRUN echo "hello <<NAME>>"\nRUN x\nFROM b:1\nRUN y')
    expect(stage).toMatchObject({ from: { lines: { start: 4 } }, steps: [{ lines: { start: 5 } }] })
  })

  it('knows a stage by its name in quotation marks', () => {
    expect(parseFinalStage('FROM debian AS a\nRUN x\nFROM "a"\nRUN y')?.steps).toHaveLength(2)
  })

  it('takes only what the final stage is made of, through the stages that it is FROM', () => {
    const stage = parseFinalStage(
      'FROM golang AS build\nRUN go build\nFROM debian:12 AS base\nRUN one\nFROM base\nRUN two\nCOPY --from=build /a /a\n',
    )
    expect(stage?.from).toMatchObject({ text: 'FROM debian:12 AS base', lines: { start: 3, end: 3 } })
    expect(stage?.steps.map(({ text }) => text)).toEqual(['RUN one', 'RUN two', 'COPY --from=build /a /a'])
  })

  it('is not caught by a stage that is called as its base', () => {
    expect(parseFinalStage('FROM debian AS debian\nRUN a')?.from?.lines.start).toBe(1)
  })

  it('does not say which FROM names the base where a variable decides it', () => {
    const variable = parseFinalStage('ARG S=a\nFROM debian AS a\nRUN one\nFROM $S\nRUN two\n')
    expect(variable).toMatchObject({ steps: [{ text: 'RUN two' }] })
    expect(variable?.from).toBeUndefined()
    expect(parseFinalStage('ARG S=a\nFROM debian\nFROM $S\n')?.from?.lines.start).toBe(3)
    expect(parseFinalStage('FROM debian AS a\nFROM other AS a\nFROM a\n')?.from?.lines.start).toBe(2)
  })

  it('follows very many stages, each of which is FROM the one before', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `FROM s${String(index)} AS s${String(index + 1)}\nRUN x`)
    expect(parseFinalStage(names.join('\n'))).toMatchObject({ from: { lines: { start: 1 } }, steps: { length: 2000 } })
    const same = parseFinalStage(`FROM debian AS a\n${'FROM a AS a\nRUN x\n'.repeat(2000)}`)
    expect(same).toMatchObject({ from: { text: 'FROM debian AS a' }, steps: { length: 2000 } })
  })

  it('knows a here-document', () => {
    expect(parseFinalStage('FROM debian\nRUN <<EOF\na\nEOF\n')?.steps[0]).toMatchObject({ heredoc: true })
  })

  it.each(['', '# nothing\n', 'RUN before any FROM'])('finds no stage in %j', text => {
    expect(parseFinalStage(text)).toBeUndefined()
  })

  it('takes any text at all', () => {
    const line = fc.constantFrom(
      'FROM a',
      'FROM a AS b',
      'FROM b',
      'RUN x \\',
      'COPY',
      '<<EOF',
      '# x',
      '',
      '\\',
      'ARG A=1',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), lines => {
        expect(() => parseFinalStage(lines.join('\n'))).not.toThrow()
      }),
    )
  })
})

describe('readTexts', () => {
  const textOf = (dockerfile: string, line = 1): string => readTexts(dockerfile)(line)

  it.each([
    ['one line', 'RUN make', 'RUN make'],
    ['white space around it', '  COPY  a   b\t', 'COPY a b'],
    [
      'continuation lines',
      'RUN apt-get update \\\n # why\n\n && apt-get install -y wget \\\n  curl',
      'RUN apt-get update && apt-get install -y wget curl',
    ],
    ['a continuation that never ends', 'RUN a \\', 'RUN a'],
    ['FROM on two lines', 'FROM \\\n  debian:12', 'FROM debian:12'],
    ['a here-document', 'RUN <<EOF bash\nmake\nEOF', 'RUN <<EOF bash …'],
    ['a long command', `RUN ${'make all '.repeat(20)}`, `RUN ${'make all '.repeat(10)}make…`],
  ])('is one line for %s', (_, dockerfile, expected) => {
    expect(textOf(dockerfile)).toBe(expected)
  })

  it('knows another escape character, and Windows line ends', () => {
    expect(textOf('# escape=`\r\nFROM a\r\nRUN x `\r\n  y\r\n', 3)).toBe('RUN x y')
  })

  it.each(['\uFEFF# escape=`\nFROM a\nRUN true `\n  y', '# syntax=x\n# escape=`\n\nRUN true `\n  y'])(
    'knows another escape character in %j',
    dockerfile => {
      expect(textOf(dockerfile, dockerfile.split('\n').length - 1)).toBe('RUN true y')
    },
  )

  it('is the line itself where no instruction begins', () => {
    expect(textOf('FROM a\nRUN b \\\n  c\n', 3)).toBe('c')
    expect(textOf('FROM a\n', 9)).toBe('')
  })

  it('counts characters, not halves of them', () => {
    expect(textOf(`RUN echo ${'🚀'.repeat(200)}`)).toBe(`RUN echo ${'🚀'.repeat(90)}…`)
  })
})
