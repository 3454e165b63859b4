/** What else makes exceptions: read, or refused with the place of every mistake; and never broader than what stands there. */
import fc from 'fast-check'
import { anyChanges, anyTextChanges, change, changeText, hostileText, patience, runs, toText } from './arbitraries.js'
import { attempt, entriesOf, expectScope, file, type Entry } from './policies.js'

const trivyYaml = '.trivyignore.yaml'

const vex = {
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    { vulnerability: { name: 'CVE-3', aliases: ['GHSA-3'] }, products: ['pkg:npm/lodash'], status: 'fixed' },
    {
      vulnerability: 'CVE-4',
      products: [{ '@id': 'pkg:oci/web', subcomponents: [{ '@id': 'pkg:deb/debian/openssl@1' }] }],
      status: 'not_affected',
      justification: 'component_not_present',
    },
    { vulnerability: 'CVE-3', products: ['pkg:npm/lodash'], status: 'affected', timestamp: '2026-03-01T00:00:00Z' },
  ],
}
const ignored = {
  vulnerabilities: [{ id: 'CVE-5', paths: ['app/**'], purls: ['pkg:npm/x'], expired_at: '2026-09-01', statement: 's' }],
  misconfigurations: [{ id: 'DS-0002' }],
  secrets: [{ id: 'aws', paths: ['/app/.env'], expired_at: '2026-09-01T10:00:00Z' }],
}
const list = [
  '# never called',
  'CVE-1 exp:2026-09-01',
  'CVE-2 # said by the vendor',
  '',
  'DS-0002',
  'aws exp:2027-01-01',
  '',
].join('\n')

describe('an OpenVEX document', () => {
  it(
    'makes exceptions for what its statements name, or is refused',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyChanges(vex), async changes => {
          const text = toText(change(vex, changes))
          const read = await attempt({ [file]: 'vex: [vex.json]', 'vex.json': text })
          for (const { id, images, packages } of read?.exceptions ?? []) {
            expect(images.length + packages.length).toBeGreaterThan(0)
            for (const named of [id, ...images, ...packages]) {
              // A name may be a part of a package URL, and encoded.
              expect(
                named === '' ||
                  JSON.stringify(JSON.parse(text)).includes(JSON.stringify(named).slice(1, -1)) ||
                  /%/.test(text),
              ).toBe(true)
            }
          }
        }),
        runs(300),
      )
    },
    patience,
  )

  it('takes back with a later statement what an earlier one said', async () => {
    const ids = fc.constantFrom('pkg:oci/web', 'pkg:oci/api', 'pkg:npm/a', 'pkg:npm/b')
    const part = fc.record({
      '@id': ids,
      subcomponents: fc.array(fc.constantFrom('pkg:npm/a', 'pkg:npm/c'), { maxLength: 2 }),
    })
    const product = fc.oneof(ids, part)
    const statement = fc.record({
      vulnerability: fc.constantFrom('CVE-1', 'CVE-2'),
      products: fc.array(product, { minLength: 1, maxLength: 3 }),
      status: fc.constantFrom('fixed', 'not_affected', 'affected', 'under_investigation'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { maxLength: 6 }), statement, async (statements, last) => {
        // Of what an image or a package has, nothing is excepted any more.
        const products = last.products.map(one => (typeof one === 'string' ? one : one['@id']))
        const affected = { ...last, products, status: 'affected' }
        const read = await attempt({ [file]: 'vex: [v]', v: JSON.stringify({ statements: [...statements, affected] }) })
        for (const { id, images, packages } of read?.exceptions ?? []) {
          const named = [...images.map(image => `pkg:oci/${image}`), ...packages]
          expect(id === affected.vulnerability && named.some(name => products.some(other => other === name))).toBe(
            false,
          )
        }
      }),
      runs(200),
    )
  })
})

describe('Trivy’s files of exceptions', () => {
  it(
    'in YAML make the exceptions that stand in them and no others, or are refused',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyChanges(ignored), async changes => {
          const text = toText(change(ignored, changes))
          const read = await attempt({ [trivyYaml]: text })
          if (read === undefined) return
          const document = JSON.parse(text) as Entry
          const entries = ['vulnerabilities', 'misconfigurations', 'secrets'].flatMap(key => entriesOf(document[key]))
          expect(read.exceptions).toHaveLength(entries.length)
          for (const [at, entry] of entries.entries()) {
            expectScope(read.exceptions[at], entry, { images: 'images', packages: 'purls', paths: 'paths' })
            expect(read.exceptions[at]?.until === undefined).toBe(entry['expired_at'] === undefined)
          }
        }),
        runs(300),
      )
    },
    patience,
  )

  it(
    'as a list make one exception for the first word of a line, until the day that stands there',
    async () => {
      const line = fc.oneof(fc.constantFrom(...list.split('\n')), hostileText)
      const any = fc.oneof(
        anyTextChanges.map(changes => changeText(list, changes)),
        fc.array(line).map(lines => lines.join('\n')),
      )
      await fc.assert(
        fc.asyncProperty(any, async text => {
          const read = await attempt({ '.trivyignore': text })
          const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
          for (const { id, until, place } of read?.exceptions ?? []) {
            const words = (lines[(place.lines?.start ?? 0) - 1] ?? '').trim().split(/\s+/)
            expect(words[0]).toBe(id)
            const day = words.find(word => word.startsWith('exp:'))?.slice(4)
            expect(until?.slice(0, 10)).toBe(day)
          }
        }),
        runs(300),
      )
    },
    patience,
  )
})
