/** What a workflow, a person or an event gives: a value, or every mistake in words that people understand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readRunContext } from '../../src/adapters/run-context.js'
import { parseCommandLine } from '../../src/command-line.js'
import { ConfigurationError } from '../../src/errors.js'
import { inputNames, parseInputs, type Inputs } from '../../src/inputs.js'
import { severities } from '../../src/model.js'
import {
  anyChanges,
  anyTextChanges,
  change,
  changeText,
  hostileText,
  long,
  quickly,
  runs,
  timed,
  toText,
} from './arbitraries.js'

/** @returns undefined where there are mistakes */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    expect(error.messages.length).toBeGreaterThan(0)
    expect(error.messages.every(message => message !== '') && error.advice !== '').toBe(true)
    return undefined
  }
}

const parse = (raw: Readonly<Record<string, string>>): Inputs | undefined => attempt(() => parseInputs(raw, () => []))

const anyValue = fc.oneof(
  hostileText,
  fc.constantFrom(
    'true',
    'TRUE',
    'no',
    'all',
    'introduced',
    'HIGH,low',
    'vuln',
    '10m',
    '1h30m',
    '99999h',
    '5',
    '0.74.0',
    'v1.2.3',
  ),
  fc.constantFrom(
    'https://x',
    'http://localhost:1',
    'a/b:1',
    'A=b\nC=d',
    'linux/arm64',
    '../x',
    './x',
    '.',
    'sha256:' + 'a'.repeat(64),
  ),
  fc.tuple(hostileText, fc.nat(2000)).map(([text, times]) => text.repeat(times)),
)
const anyName = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...inputNames) },
  { weight: 1, arbitrary: hostileText },
)

function expectSound({ rules, timeout, maxParallel, policyFile, trivy, platform, builder, buildArgs }: Inputs): void {
  expect(timeout >= 1000 && timeout <= 6 * 3_600_000).toBe(true)
  if (maxParallel !== undefined)
    expect(Number.isInteger(maxParallel) && maxParallel >= 1 && maxParallel <= 256).toBe(true)
  expect(policyFile.startsWith('/') || policyFile.split('/').includes('..') || policyFile.includes('\0')).toBe(false)
  expect((rules.severity ?? []).every(severity => severities.includes(severity))).toBe(true)
  expect(trivy.version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(trivy.mirror).toMatch(/^https:|^http:\/\/(localhost|127\.0\.0\.1)\b/i)
  // Nothing that is given on can be taken for an option.
  for (const text of [platform, builder, ...trivy.dbRepositories, ...buildArgs]) expect(text ?? '').not.toMatch(/^-/)
}

describe('inputs of any text', () => {
  it('are read, or refused with every mistake', () => {
    fc.assert(
      fc.property(fc.dictionary(anyName, anyValue, { maxKeys: 6 }), raw => {
        const inputs = parse(raw)
        if (inputs !== undefined) expectSound(inputs)
      }),
      runs(500),
    )
  })

  it('are refused by name when there is no such input', () => {
    fc.assert(
      fc.property(hostileText, name => {
        if ((inputNames as string[]).includes(name)) return
        expect(() => parseInputs({ [name]: 'x' }, () => [])).toThrow(`'${name}' is not an input of Image Gate`)
      }),
      runs(200),
    )
  })

  it.each([' ', ',', '\n', '1h', '1', '/', 'a/', '-', 'A=b\n', '0.', '*', 'x'])(
    'are read quickly when they are %j over and over',
    part => {
      const text = part.repeat(Math.ceil(long / part.length))
      expect(timed(() => inputNames.forEach(name => parse({ [name]: `a${text}b`, [text]: 'x' })))).toBeLessThan(quickly)
    },
  )
})

describe('a command line of any words', () => {
  it('is read, or refused', () => {
    const option = fc.tuple(anyName, anyValue).map(([name, value]) => `--${name}=${value}`)
    const word = fc.oneof(
      option,
      anyName.map(name => `--${name}`),
      hostileText,
      fc.constantFrom('-v', '--', '--no-help', '-hv', '--open'),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), words => {
        const command = attempt(() => parseCommandLine(words))
        if (command?.kind !== 'gate') return
        const inputs = parse(command.inputs as Record<string, string>)
        if (inputs !== undefined) expectSound(inputs)
      }),
      runs(300),
    )
  })
})

describe('an event of any payload', () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-gate-fuzz-event-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const sha = 'a'.repeat(40)
  const payload = {
    before: sha,
    pull_request: { number: 7, base: { ref: 'main' }, head: { sha, repo: { full_name: 'o/r', fork: false } } },
    merge_group: { base_sha: sha },
    workflow_run: { head_repository: { full_name: 'o/r' } },
    issue: { number: 7, pull_request: {} },
  }
  const events = ['pull_request', 'pull_request_target', 'merge_group', 'push', 'workflow_run', 'issue_comment', '']

  it('is read for what it says in texts and numbers, or refused', () => {
    fc.assert(
      fc.property(
        anyChanges(payload),
        anyTextChanges,
        fc.boolean(),
        fc.constantFrom(...events),
        (changes, textChanges, asText, event) => {
          const path = join(folder, 'event.json')
          writeFileSync(
            path,
            asText ? changeText(JSON.stringify(payload), textChanges) : toText(change(payload, changes)),
          )
          const env = { GITHUB_EVENT_PATH: path, GITHUB_EVENT_NAME: event, GITHUB_SHA: sha, GITHUB_REPOSITORY: 'o/r' }
          const context = attempt(() => readRunContext(env))
          if (context === undefined) return
          const { pullRequest, head, baseline } = context
          expect(pullRequest === undefined || (Number.isSafeInteger(pullRequest) && pullRequest > 0)).toBe(true)
          expect(['string', 'undefined']).toContain(typeof head)
          for (const text of [...Object.values(baseline?.base ?? {}), ...(baseline?.expected ?? [])])
            expect(typeof text).toBe('string')
        },
      ),
      runs(200),
    )
  })
})
