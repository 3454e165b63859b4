import { renderProgress, TerminalConsole } from '../../src/adapters/terminal-console.js'

function consoleWith(live: boolean, verbose = false): { console: TerminalConsole; said: string[] } {
  const said: string[] = []
  const area = Object.assign((text: string) => void said.push(`live: ${text}`), {
    clear: () => void said.push('clear'),
  })
  const write = (text: string): void => void said.push(text)
  return { console: new TerminalConsole({ write, verbose, ...(live ? { live: area } : {}) }), said }
}

describe('TerminalConsole', () => {
  it('says each new stage of an image on a line, where it cannot draw', () => {
    const { console, said } = consoleWith(false)
    console.progress('web', 'waiting')
    console.progress('web', 'building')
    console.progress('web', 'building', '1/3')
    console.progress('web', 'building', '2/3')
    console.progress('web', 'clean', 'in 4.1 s')
    expect(said).toEqual(['web: building\n', 'web: clean in 4.1 s\n'])
  })

  it('draws the newest of each image, below what is said meanwhile, and takes it away in the end', () => {
    const { console, said } = consoleWith(true)
    console.progress('web', 'building', '1/3')
    console.progress('web', 'building', '1/3')
    console.progress('api\u001b[2J', 'waiting')
    console.info('Hello')
    console.settle()
    console.info('Bye')
    expect(said).toEqual([
      'live:   web  building 1/3',
      'live:   web  building 1/3\n  api  waiting',
      'clear',
      'Hello\n',
      'live:   web  building 1/3\n  api  waiting',
      'clear',
      'clear',
      'Bye\n',
    ])
  })

  it('shows what builds print only when asked', async () => {
    for (const verbose of [false, true]) {
      const { console, said } = consoleWith(false, verbose)
      await console.group('Build web', async () => {
        console.foreign('\u001b[31mred')
        console.debug('debug')
        console.warning('careful')
        return Promise.resolve()
      })
      expect(said).toEqual([...(verbose ? ['Build web ...\n', '  red\n', 'debug\n'] : []), 'Warning: careful\n'])
    }
  })
})

describe('renderProgress', () => {
  const images = new Map(
    ['a', 'b', 'long-name', 'd', 'e'].map((name, index) => [
      name,
      { stage: ['clean', 'building', 'scanning', 'waiting', 'clean'][index] ?? '', detail: index === 1 ? '3/7' : '' },
    ]),
  )

  it('shows all where there is room', () => {
    expect(renderProgress(images, 5)).toEqual([
      '  a          clean',
      '  b          building 3/7',
      '  long-name  scanning',
      '  d          waiting',
      '  e          clean',
    ])
  })

  it('shows those at work, and counts the others', () => {
    expect(renderProgress(images, 3)).toEqual([
      '  b          building 3/7',
      '  long-name  scanning',
      '  2 clean · 1 waiting',
    ])
    expect(renderProgress(images, 1)).toEqual(['  2 clean · 1 building · 1 scanning · 1 waiting'])
  })
})
