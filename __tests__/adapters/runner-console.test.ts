import { jest } from '@jest/globals'
import { RunnerConsole } from '../../src/adapters/runner-console.js'

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
  }
  return written.join('').trimEnd().split('\n')
}

/** What a runner would take for commands, while it does not ignore them. */
function commandsOf(lines: readonly string[]): string[] {
  const commands: string[] = []
  let token: string | undefined
  for (const line of lines) {
    if (token !== undefined && line === `::${token}::`) token = undefined
    else if (token === undefined && line.trimStart().startsWith('::')) {
      const stop = /^::stop-commands::(.+)$/.exec(line.trim())
      if (stop === null) commands.push(line)
      else token = stop[1]
    }
  }
  return commands
}

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
    expect(commandsOf(lines)).toEqual(['::group::Build web', '::warning::disk is low', '::endgroup::', '::debug::why'])
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
    expect(commandsOf(lines)).toEqual(['::group::Build | ::error::x', '::endgroup::'])
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
})
