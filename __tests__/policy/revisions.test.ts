import { readPolicies } from '../../src/policy/revisions.js'

const file = '.github/image-gate.yml'
const now = new Date('2026-08-02T10:00:00Z')
type Texts = Record<string, string>

const readBoth = (head: Texts, base?: Texts): ReturnType<typeof readPolicies> =>
  readPolicies({
    file,
    now,
    head: async path => head[path],
    ...(base === undefined
      ? {}
      : {
          base: {
            revision: 'base',
            read: async (path: string) => base[path],
            changed: paths => paths.some(path => head[path] !== base[path]),
          },
        }),
  })

const high: Texts = { [file]: 'severity: [HIGH]\n' }
const low: Texts = { [file]: 'severity: [LOW]\n' }
const broken = { [file]: 'severty: []\n' }

describe('readPolicies', () => {
  it('takes that of the commit that is checked out where nothing is proposed', async () => {
    const policies = await readBoth(high)
    expect(policies).toMatchObject({
      revision: 'head',
      inForce: { rules: { severity: { value: ['HIGH'] } } },
      broken: [],
    })
    expect(policies).not.toHaveProperty('proposed')
  })

  it('takes that of the base for a proposal', async () => {
    const policies = await readBoth(high, high)
    expect(policies).toMatchObject({ revision: 'base', inForce: { file } })
    expect(policies).not.toHaveProperty('proposed')
  })

  it.each([
    ['changes it', low, high],
    ['adds it', low, {}],
    ['removes it', {}, high],
    ['adds an ignore file', { ...high, '.trivyignore': 'CVE-1\n' }, high],
    [
      'changes a document that it names',
      { [file]: 'vex: [v.json]', 'v.json': '{"statements": []}' },
      { [file]: 'vex: [v.json]', 'v.json': '{ "statements": []}' },
    ],
  ])('knows both when the change %s', async (_, head, base) => {
    const { inForce, proposed } = await readBoth(head, base)
    expect(inForce.file).toBe(file in base ? file : undefined)
    expect(proposed?.file).toBe(file in head ? file : undefined)
  })

  it('refuses a change that breaks it, and a base that is broken and stays so', async () => {
    await expect(readBoth(broken, high)).rejects.toThrow("'severty' is not known here")
    await expect(readBoth(broken, broken)).rejects.toThrow("'severty' is not known here")
  })

  it('judges by the defaults a change that mends a broken one', async () => {
    const { inForce, proposed, broken: mistakes } = await readBoth(high, broken)
    expect(inForce).toMatchObject({ rules: {}, exceptions: [] })
    expect(proposed?.rules.severity?.value).toEqual(['HIGH'])
    expect(mistakes).toEqual([expect.stringContaining("'severty' is not known here")])
  })

  it('takes that of the default branch for work that is not proposed yet', async () => {
    const base = { revision: 'default' as const, read: async (path: string) => high[path], changed: () => true }
    const policies = await readPolicies({ file, now, head: async path => low[path], base })
    expect(policies).toMatchObject({ revision: 'default', inForce: { file }, proposed: { file } })
    expect(policies.inForce.rules.severity?.value).toEqual(['HIGH'])
  })

  it('lets a defect through', async () => {
    const read = async (): Promise<never> => Promise.reject(new TypeError('defect'))
    const base = { revision: 'base' as const, read, changed: () => false }
    await expect(readPolicies({ file, now, head: async () => undefined, base })).rejects.toThrow(TypeError)
  })
})
