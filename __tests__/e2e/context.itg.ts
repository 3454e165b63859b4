/** What is wrong before an image is built: lock files, secrets and misconfigurations. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Origin } from '../git.js'
import { findingsOf, gatePullRequest } from '../pull-request.js'
import { dockerfileOf, imagesIn, removeTemporaryFolders } from '../testbed.js'

afterAll(removeTemporaryFolders)

const policyFile = '.github/image-gate.yml'

const lockOf = (version: string): string =>
  JSON.stringify(
    {
      name: 'x',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'x', version: '1.0.0' }, 'node_modules/lodash': { version } },
    },
    null,
    2,
  )

describe('the build context', () => {
  const node = `FROM debian:bookworm\nWORKDIR /app\nCOPY package-lock.json ./\n`
  const folder = dockerfileOf('web').replace('Dockerfile', '')

  it('counts lock files that the Dockerfile copies, with their line, and no others', async () => {
    const origin = new Origin({
      [dockerfileOf('web')]: node,
      [`${folder}package-lock.json`]: lockOf('4.17.4'),
      [`${folder}tests/package-lock.json`]: lockOf('4.17.4'),
    })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' })
    expect(gated.outputs['result']).toBe('blocked')
    const gating = findingsOf(gated, 'gating')
    expect(gating.map(({ id }) => id)).toContain('CVE-2019-10744')
    expect(new Set(gating.map(({ place }) => place?.file))).toEqual(new Set([`${folder}package-lock.json`]))
    expect(gating[0]?.place?.lines?.start).toBe(10)
    expect(gated.log).toMatch(new RegExp(`::error .*file=${dockerfileOf('web')},line=3`))
    const without = await gatePullRequest(origin, { 'README.md': 'y' }, { 'lock-files': 'false' })
    expect(without.outputs['result']).toBe('passed')
  })

  it('sees those that Trivy would pass over as a system’s own, and those whose path the log quotes', async () => {
    const files = [`${folder}dev/package-lock.json`, `${folder}dev/sys/package-lock.json`, `${folder}my app/x/go.mod`]
    const origin = new Origin({
      [dockerfileOf('web')]: 'FROM debian:bookworm\nCOPY . /app/\n',
      ...Object.fromEntries(files.map(file => [file, lockOf('4.17.4')])),
      [`${folder}my app/x/go.mod`]: 'module x\n',
    })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' })
    const places = findingsOf(gated, 'gating').map(({ place }) => place?.file)
    expect([...new Set(places)].sort()).toEqual(files.slice(0, 2))
    const broken = await gatePullRequest(origin, { [`${folder}my app/package-lock.json`]: '{broken' })
    expect(imagesIn(broken.outputs)).toEqual(['web: scan-failed'])
    expect(broken.summary).toContain('Trivy cannot read the lock file my app/package-lock.json')
  })

  it('does not take a lock file that cannot be read for one without findings', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: node, [`${folder}package-lock.json`]: '{broken' })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' })
    expect(imagesIn(gated.outputs)).toEqual(['web: scan-failed'])
    expect(gated.summary).toContain('Trivy cannot read the lock file package-lock.json')
  })

  it('has misconfigurations and secrets looked for where the policy asks, by the checks inside of Trivy', async () => {
    const key = ['AKIA', 'Q3EGRZ7WPLMXNTVB'].join('')
    const secret = ['h7Jk2mN8pQ4rS6tU9vW1x', 'Y3zA5bC7dE0fG2hI4jK'].join('')
    const origin = new Origin({
      [policyFile]: 'scanners: [vuln, secret, misconfig]\n',
      [dockerfileOf('web')]: `#trivy:ignore:DS-0002\nFROM debian:bookworm\nCOPY credentials /credentials\n`,
      [`${folder}credentials`]: `aws_access_key_id = ${key}\naws_secret_access_key = "${secret}"\n`,
    })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' })
    const ids = findingsOf(gated, 'gating').map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['aws-access-key-id', 'DS-0002']))
  })

  it('shows in no report a secret that it found, nor what the image has in its environment', async () => {
    const key = ['AKIA', 'Q3EGRZ7WPLMXNTVB'].join('')
    const secret = ['h7Jk2mN8pQ4rS6tU9vW1x', 'Y3zA5bC7dE0fG2hI4jK'].join('')
    const write = `RUN printf 'aws_access_key_id = ${key}\\naws_secret_access_key = "${secret}"\\n' > /credentials`
    const origin = new Origin({
      [policyFile]: 'scanners: [vuln, secret, misconfig]\n',
      [dockerfileOf('web')]: `FROM debian:bookworm\nENV AWS_SECRET_ACCESS_KEY=${secret} PLAIN=plain-value\n${write}\n`,
    })
    const gated = await gatePullRequest(origin, { 'README.md': 'x' }, { sbom: 'true' })
    expect(findingsOf(gated, 'gating').map(({ id }) => id)).toEqual(
      expect.arrayContaining(['aws-access-key-id', 'aws-secret-access-key', 'DS-0031']),
    )
    const folder = dirname(gated.outputs['report'] ?? '')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => /\.\w+$/.test(name))
    expect(files.sort()).toEqual(['comment.md', 'report.html', 'report.json', 'report.sarif', 'sbom/web.cdx.json'])
    const texts = [gated.summary, ...files.map(name => readFileSync(join(folder, name), 'utf8'))]
    const leaks = texts.flatMap(text =>
      text.split('\n').filter(line => line.includes(key) || line.includes(secret) || line.includes('plain-value')),
    )
    expect(leaks).toEqual([])
    expect(gated.summary).toContain('RUN ***')
  })
})
