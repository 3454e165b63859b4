import { askCommand } from '../../src/adapters/command.js'
import { createRunProcess } from '../../src/adapters/process.js'
import { ToolError } from '../../src/errors.js'

const env = { PATH: process.env['PATH'] ?? '' }
const ask = (script: string, options = {}): ReturnType<typeof askCommand> =>
  askCommand('sh', ['-c', script], env, options)

describe('askCommand', () => {
  it('gives what was said, apart, and the exit code', async () => {
    expect(await ask('printf "a\\n\\nñ"; printf "why\\nso\\n" >&2; exit 3')).toEqual({
      exitCode: 3,
      stdout: 'a\n\nñ',
      stderr: 'why\nso',
    })
  })

  it('answers for a program that is missing, is killed, or does not answer in time', async () => {
    expect(await askCommand('/no/such/program', [], env)).toMatchObject({
      exitCode: 127,
      stderr: expect.stringContaining('/no/such/program could not be started') as string,
    })
    expect(await ask('kill -9 $$')).toMatchObject({ exitCode: 137 })
    expect(await ask('sleep 60', { timeout: 200 })).toMatchObject({ exitCode: 124, stderr: 'no answer within 0.2 s' })
  })

  it('gives the child nothing but the environment that it is given', async () => {
    process.env['GITHUB_OUTPUT'] = '/command/file'
    const { stdout } = await ask('env')
    delete process.env['GITHUB_OUTPUT']
    expect(stdout).not.toContain('/command/file')
  })

  it('ends with the run', async () => {
    const controller = new AbortController()
    const run = createRunProcess(controller.signal)
    setTimeout(() => {
      controller.abort(new ToolError('the run was cancelled', 'Run it again.'))
    }, 100)
    await expect(ask('sleep 60', { run })).rejects.toThrow('the run was cancelled')
  })
})
