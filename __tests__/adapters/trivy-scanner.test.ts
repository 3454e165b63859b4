import { folderArgs, imageArgs } from '../../src/adapters/trivy-args.js'
import { withoutIgnores } from '../../src/adapters/trivy-scanner.js'

describe('withoutIgnores', () => {
  it.each([
    ['#trivy:ignore:DS-0002', '#trivy_ignore:DS-0002'],
    ['# trivy:ignore:* tfsec:ignore:DS-0001', '# trivy_ignore:* tfsec_ignore:DS-0001'],
    ['RUN x #trivy:exp:2030-01-01:ignore:DS-0029', 'RUN x #trivy_exp:2030-01-01:ignore:DS-0029'],
    ['//trivy:\tignore:DS-0002', '//trivy_\tignore:DS-0002'],
    ['FROM aquasec/trivy:0.74.0', 'FROM aquasec/trivy:0.74.0'],
    ['FROM trivy:1\nRUN ignore', 'FROM trivy:1\nRUN ignore'],
  ])('makes %j mean nothing, and leaves the rest', (dockerfile, expected) => {
    expect(withoutIgnores(dockerfile)).toBe(expected)
  })
})

describe('the arguments of Trivy', () => {
  const common = { output: 'o', cacheDir: 'c', timeout: 1500 }

  it('share no analysis where secrets are looked for', () => {
    expect(imageArgs({ ...common, input: 'l@d', scanners: ['vuln'] })).not.toContain('--cache-backend')
    expect(imageArgs({ ...common, input: 'l@d', scanners: ['vuln', 'secret'] })).toContain('--cache-backend')
  })

  it('have neither a filter nor the network', () => {
    const args = folderArgs({ ...common, directory: 'd', scanners: ['vuln'] })
    expect(args).toEqual(expect.arrayContaining(['--offline-scan', '--skip-db-update', '--timeout', '2s']))
    expect(args.join(' ')).not.toMatch(/--severity|--ignore|--exit-code/)
  })

  it('takes its checks from nowhere but the program', () => {
    const args = folderArgs({ ...common, directory: 'd', scanners: ['misconfig'] })
    expect(args).toContain('--skip-check-update')
    expect(args.join(' ')).not.toMatch(/--checks-bundle|--config-check/)
  })
})
