/** The model of the runner, against what its sources say; the properties of our output are measured with it. */
import { Runner, type Command } from './runner.js'

const read = (output: string | Buffer, options = {}): readonly Command[] => new Runner(options).read(output).commands
const names = (output: string, options = {}): string[] => read(output, options).map(({ name }) => name)

describe('Runner', () => {
  it.each([
    ['::error::x', ['error']],
    ['  \t\u0085\u00a0\u3000::ERROR file=a,line=1::x', ['error']],
    ['a\r::error::x\r\n##[warning]y', ['error', 'warning']],
    ['#12 0.3 ##[set-output name=a]b', ['set-output']],
    ['x ::error::x', []],
    ['::error:x', []],
    ['::nothing::x', []],
    ['##[error', []],
    ['\u200d::error::x', []],
    ['a\u2028::error::x', []],
  ])('reads %j', (output, commands) => {
    expect(names(output)).toEqual(commands)
  })

  it('unescapes data', () => {
    expect(read('::warning::a%0Ab%25')).toEqual([{ name: 'warning', data: 'a\nb%' }])
  })

  it('ignores all between stop-commands and its token', () => {
    expect(names('::stop-commands::tok\n::error::x\n::other::\n::tok::\n::group::y\n::tok::')).toEqual(['group'])
    expect(() => names('::stop-commands::error')).toThrow('fails the step')
    expect(() => names('::stop-commands::')).toThrow('fails the step')
  })

  it('sees more where characters without a width do not count', () => {
    expect(names('\u200d:\u00ad:error::x\n#\u200d#[warning]', { byCulture: true })).toEqual(['error', 'warning'])
  })

  it('reads what is no UTF-8', () => {
    expect(read(Buffer.from([0xff, 0x0a, 0x3a, 0x3a, ...Buffer.from('debug::'), 0xfe]))).toEqual([
      { name: 'debug', data: '\ufffd' },
    ])
  })
})
