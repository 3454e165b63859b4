import { BuildLog } from '../../src/build/log.js'
import { RecordingConsole } from '../builders.js'
import { bounded } from '../bounded.js'

const long = '`a'.repeat(30_000)

describe('BuildLog', () => {
  it('keeps of each line only as much as somebody reads', () => {
    const log = new BuildLog(() => undefined)
    bounded(() => {
      for (let at = 0; at < 3000; at += 1) log.add({ kind: 'log', text: long })
      log.add({ kind: 'message', text: long })
      log.add({ kind: 'failed', name: long, error: long })
    })
    expect(log.tail).toHaveLength(20)
    const { name = '', error = '' } = log.failedStep ?? {}
    const kept = [...log.tail, ...log.messages, name, error]
    for (const line of kept) expect(line).toBe(`${long.slice(0, 4000)} … (60000 characters)`)
    const console = new RecordingConsole()
    log.tellTo(console)
    expect(console.lines.length).toBe(2000)
    expect(console.lines.filter(line => line.length > 4100)).toEqual([])
  })

  it('keeps a short line as it is', () => {
    const log = new BuildLog(() => undefined)
    log.add({ kind: 'log', text: 'text' })
    log.add({ kind: 'failed', name: 'RUN x', error: 'exit code: 1' })
    expect(log.tail).toEqual(['text'])
    expect(log.failedStep).toEqual({ name: 'RUN x', error: 'exit code: 1' })
  })
})
