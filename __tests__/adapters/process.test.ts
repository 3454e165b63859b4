import { spawnSync } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRunProcess, type ProcessResult } from '../../src/adapters/process.js'
import { ToolError } from '../../src/errors.js'

const env = { PATH: process.env['PATH'] ?? '' }

async function sh(
  script: string,
  more: { timeout?: number; cancelled?: AbortSignal } = {},
): Promise<{ result: ProcessResult; lines: string[] }> {
  const { cancelled = new AbortController().signal, ...options } = more
  const lines: string[] = []
  const run = createRunProcess(cancelled)
  const result = await run({ command: 'sh', args: ['-c', script], env, onLine: line => lines.push(line), ...options })
  return { result, lines }
}

/** A zombie has ended: it only waits for whoever is its parent now to take note. */
const isRunning = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)]).stdout.toString())

describe('createRunProcess', () => {
  it('reads lines of both streams to their end, also after a bare carriage return', async () => {
    const { result, lines } = await sh('printf "a\\nb\\rc"; printf "d\\n" >&2; exit 3')
    expect(result).toEqual({ status: 'exited', exitCode: 3 })
    expect(lines.sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('puts characters together that come in pieces', async () => {
    const { lines } = await sh("printf '\\303'; sleep 0.1; printf '\\261\\n'")
    expect(lines).toEqual(['ñ'])
  })

  it('cuts what never ends a line', async () => {
    const { lines } = await sh('head -c 3000000 /dev/zero | tr "\\0" x')
    expect(Math.max(...lines.map(line => line.length))).toBe(16 * 1024)
  })

  it('gives longer lines to who can use them', async () => {
    const lines: string[] = []
    const run = createRunProcess(new AbortController().signal)
    const args = ['-c', 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo y']
    await run({ command: 'sh', args, env, maxLine: 250_000, onLine: line => lines.push(line) })
    expect(lines.map(line => line.length)).toEqual([250_000, 1])
  })

  describe('with somebody who takes the output', () => {
    const take = async (script: string, onOutput: (output: Readable) => Promise<void>): Promise<ProcessResult> => {
      const run = createRunProcess(new AbortController().signal)
      return run({ command: 'sh', args: ['-c', script], env, onOutput })
    }
    const read = async (output: Readable): Promise<void> => {
      for await (const _ of output);
    }

    it('hands it over as it is', async () => {
      const chunks: Buffer[] = []
      const result = await take('printf "a\\r\\0b"', async output => {
        for await (const chunk of output) chunks.push(chunk as Buffer)
      })
      expect(result).toEqual({ status: 'exited', exitCode: 0 })
      expect(Buffer.concat(chunks).toString()).toBe('a\r\0b')
    })

    it('ends a process whose output is refused, and says why', async () => {
      const refused = take('while echo more; do :; done', async output => {
        await new Promise(resolve => output.once('data', resolve))
        throw new Error('the disk is full')
      })
      await expect(refused).rejects.toThrow('the disk is full')
    })

    it('says why also when the output is closed by who refuses it', async () => {
      const refused = take('while echo more; do :; done', async output => {
        for await (const _ of output) throw new Error('the disk is full')
      })
      await expect(refused).rejects.toThrow('the disk is full')
    })

    it('lets a process that failed speak for itself, but not one that ended well', async () => {
      const cutShort = async (output: Readable): Promise<void> => {
        await read(output)
        throw new Error('cut short')
      }
      expect(await take('printf half; exit 3', cutShort)).toEqual({ status: 'exited', exitCode: 3 })
      await expect(take('printf half', cutShort)).rejects.toThrow('cut short')
    })
  })

  it('ends one process alone', async () => {
    const stop = new AbortController()
    const run = createRunProcess(new AbortController().signal)
    const request = { command: 'sleep', args: ['100'], env, signal: stop.signal }
    const running = run(request)
    stop.abort(new ToolError('no longer needed', 'Go on.'))
    await expect(running).rejects.toThrow('no longer needed')
    await expect(run(request)).rejects.toThrow('no longer needed')
    expect((await run({ command: 'true', args: [], env })).status).toBe('exited')
  })

  it('gives the child nothing but the environment that it is given', async () => {
    process.env['ACTIONS_RUNTIME_TOKEN'] = 'secret'
    const { lines } = await sh('env')
    delete process.env['ACTIONS_RUNTIME_TOKEN']
    expect(lines.join()).not.toContain('secret')
  })

  it('says when the child was killed', async () => {
    expect((await sh('kill -9 $$')).result).toEqual({ status: 'killed', signal: 'SIGKILL' })
  })

  it('ends the child and all that it started when its time is up', async () => {
    const { result, lines } = await sh('sleep 60 & echo $!; sleep 60', { timeout: 300 })
    expect(result).toEqual({ status: 'timed-out' })
    await sleep(100)
    expect(isRunning(Number(lines[0]))).toBe(false)
  })

  it('ends a child that does not listen', async () => {
    const { result } = await sh('trap "" TERM; while true; do sleep 0.1; done', { timeout: 200 })
    expect(result).toEqual({ status: 'timed-out' })
  })

  it('ends also what left the child’s process group, where the system tells', async () => {
    const { result, lines } = await sh('setsid sh -c "echo \\$\\$; exec sleep 60" & sleep 60', { timeout: 300 })
    expect(result).toEqual({ status: 'timed-out' })
    await sleep(100)
    expect(lines).toHaveLength(1)
    if (process.platform === 'linux') expect(isRunning(Number(lines[0]))).toBe(false)
  })

  it('does not wait for somebody else who holds the output', async () => {
    const started = Date.now()
    const { result, lines } = await sh(
      '(setsid sh -c "trap : TERM; echo \\$\\$; sleep 6" &); trap "" TERM; while true; do sleep 0.1; done',
      { timeout: 200 },
    )
    expect(result).toEqual({ status: 'timed-out' })
    expect(Date.now() - started).toBeLessThan(5000)
    process.kill(-Number(lines[0]), 'SIGKILL')
  })

  it('is soon done when the run is cancelled, also with a child that does not listen', async () => {
    const controller = new AbortController()
    setTimeout(() => {
      controller.abort(new ToolError('the run was cancelled', 'Run it again.'))
    }, 200)
    const started = Date.now()
    const script = 'trap "" TERM; while true; do sleep 0.1; done'
    await expect(sh(script, { cancelled: controller.signal })).rejects.toThrow('the run was cancelled')
    expect(Date.now() - started).toBeLessThan(2000)
  })

  it('gives the run’s end as the reason, not what it did to the output', async () => {
    const controller = new AbortController()
    const run = createRunProcess(controller.signal)
    setTimeout(() => {
      controller.abort(new ToolError('the run was cancelled', 'Run it again.'))
    }, 200)
    const onOutput = async (output: Readable): Promise<void> => {
      for await (const _ of output);
      throw new Error('cut short')
    }
    const running = run({ command: 'sleep', args: ['60'], env, onOutput })
    await expect(running).rejects.toThrow('the run was cancelled')
  })

  it('ends running children when the run is cancelled, and starts no new ones', async () => {
    const controller = new AbortController()
    setTimeout(() => {
      controller.abort(new ToolError('the run was cancelled', 'Run it again.'))
    }, 200)
    await expect(sh('sleep 60', { cancelled: controller.signal })).rejects.toThrow('the run was cancelled')
    await expect(sh('true', { cancelled: controller.signal })).rejects.toThrow(ToolError)
  })

  it('leaves no process behind that outlived its parent', async () => {
    const { lines } = await sh('sleep 60 >/dev/null 2>&1 & echo $!')
    await sleep(100)
    expect(isRunning(Number(lines[0]))).toBe(false)
  })

  it('says when there is no such program', async () => {
    const run = createRunProcess(new AbortController().signal)
    await expect(run({ command: '/no/such/program', args: [], env })).rejects.toThrow(
      '/no/such/program could not be started',
    )
  })
})
