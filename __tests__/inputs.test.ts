import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { ConfigurationError } from '../src/errors.js'
import { inputNames, inputTable, isSwitch, parseInputs, type RawInputs } from '../src/inputs.js'
import { outputNames } from '../src/report/outputs.js'

const actionYml = parse(readFileSync('action.yml', 'utf8')) as {
  inputs: Record<string, { description: string; default: string }>
  outputs: Record<string, unknown>
  runs: { using: string; main: string }
}

const read = (raw: RawInputs): ReturnType<typeof parseInputs> => parseInputs(raw, () => [])

function mistakesOf(raw: RawInputs, trivyMistakes: string[] = []): readonly string[] {
  try {
    parseInputs(raw, () => trivyMistakes)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.messages
    throw error
  }
  return []
}

describe('action.yml', () => {
  it('has the inputs of the table, with the same descriptions and defaults', () => {
    const expected = inputNames.map(name => [
      name,
      { description: inputTable[name].description, default: inputTable[name].default },
    ])
    expect(actionYml.inputs).toEqual(Object.fromEntries(expected))
  })

  it('has the outputs that are set', () => {
    expect(Object.keys(actionYml.outputs)).toEqual([...outputNames])
  })

  it('runs the bundle on Node 24', () => {
    expect(actionYml.runs).toEqual({ using: 'node24', main: 'dist/index.js' })
  })
})

