/** What a repository can plant, and how it can be made, to mislead the gate. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ImageState } from '../../src/model.js'
import { Origin, type FileTree } from '../git.js'
import { dockerfileOf, heartbleed, run } from '../testbed.js'
import { asRoot } from './disk.js'
import { Faults } from './faults.js'
import { bystander, type Row, type Scene } from './scene.js'

const scratch = (word: string): string => `FROM scratch\nLABEL word=${word}\nCOPY Dockerfile /\n`

const folderOf = (name: string): string => dirname(dockerfileOf(name))

/** Files beside an image's Dockerfile. */
const beside = (name: string, files: FileTree): FileTree =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folderOf(name)}/${path}`, text]))

const bleeding = (name: string, files: FileTree = {}): FileTree => ({
  [dockerfileOf(name)]: `${heartbleed}LABEL name=${name}\n`,
  ...beside(name, files),
})

const row = (where: string, image: string, state: ImageState, fault: string, says: string | RegExp): Row => ({
  ...{ fault, where, image, state, says },
})

const ignoreAll = 'CVE-2014-0160\nCVE-2014-0224\n'
const ignoreYaml = 'vulnerabilities:\n  - id: CVE-2014-0160\n    statement: none of your business\n'
const trivyYaml =
  'severity: [LOW]\nvulnerability:\n  ignore-unfixed: true\nignorefile: .trivyignore\nscan:\n  skip-dirs: [/]\n'
const policyFile = '.github/image-gate.yml'
const tomorrow = new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10)
const excuse = `exceptions:\n  - {id: CVE-2014-0160, reason: trust me, expires: ${tomorrow}}\nseverity: [UNKNOWN]\n`

// In two parts, so that nobody takes it for a secret of ours.
const key = `aws_access_key_id = ${['AKIA', 'Q3EGRZ7WPLMXNTVB'].join('')}\n`

const planted: FileTree = {
  ...bleeding('p-trivy-yaml', { 'trivy.yaml': trivyYaml }),
  ...bleeding('p-trivyignore', { '.trivyignore': ignoreAll }),
  ...bleeding('p-trivyignore-yaml', { '.trivyignore.yaml': ignoreYaml }),
  [dockerfileOf('p-trivy-secret')]: 'FROM scratch\nCOPY credentials /\n',
  ...beside('p-trivy-secret', { credentials: key, 'trivy-secret.yaml': 'disable-rules: [aws-access-key-id]\n' }),
  [dockerfileOf('p-comment')]: `# trivy:ignore:DS-0002\n#trivy:ignore:*\n${scratch('p-comment')}`,
  ...bleeding('p-environment'),
  ...bleeding('p-policy', { 'image-gate.yml': excuse }),
  ...bleeding('p-docker', {
    '.docker/config.json': '{"credsStore": "planted", "auths": {"docker.io": {}}}',
    'docker-credential-planted': '#!/bin/sh\ntouch @CANARY@\n',
  }),
  ...bleeding('p-hooks'),
  ...bleeding(bystander),
  // The build goes by the one that bears the Dockerfile's name.
  [dockerfileOf('p-dockerignore')]: 'FROM scratch\nCOPY Pipfile.lock /\n',
  ...beside('p-dockerignore', {
    '.dockerignore': '*\n',
    'Dockerfile.dockerignore': '!Pipfile.lock\n',
    'Pipfile.lock': '{"_meta": {}, "default": {"django": {"version": "==2.2.1"}}, "develop": {}}',
  }),
  '.trivyignore': ignoreAll,
  '.trivyignore.yaml': ignoreYaml,
  'trivy.yaml': trivyYaml,
  'trivy-secret.yaml': 'disable-rules: [aws-access-key-id]\n',
  '.docker/config.json': '{"credsStore": "planted"}',
  '.gitattributes': '* export-ignore\n',
  [policyFile]: excuse,
}

const basePolicy = 'images:\n  p-trivy-secret: {scanners: [vuln, secret]}\n  p-comment: {scanners: [vuln, misconfig]}\n'

const trivyEnvironment = {
  TRIVY_SEVERITY: 'LOW',
  TRIVY_IGNOREFILE: '/dev/null',
  TRIVY_SKIP_DIRS: '/var',
  TRIVY_EXIT_CODE: '0',
  TRIVY_CONFIG: 'trivy.yaml',
  TRIVY_TIMEOUT: '1ms',
}

/** What a job that ran here before may have left in the checkout, where a pull request cannot write. */
const gitConfig = `[core]
	hooksPath = hooks
	fsmonitor = "touch @CANARY@; false"
	pager = "touch @CANARY@"
	sshCommand = "touch @CANARY@"
[diff]
	external = "touch @CANARY@"
[alias]
	diff = "!touch @CANARY@"
	rev-parse = "!touch @CANARY@"
`

