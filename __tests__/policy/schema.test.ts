import { readFileSync, writeFileSync } from 'node:fs'
import { toJsonSchema } from '@valibot/to-json-schema'
import { Ajv } from 'ajv'
import { policySchema } from '../../src/policy/schema.js'

const path = 'docs/policy.schema.json'

const generated = (): string => {
  const $id = 'https://raw.githubusercontent.com/image-gate/image-gate/main/docs/policy.schema.json'
  // What white space is trimmed does not concern an editor.
  const schema = toJsonSchema(policySchema, { ignoreActions: ['trim'] })
  return `${JSON.stringify({ $schema: schema.$schema, $id, ...schema }, null, 2)}\n`
}

describe('docs/policy.schema.json', () => {
  it('is what the code checks with', () => {
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, generated())
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(generated()))
  })

  it('accepts what the code accepts, and refuses what it refuses', () => {
    const validate = new Ajv({ strict: false }).compile(JSON.parse(generated()) as object)
    expect(validate({ severity: ['HIGH'], images: { web: { 'gate-on': 'introduced' } } })).toBe(true)
    expect(validate({ exceptions: [{ id: 'CVE-1', reason: 'x', expires: '2026-09-01', images: 'web' }] })).toBe(true)
    for (const wrong of [{ severty: [] }, { severity: [] }, { exceptions: [{ id: 'x', expires: '2026-09-01' }] }]) {
      expect(validate(wrong)).toBe(false)
    }
  })
})
