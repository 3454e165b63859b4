import { jest } from '@jest/globals'
import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import { harmlessLines } from '../../src/adapters/harmless.js'
import { readLines } from '../../src/adapters/process.js'
import { RunnerConsole } from '../../src/adapters/runner-console.js'
import { hostileText } from '../hostile.js'
import { Runner } from '../runner.js'

/** Everything that goes to standard output, as the runner would read it. */
async function captured(work: (console: RunnerConsole) => unknown): Promise<string[]> {
  const written: string[] = []
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    written.push(String(text))
    return true
  })
  try {
    await work(new RunnerConsole())
  } finally {
    spy.mockRestore()
    // A step that fails gives the process its exit code: here that would be jest's.
    process.exitCode = undefined
  }
  return written.join('').trimEnd().split('\n')
}

/** What a runner would take for commands, as `NAME DATA`. */
const commandsOf = (lines: readonly string[], how = {}): string[] =>
  new Runner(how).read(lines.join('\n')).commands.map(({ name, data }) => `${name} ${data}`.trim())

describe('RunnerConsole', () => {
  it('lets nothing foreign be a command, and its own commands through', async () => {
    const lines = await captured(async console => {
      await console.group('Build web', async () => {
        console.foreign('::error::x')
        console.foreign('##[set-output name=result]passed')
        console.warning('disk is low')
        console.foreign('::stop-commands::mine')
        console.foreign('::endgroup::')
      })
      console.info('::warning::from a folder name')
      console.debug('why')
    })
    expect(commandsOf(lines)).toEqual(['group Build web', 'warning disk is low', 'endgroup', 'debug why'])
    expect(lines).toContain('| ::error::x')
    expect(lines.join('\n')).not.toContain('##[')
  })

  it('ends the group when the work fails', async () => {
    const lines = await captured(async console => {
      await console
        .group('Build\n::error::x', async () => {
          console.foreign('text')
          return Promise.reject(new Error('no'))
        })
        .catch(() => undefined)
    })
    expect(commandsOf(lines)).toEqual(['group Build | ::error::x', 'endgroup'])
  })

  it('annotates with file and lines, or without', async () => {
    const lines = await captured(console => {
      console.annotate({
        level: 'error',
        title: 'web: 1',
        message: 'a\nb',
        file: 'x/Dockerfile',
        lines: { start: 3, end: 5 },
      })
      console.annotate({ level: 'warning', title: 'Not gated', message: 'c' })
    })
    expect(lines).toEqual([
      '::error title=web%3A 1,file=x/Dockerfile,line=3,endLine=5::a%0Ab',
      '::warning title=Not gated::c',
    ])
  })

  describe('whatever it says', () => {
    const kinds = ['foreign', 'info', 'warning', 'debug', 'group', 'annotate', 'fail'] as const
    type Saying = [kind: (typeof kinds)[number], text: string, other: string]
    const saying: fc.Arbitrary<Saying> = fc.tuple(fc.constantFrom(...kinds), hostileText, hostileText)

    async function say(console: RunnerConsole, [kind, text, other]: Saying): Promise<void> {
      if (kind === 'group') {
        await console.group(text, async () => {
          console.foreign(other)
        })
      } else if (kind === 'annotate') console.annotate({ level: 'notice', title: text, message: other })
      else console[kind](text)
    }

    /** What is meant as a command, with its data as the runner will have it. */
    function meant([kind, text, other]: Saying): string[] {
      const said = (words: string, glue: string): string => harmlessLines(words).join(glue)
      if (kind === 'group') return [`group ${said(text, ' ')}`.trim(), 'endgroup']
      if (kind === 'annotate') return [`notice ${said(other, '\n')}`.trim()]
      if (kind === 'fail') return [`error ${said(text, '\n')}`.trim()]
      return kind === 'foreign' || kind === 'info' ? [] : [`${kind} ${said(text, '\n')}`.trim()]
    }

    it('gives a runner the commands that it means, and no other', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(saying, { maxLength: 6 }), async sayings => {
          const lines = await captured(async console => {
            for (const each of sayings) await say(console, each)
          })
          expect(commandsOf(lines)).toEqual(sayings.flatMap(meant))
          const names = sayings.flatMap(meant).map(command => command.split(/[ \n]/)[0])
          expect(commandsOf(lines, { byCulture: true }).map(command => command.split(/[ \n]/)[0])).toEqual(names)
        }),
        { numRuns: 500 },
      )
    })

    it('gives none for the output of a process, whatever the bytes and however they are cut', async () => {
      const bytes = hostileText.map(text => Buffer.from(text))
      const chunk = fc.oneof(
        bytes,
        fc.uint8Array({ maxLength: 6 }).map(array => Buffer.from(array)),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(chunk, { maxLength: 10 }), fc.integer({ min: 1, max: 9 }), async (chunks, size) => {
          const lines = await captured(async console => {
            const stream = new PassThrough()
            readLines(stream, line => {
              console.foreign(line)
            })
            const all = Buffer.concat(chunks)
            for (let at = 0; at < all.length; at += size) stream.write(all.subarray(at, at + size))
            stream.end()
            await new Promise(resolve => stream.on('end', resolve))
          })
          expect(commandsOf(lines)).toEqual([])
        }),
        { numRuns: 500 },
      )
    })
  })
})