describe('parseInputs', () => {
  it('takes the defaults of action.yml where nothing is given', () => {
    expect(read({})).toMatchObject({
      imagesRoot: 'docker-builder/registry-repos',
      images: [],
      rules: {},
      policyFile: '.github/image-gate.yml',
      onlyChanged: false,
      warnOnly: false,
      timeout: 600_000,
      trivy: { version: '0.74.0' },
    })
  })

  it('takes an empty value as the default', () => {
    expect(read({ severity: '  ', timeout: ' ' })).toMatchObject({ rules: {}, timeout: 600_000 })
  })

  it('reads severities in any case and order, each once', () => {
    expect(read({ severity: 'low, Critical\nlow' }).rules.severity).toEqual(['CRITICAL', 'LOW'])
  })

  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
  ])('reads the time %s', (timeout, milliseconds) => {
    expect(read({ timeout }).timeout).toBe(milliseconds)
  })

  it('reads lists of names from lines and commas', () => {
    expect(read({ images: 'web, api*\n\nweb' }).images).toEqual(['web', 'api*'])
  })

  it('reads the Trivy inputs, with and without the optional ones', () => {
    const sha256 = 'A'.repeat(64)
    const given = read({ 'trivy-version': 'v0.70.0', 'trivy-sha256': `sha256:${sha256}`, 'trivy-path': '/opt/trivy' })
    expect(given.trivy).toMatchObject({ version: '0.70.0', sha256: 'a'.repeat(64), path: '/opt/trivy' })
    expect(read({}).trivy).not.toHaveProperty('sha256')
    expect(read({}).trivy).not.toHaveProperty('path')
  })

  it('reads how to build, with and without the optional ones', () => {
    const given = read({
      builder: 'my.builder-1',
      platform: 'linux/arm/v7',
      'build-args': '  A=1, 2\r\n\nB=x=y\n',
      'max-parallel': '16',
    })
    const expected = { builder: 'my.builder-1', platform: 'linux/arm/v7', maxParallel: 16 }
    expect(given).toMatchObject({ ...expected, buildArgs: ['A=1, 2', 'B=x=y'] })
    for (const name of Object.keys(expected)) expect(read({})).not.toHaveProperty(name)
    expect(read({}).buildArgs).toEqual([])
  })

  it('drops the slash at the end of the mirror', () => {
    expect(read({ 'trivy-mirror': 'https://mirror.example/trivy/' }).trivy.mirror).toBe('https://mirror.example/trivy')
    expect(read({ 'trivy-mirror': 'http://127.0.0.1:8080' }).trivy.mirror).toBe('http://127.0.0.1:8080')
  })

  it.each([
    ['severity', 'HGIH', "severity: 'HGIH' is not one of: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN"],
    ['severity', ',', 'severity: names no severity. Allowed are: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN'],
    ['ignore-unfixed', 'yes', "ignore-unfixed: 'yes' is not one of: true, false"],
    ['timeout', 'soon', "timeout: 'soon' is not a time such as 90s, 10m or 1h30m"],
    ['timeout', '10 m', "timeout: '10 m' is not a time such as 90s, 10m or 1h30m"],
    ['timeout', '0s', "timeout: '0s' is not between 1s and 6h"],
    ['timeout', '7h', "timeout: '7h' is not between 1s and 6h"],
    [
      'trivy-version',
      'latest',
      "trivy-version: 'latest' is not a version such as 0.74.0; a moving name such as 'latest' cannot be verified",
    ],
    ['trivy-sha256', 'abc', "trivy-sha256: 'abc' is not a SHA-256: 64 hexadecimal digits"],
    ['trivy-mirror', 'http://mirror.example', "trivy-mirror: 'http://mirror.example' is not an https:// address"],
    ['trivy-mirror', 'mirror', "trivy-mirror: 'mirror' is not an https:// address"],
    [
      'trivy-mirror',
      'https://user:secret@mirror.example',
      'trivy-mirror: an address with a user name or password in it cannot be used',
    ],
    [
      'db-repository',
      'trivy db',
      "db-repository: 'trivy db' is not a repository such as ghcr.io/aquasecurity/trivy-db:2",
    ],
    ['db-repository', ',', "db-repository: ',' is not a repository such as ghcr.io/aquasecurity/trivy-db:2"],
    ['max-parallel', '0', "max-parallel: '0' is not a whole number from 1 to 256"],
    ['max-parallel', '1.5', "max-parallel: '1.5' is not a whole number from 1 to 256"],
    ['builder', '--help', "builder: '--help' is not a builder's name; see docker buildx ls"],
    ['platform', 'arm', "platform: 'arm' is not a platform such as linux/arm64"],
    [
      'platform',
      'linux/amd64,linux/arm64',
      "platform: 'linux/amd64,linux/arm64' names more than one platform; gate each in a step of its own",
    ],
    ['build-args', 'A=1\nTOKEN\n2B=3', "build-args: 'TOKEN', '2B': not of the form NAME=VALUE"],
    ['images-root', 'a\0b', 'images-root: contains a NUL character'],
  ])('refuses %s: %j', (name, value, message) => {
    expect(mistakesOf({ [name]: value })).toEqual([message])
  })

  it('reports every mistake at once', () => {
    const mistakes = mistakesOf({ severity: 'HGIH', timeout: 'x', wran: 'true' }, ['trivy-version: refused'])
    expect(mistakes).toHaveLength(4)
  })

  it('reports a refused version beside other wrong Trivy inputs', () => {
    const raw = { 'trivy-mirror': 'mirror', 'trivy-sha256': 'abc' }
    expect(mistakesOf(raw, ['trivy-version: refused'])).toHaveLength(3)
  })

  it('takes nothing for an input that every object has', () => {
    expect(mistakesOf({ constructor: 'x' })[0]).toMatch(/^'constructor' is not an input/)
  })

  it('refuses a time of very many digits at once', () => {
    expect(mistakesOf({ timeout: `${'1'.repeat(20_000)}x` })).toHaveLength(1)
    expect(mistakesOf({ timeout: `${'9'.repeat(1000)}s` })[0]).toMatch(/is not between 1s and 6h$/)
  })

  it('says which input was meant', () => {
    expect(mistakesOf({ severty: 'HIGH' })).toEqual([
      "'severty' is not an input of Image Gate. Did you mean 'severity'?",
    ])
    expect(mistakesOf({ colour: 'x' })[0]).toMatch(
      /^'colour' is not an input of Image Gate. Known are: images-root, images, /,
    )
  })

  it('does not ask the release table about a version that is none', () => {
    expect(mistakesOf({ 'trivy-version': 'latest' }, ['never said'])).toHaveLength(1)
  })

  it('lets a defect through', () => {
    const broken = (): never => {
      throw new TypeError('defect')
    }
    expect(() => parseInputs({}, broken)).toThrow(TypeError)
  })
})

describe('isSwitch', () => {
  it('tells switches from values', () => {
    expect(inputNames.filter(isSwitch)).toEqual([
      'allow-empty',
      'only-changed',
      'ignore-unfixed',
      'lock-files',
      'gate-end-of-life',
      'gate-unrecognised',
      'warn-only',
      'no-cache',
      'pull',
      'allow-untrusted-head',
      'cache',
      'annotations',
      'summary',
      'sbom',
    ])
  })
})
