import { folderArgs, imageArgs } from '../../src/adapters/trivy-args.js'

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
