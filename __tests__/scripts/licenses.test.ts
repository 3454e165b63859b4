import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkLicenses, isAllowed, packageFolders, readPackage, renderLicenses } from '../../scripts/licenses.mjs'

const mit = { name: 'b', version: '1.0.0', license: 'MIT', text: 'Permission is granted' }

describe('packageFolders', () => {
  it('finds every package once, also inside others and in joined modules', () => {
    const module = (path: string) => ({ nameForCondition: `/home/x/project/${path}` })
    const stats = {
      modules: [
        module('src/index.ts'),
        module('node_modules/yaml/dist/index.js'),
        {
          nameForCondition: null,
          modules: [module('node_modules/yaml/dist/parse.js'), module('node_modules/@a/b/c.js')],
        },
        { identifier: '/home/x/project/node_modules/@a/b/node_modules/c/index.js' },
        { nameForCondition: 'D:\\project\\node_modules\\d\\index.js' },
        {},
      ],
    }
    expect(packageFolders(stats)).toEqual([
      'node_modules/yaml',
      'node_modules/@a/b',
      'node_modules/@a/b/node_modules/c',
      'node_modules/d',
    ])
  })
})

describe('readPackage', () => {
  const root = mkdtempSync(join(tmpdir(), 'image-gate-licenses-'))
  afterAll(() => {
    rmSync(root, { recursive: true, force: true })
  })

  it('reads name, version, licence, and every file with a licence or a notice', () => {
    mkdirSync(join(root, 'a'), { recursive: true })
    writeFileSync(join(root, 'a/package.json'), '{"name":"a","version":"2.0.0","license":"Apache-2.0"}')
    for (const name of ['LICENSE.md', 'NOTICE', 'README.md', 'licenses.js'])
      writeFileSync(join(root, 'a', name), `${name}\r\n`)
    expect(readPackage(root, 'a')).toEqual({
      name: 'a',
      version: '2.0.0',
      license: 'Apache-2.0',
      text: 'LICENSE.md\n\nNOTICE',
    })
  })

  it('takes what is no SPDX expression for unknown', () => {
    mkdirSync(join(root, 'b'), { recursive: true })
    writeFileSync(join(root, 'b/package.json'), '{"name":"b","version":"1.0.0","license":{"type":"MIT"}}')
    expect(readPackage(root, 'b').license).toBe('unknown')
  })
})

describe('the allowed licences', () => {
  it.each<[string, boolean]>([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['(MIT AND GPL-3.0-only)', false],
    ['MIT AND ISC', true],
    ['GPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE', false],
    ['unknown', false],
    ['', false],
  ])('have %s: %s', (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed)
  })

  it('stop a build that holds another', () => {
    expect(() => {
      checkLicenses([mit])
    }).not.toThrow()
    expect(() => {
      checkLicenses([mit, { ...mit, name: 'c', license: 'AGPL-3.0-only' }])
    }).toThrow('The bundles may not hold c 1.0.0 (AGPL-3.0-only)')
  })
})

describe('renderLicenses', () => {
  it('lists each package once, in order, and then the texts', () => {
    const text = renderLicenses([mit, { ...mit, name: 'a', text: '' }, mit])
    expect(text.match(/^- .*$/gm)).toEqual(['- a 1.0.0: MIT', '- b 1.0.0: MIT'])
    expect(text).toContain(
      'a 1.0.0: MIT\n' + '='.repeat(80) + '\n\nThe package has no file with the text of its licence.',
    )
    expect(text.match(/Permission is granted/g)).toHaveLength(1)
  })
})

describe('dist/licenses.txt', () => {
  const listed = [...readFileSync('dist/licenses.txt', 'utf8').matchAll(/^- (\S+) (\S+): (.*)$/gm)]

  it('has the packages of both bundles', () => {
    // One that only the action uses, one that only the command line uses, and one that both do.
    expect(listed.map(([, name]) => name)).toEqual(expect.arrayContaining(['@actions/github', 'log-update', 'yaml']))
  })

  it('has no licence that is not allowed', () => {
    expect(listed.filter(([, , , license = '']) => !isAllowed(license))).toEqual([])
  })
})
