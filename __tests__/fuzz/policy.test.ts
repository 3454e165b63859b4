/** The policy file: read, or refused with the place of every mistake; and no exception is broader than what stands there. */
import fc from 'fast-check'
import {
  anyChanges,
  anyTextChanges,
  change,
  changeText,
  hostileText,
  long,
  oddValue,
  patience,
  pathsOf,
  quickly,
  runs,
  toText,
  workTime,
  type Changes,
  type Mutation,
} from './arbitraries.js'
import { attempt, entriesOf, expectScope, file, now, type Entry } from './policies.js'

const policy = {
  severity: ['CRITICAL', 'HIGH'],
  'gate-on': 'introduced',
  'max-exception-days': 120,
  images: { 'web-*': { severity: ['LOW'] }, api: { 'lock-files': false } },
  exceptions: [
    { id: 'CVE-1', reason: 'never called', expires: '2026-09-01' },
    {
      id: 'CVE-2',
      images: ['web-*', 'api'],
      packages: 'openssl',
      paths: ['/usr/**'],
      reason: 'r',
      expires: '2026-10-31',
    },
  ],
  vex: ['vex.json'],
}
const yaml = [
  ...[
    '# what blocks',
    'severity: [CRITICAL, HIGH]',
    'images:',
    '  web-*: &web',
    '    severity:',
    '      - LOW',
    '  api: *web',
  ],
  ...[
    'exceptions:',
    '  - id: CVE-1',
    '    images: ["web-*"]',
    '    reason: >-',
    '      never called',
    '    expires: 2026-09-01',
    '',
  ],
].join('\n')
/** What means something to a YAML parser, or to a library for globs. */
const oddGlobs = [
  '/',
  '//',
  '!',
  '!x',
  '**',
  '(',
  '(a',
  '+(',
  '[',
  '{a,',
  '\\',
  '*'.repeat(100),
  'x'.repeat(70_000),
  '.',
  '#',
]
const oddYaml = [
  '.nan',
  '-1e300',
  '.inf',
  '0x10',
  '~',
  '!!set {a}',
  '!!binary aGk=',
  '&a [*a]',
  '&a {b: *a}',
  '*a',
  '? x',
  '|',
  '{a}',
  '2026-09-01',
]

const anyPolicyChanges = fc
  .tuple(
    anyChanges(policy),
    fc.array(
      fc.tuple(
        fc.constantFrom(...pathsOf(policy)),
        fc
          .constantFrom(...oddGlobs)
          .chain(value =>
            fc.constantFrom<Mutation>(
              { kind: 'replace', value },
              { kind: 'replace', value: [value] },
              { kind: 'rename', key: value },
            ),
          ),
      ),
      { maxLength: 2 },
    ),
    fc.boolean(),
  )
  .map(([some, others, both]): Changes => [...(both || others.length === 0 ? some : []), ...others])

const anyYamlLine = fc.oneof(
  fc.constantFrom(...yaml.split('\n')),
  hostileText,
  fc
    .tuple(fc.constantFrom(...Object.keys(policy)), fc.constantFrom(...oddYaml, ...oddGlobs))
    .map(([key, value]) => `${key}: ${value}`),
)

describe('a policy file', () => {
  it(
    'makes the exceptions that stand in it and no others, or is refused',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyPolicyChanges, async changes => {
          const text = toText(change(policy, changes))
          const read = await attempt({ [file]: text, 'vex.json': JSON.stringify({ statements: [] }) })
          if (read === undefined) return
          const entries = entriesOf((JSON.parse(text) as Entry)['exceptions'])
          expect(read.exceptions).toHaveLength(entries.length)
          for (const [at, entry] of entries.entries()) {
            const exception = read.exceptions[at]
            expectScope(exception, entry, { images: 'images', packages: 'packages', paths: 'paths' })
            const end = Date.parse(exception?.until ?? '') - Date.parse(String(entry['expires']))
            expect(end).toBe(24 * 3_600_000)
            expect(Date.parse(exception?.until ?? '')).toBeLessThan(now.getTime() + 3652 * 24 * 3_600_000)
          }
        }),
        runs(300),
      )
    },
    patience,
  )

  it(
    'is read, or refused with the places of its mistakes, whatever its text',
    async () => {
      const any = fc.oneof(
        anyTextChanges.map(changes => changeText(yaml, changes)),
        anyYamlLine.map(line => `${line}\n${yaml}`),
        fc.array(anyYamlLine).map(lines => lines.join('\n')),
        hostileText,
        oddValue.map(toText),
      )
      await fc.assert(
        fc.asyncProperty(any, async text => {
          await attempt({ [file]: text })
        }),
        runs(300),
      )
    },
    patience,
  )

  it.each(['[', '{a: ', '- ', '"', ',', '&a ', '*a,', '#\n', 'a: 1\n', '- {id: 1}\n', '<<: *a\n'])(
    'is read quickly when it is %j over and over',
    async part => {
      const many = part.repeat(Math.ceil(long / 2 / part.length))
      const started = workTime()
      await attempt({ [file]: `exceptions:\n  ${many.replaceAll('\n', '\n  ')}` })
      expect(workTime() - started).toBeLessThan(quickly)
    },
    patience,
  )

  it('that is an alias bomb, or has an endless name, is refused', async () => {
    const names = [...'abcdefghij']
    const bomb = names.map(
      (name, at) =>
        `${name}: &${name} [${
          at === 0
            ? 'x,x'
            : Array(9)
                .fill(`*${names[at - 1] ?? ''}`)
                .join()
        }]`,
    )
    expect(await attempt({ [file]: bomb.join('\n') })).toBeUndefined()
    expect(await attempt({ [file]: `${'k'.repeat(1_000_000)}: 1` })).toBeUndefined()
    expect(await attempt({ [file]: `images: {"${'k'.repeat(1_000_000)}": {lock-files: true}}` })).toBeUndefined()
  })
})