const pullRequest: Scene = {
  result: 'blocked',
  env: trivyEnvironment,
  rows: [
    row('image folder, top folder', 'p-trivy-yaml', 'vulnerable', 'a trivy.yaml', 'CVE-2014-0160'),
    row('image folder, top folder', 'p-trivyignore', 'vulnerable', 'a .trivyignore', 'CVE-2014-0160'),
    row('image folder, top folder', 'p-trivyignore-yaml', 'vulnerable', 'a .trivyignore.yaml', 'CVE-2014-0160'),
    row('image folder, top folder', 'p-trivy-secret', 'vulnerable', 'a trivy-secret.yaml', 'aws-access-key-id'),
    row('Dockerfile', 'p-comment', 'vulnerable', 'comments #trivy:ignore', 'DS-0002'),
    row('the gate’s environment', 'p-environment', 'vulnerable', 'variables TRIVY_*', 'CVE-2014-0160'),
    row('pull request', 'p-policy', 'vulnerable', 'a policy that excepts everything', 'CVE-2014-0160'),
    row('image folder, top folder', 'p-docker', 'vulnerable', 'a .docker/config.json with a helper', 'CVE-2014-0160'),
    row('checkout', 'p-hooks', 'vulnerable', 'hooks, fsmonitor and aliases of git', 'CVE-2014-0160'),
    row('image folder', 'p-dockerignore', 'vulnerable', 'a .dockerignore that does not count', 'CVE-2019-14234'),
  ],
  inputs: { comment: 'never' },
  play: async ({ canary }, gate) => {
    const origin = new Origin({ 'README.md': 'x', [policyFile]: basePolicy })
    const head = origin.branch('feature', planted)
    const merge = origin.pullRequest(7, head)
    const workspace = origin.checkOut(merge)
    appendFileSync(join(workspace, '.git/config'), gitConfig.replaceAll('@CANARY@', canary))
    for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction', 'pre-auto-gc'])
      writeFileSync(join(workspace, '.git/hooks', hook), `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 })
    const event = { number: 7, pull_request: { number: 7, head: { sha: head }, base: { ref: 'main' } } }
    return gate({ workspace, env: { GITHUB_SHA: merge }, request: { eventName: 'pull_request', event } })
  },
}

const refused = (fault: string, image: string, says: string | RegExp, where = 'image folder'): Row =>
  row(where, image, 'build-failed', fault, says)

const leavesFolder = 'refused: it is a link that leaves the images folder'
const leadsNowhere = 'refused: it is a link that leads nowhere'
const dockerfileNowhere = 'refused: its Dockerfile is a link that leads nowhere'
const dockerfileLeaves = 'refused: its Dockerfile is a link that leaves the folder of the image'
const notAFile = 'refused: its Dockerfile is not a file'

const root = dirname(folderOf('x'))

/** Needs a lock file, so that it matters which files are ignored. */
const withLock = (name: string, copy = 'Pipfile.lock'): FileTree => ({
  [dockerfileOf(name)]: `FROM scratch\nCOPY ${copy} /\n`,
  ...beside(name, { 'Pipfile.lock': '{"_meta": {}, "default": {}, "develop": {}}' }),
})

/** A pattern that takes longer than the sun lasts, where every star may stand for as much as it likes. */
const slow = `${'*a'.repeat(30)}b`

const oddities: Scene = {
  rows: [
    refused('a link out of the repository', 'd-out', leavesFolder),
    refused('a link out of the images folder', 'd-up', leavesFolder),
    refused('a link in a circle', 'd-loop', leadsNowhere),
    refused('a link that leads nowhere', 'd-nowhere', leadsNowhere),
    refused('a name that is not UTF-8', 'd-\ufffd', 'refused: its name is not UTF-8'),
    refused('a link out of the repository', 'f-out', dockerfileLeaves, 'Dockerfile'),
    refused('a link in a circle', 'f-loop', dockerfileNowhere, 'Dockerfile'),
    refused('a link that leads nowhere', 'f-nowhere', dockerfileNowhere, 'Dockerfile'),
    refused('a link to an endless device', 'f-zero', dockerfileLeaves, 'Dockerfile'),
    refused('a pipe', 'f-pipe', notAFile, 'Dockerfile'),
    refused('a folder', 'f-folder', notAFile, 'Dockerfile'),
    refused('a device', 'f-device', notAFile, 'Dockerfile'),
    refused('a Dockerfile of 10 MB', 'f-big', 'no more than 1 MiB is read', 'Dockerfile'),
    row('Dockerfile', 'f-bytes', 'clean', 'invalid UTF-8', ''),
    refused('a pipe', 'i-pipe', 'its .dockerignore cannot be read: it is not a file', '.dockerignore'),
    refused('a folder', 'i-folder', 'its .dockerignore cannot be read: it is not a file', '.dockerignore'),
    row(
      'lock-file scan',
      'l-broken',
      'scan-failed',
      'a broken Pipfile.lock',
      'Trivy cannot read the lock file Pipfile.lock',
    ),
    row(
      'lock-file scan',
      'l-deep',
      'scan-failed',
      'a Pipfile.lock of 100 000 brackets',
      'Trivy cannot read the lock file',
    ),
    row('lock-file scan', 'l-huge', 'vulnerable', 'a Pipfile.lock of 10 000 packages', 'CVE-2019-14234'),
    row('.dockerignore', 'i-zero', 'build-failed', 'a link to an endless device', 'leaves the folder of the image'),
    row('.dockerignore', 'i-slow', 'clean', 'a pattern that is slow to match', ''),
    row('Dockerfile', 'c-slow', 'clean', 'a source of COPY that is slow to match', ''),
  ],
  files: {
    'outside/Dockerfile': scratch('outside'),
    [`${root}/d-out`]: '-> /etc',
    [`${root}/d-up`]: '-> ../../outside',
    [`${root}/d-loop`]: '-> d-loop',
    [`${root}/d-nowhere`]: '-> nowhere',
    [dockerfileOf('f-out')]: '-> /etc/passwd',
    [dockerfileOf('f-loop')]: '-> Dockerfile',
    [dockerfileOf('f-nowhere')]: '-> nowhere',
    [dockerfileOf('f-zero')]: '-> /dev/zero',
    [`${dockerfileOf('f-folder')}/file`]: '',
    [dockerfileOf('f-big')]: `${scratch('f-big')}${'# comment\n'.repeat(1_000_000)}`,
    ...withLock('i-zero'),
    ...beside('i-zero', { '.dockerignore': '-> /dev/zero' }),
    ...withLock('i-pipe'),
    ...withLock('i-folder'),
    ...beside('i-folder', { '.dockerignore/file': '' }),
    ...withLock('i-slow'),
    ...beside('i-slow', { '.dockerignore': slow, [`${'a'.repeat(200)}/Pipfile.lock`]: '{}' }),
    ...withLock('c-slow', slow),
    ...beside('c-slow', { [`${'a'.repeat(200)}/Pipfile.lock`]: '{}' }),
    ...withLock('l-broken'),
    ...beside('l-broken', { 'Pipfile.lock': '{"default": {"django": ' }),
    ...withLock('l-deep'),
    ...beside('l-deep', { 'Pipfile.lock': '{"default": '.repeat(100_000) }),
    ...withLock('l-huge'),
    ...beside('l-huge', { 'Pipfile.lock': hugeLock() }),
  },
  arrange: async ({ workspace }) => {
    const at = (path: string): string => join(workspace, path)
    for (const name of ['f-pipe', 'f-device', 'f-bytes']) mkdirSync(at(folderOf(name)), { recursive: true })
    await run('mkfifo', [at(dockerfileOf('f-pipe')), at(`${folderOf('i-pipe')}/.dockerignore`)])
    await asRoot('mknod', at(dockerfileOf('f-device')), 'c', '1', '5')
    writeFileSync(
      at(dockerfileOf('f-bytes')),
      Buffer.concat([Buffer.from('FROM scratch\nCOPY Dockerfile /\nLABEL x='), Buffer.from([0xff, 0xfe, 0x0a])]),
    )
    const notUtf8 = Buffer.concat([Buffer.from(`${at(root)}/d-`), Buffer.from([0xff])])
    mkdirSync(notUtf8)
    writeFileSync(Buffer.concat([notUtf8, Buffer.from('/Dockerfile')]), scratch('d'))
  },
}

function hugeLock(): string {
  const others = Array.from({ length: 10_000 }, (_, index) => [`package-${String(index)}`, { version: '==1.0' }])
  const packages = { ...Object.fromEntries(others), django: { version: '==2.2.1' } } as unknown
  return JSON.stringify({ _meta: {}, default: packages, develop: {} })
}

const policy = (fault: string, files: FileTree, says: string | RegExp): Scene => ({
  files,
  rows: [{ fault, where: 'policy file', says }],
})

const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, at) => `b${String(at)}: &b${String(at)} [${'*a,'.repeat(100)}]\n`).join('')}`

const policies = [
  policy('it is broken', { [policyFile]: 'severity: [\n\tHIGH' }, policyFile),
  policy(
    'it is a link',
    { [policyFile]: '-> ../policy.yml', 'policy.yml': 'severity: [LOW]\n' },
    'is a link, not a file',
  ),
  policy('it is a folder', { [`${policyFile}/x`]: '' }, `${policyFile} cannot be read`),
  policy('it has 20 MB', { [policyFile]: '# x\n'.repeat(5_000_000) }, /no more than 1 MiB is read|cannot be read/),
  policy('it grows without end when it is read', { [policyFile]: bomb }, policyFile),
  policy('it is binary', { [policyFile]: '\0\u0001\u0002'.repeat(100) }, policyFile),
]

const roots: Scene[] = [
  {
    files: { images: '-> /etc' },
    inputs: { 'images-root': 'images' },
    rows: [{ fault: 'a link out of the repository', where: 'images folder', says: 'lies outside the repository' }],
  },
  {
    files: { images: 'text' },
    inputs: { 'images-root': 'images' },
    rows: [{ fault: 'it is a file', where: 'images folder', says: "there is no folder 'images'" }],
  },
]

const faults = new Faults([pullRequest, oddities, ...policies, ...roots])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
