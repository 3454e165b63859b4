import { helpText, parseCommandLine } from '../src/command-line.js'
import { ConfigurationError } from '../src/errors.js'
import { inputNames, inputTable } from '../src/inputs.js'

describe('parseCommandLine', () => {
  it('gates the current folder when nothing is said', () => {
    expect(parseCommandLine([])).toEqual({ kind: 'gate', path: '.', inputs: {}, verbose: false, open: false })
  })

  it('reads a path and options by the names of the inputs', () => {
    expect(parseCommandLine(['repo', '--severity', 'HIGH', '--timeout=5m', '-v'])).toEqual({
      kind: 'gate',
      path: 'repo',
      inputs: { severity: 'HIGH', timeout: '5m' },
      verbose: true,
      open: false,
    })
  })

  it('lets a switch stand alone, or with its value', () => {
    expect(parseCommandLine(['--warn-only', '--ignore-unfixed=false'])).toMatchObject({
      inputs: { 'warn-only': 'true', 'ignore-unfixed': 'false' },
    })
  })

  it.each([
    ['-h', 'help'],
    ['--help', 'help'],
    ['--version', 'version'],
  ])('answers %s', (arg, kind) => {
    expect(parseCommandLine([arg])).toEqual({ kind })
  })

  it.each([[['--severty', 'HIGH']], [['a', 'b']], [['--severity']]])('refuses %j', args => {
    expect(() => parseCommandLine(args)).toThrow(ConfigurationError)
  })

  it('has no options that only mean something on a runner', () => {
    expect(() => parseCommandLine(['--summary'])).toThrow(ConfigurationError)
  })
})

describe('helpText', () => {
  it('names every option, its default and the exit codes', () => {
    const help = helpText()
    for (const name of inputNames.filter(input => inputTable[input].actionOnly !== true)) {
      expect(help).toContain(`--${name}`)
    }
    expect(help).toContain('Default: docker-builder/registry-repos')
    expect(help).toContain('Exit status: 0 passed, 2 blocked, 1 error.')
  })
})
