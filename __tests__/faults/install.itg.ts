/** What can come instead of Trivy, or become of it. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bed, dockerfileOf, scriptOf, temporaryFolder, withServer } from '../testbed.js'
import { Faults } from './faults.js'
import type { Scene, Stage } from './scene.js'

const { version, archive, archiveSha256 } = bed.trivy
const asset = `trivy_${version}_Linux-64bit.tar.gz`
const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

function fileOf(content: Buffer | string): string {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, content)
  return file
}

/** An archive with one file, under a name that `tar` would not give it. */
function archiveWith(name: string, content = 'text'): string {
  const packed = join(temporaryFolder(), 'archive.tar.gz')
  const transform = ['--transform', `s,^.*$,${name},`]
  execFileSync('tar', ['-P', '-czf', packed, ...transform, fileOf(content)], { stdio: 'ignore' })
  return packed
}

function flipped(): Buffer {
  const bytes = readFileSync(archive)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  return bytes
}

/** A release that a mirror has in its place. @param pin the checksum that the caller gives; absent: that of the file */
const mirrored = (fault: string, file: string | number, says: string | RegExp, pin?: string): Scene => ({
  rows: [{ fault, where: 'Trivy’s release', says }],
  play: (_, gate) =>
    withServer({ [`/v${version}/${asset}`]: file }, address => {
      const sha256 = pin ?? sha256Of(String(file))
      return gate({
        inputs: {
          'trivy-path': '',
          'trivy-mirror': `http://${address}`,
          'trivy-sha256': sha256,
          'trivy-version': version,
        },
      })
    }),
})

const releases = [
  mirrored('a proxy’s error page', fileOf('<html>502 Bad Gateway</html>'), 'expected SHA-256', archiveSha256),
  mirrored('half of it', fileOf(readFileSync(archive).subarray(0, 1_000_000)), 'expected SHA-256', archiveSha256),
  mirrored('one bit is another', fileOf(flipped()), 'expected SHA-256', archiveSha256),
  mirrored('it is not there', 404, 'Trivy could not be downloaded', archiveSha256),
  mirrored('it is pinned, and no archive', fileOf('text'), 'cannot be unpacked'),
  mirrored('it is pinned, and has no program', archiveWith('README.md'), 'it lacks trivy'),
  mirrored('it is pinned, and its program would lie elsewhere', archiveWith('../../trivy'), 'it lacks trivy'),
  mirrored(
    'it is pinned, and for another platform',
    archiveWith('trivy', '\x7fELF\x02\x01\x01'),
    'does not answer as Trivy',
  ),
  mirrored(
    'it is pinned, and is another version',
    archiveWith('trivy', `#!/bin/sh\necho '{"Version":"0.1.0"}'\n`),
    'says that it is Trivy 0.1.0',
  ),
  mirrored(
    'it is the malicious one, by its checksum',
    fileOf('x'),
    'this Trivy is refused',
    '385d498d18a3a7c67878ca7322716f9da25683eb1a4bf9e9592da0d5f2ab09f6',
  ),
]

const versions: Scene = {
  rows: [{ fault: 'it is the malicious one, by its version', where: 'Trivy’s release', says: '0.69.4 is refused' }],
  inputs: { 'trivy-path': '', 'trivy-version': '0.69.4', 'trivy-sha256': archiveSha256 },
}

/** A tool cache that somebody else wrote to, with a program that finds nothing and says where it ran. */
const poisoned = (fault: string, put: (folder: string, stage: Stage) => void): Scene => ({
  rows: [{ fault, where: 'tool cache', says: 'is not the one that was verified' }],
  inputs: {
    'trivy-path': '',
    'trivy-version': version,
    'trivy-sha256': archiveSha256,
    'trivy-mirror': 'https://127.0.0.1:9',
  },
  arrange: stage => {
    const folder = join(stage.work, 'tools', `image-gate-trivy-${archiveSha256.slice(0, 12)}`, version, 'x64')
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}.complete`, '')
    const evil = `#!/bin/sh\necho pwned > '${stage.canary}'\necho '{"Version":"${version}"}'\n`
    writeFileSync(join(folder, 'trivy'), evil, { mode: 0o755 })
    put(folder, stage)
  },
})

const caches = [
  poisoned('the program is another', folder => {
    copyFileSync(archive, join(folder, asset))
  }),
  poisoned('the archive is gone', () => undefined),
  poisoned('archive and program are others', folder => {
    copyFileSync(archiveWith('trivy', '#!/bin/sh\n'), join(folder, asset))
  }),
]

/** A program of one's own, by what it does. */
const own = (fault: string, script: string, says: string | RegExp, inputs: Record<string, string> = {}): Scene => ({
  rows: [{ fault, where: 'trivy-path', says }],
  inputs: { 'trivy-path': scriptOf(script), ...inputs },
})

const isVersion = `case "$1" in version) exec ${bed.trivy.path} "$@" ;; esac`
const writesNothing = 'while [ "$1" != --output ]; do shift; done; echo \'{"SchemaVersion": 2}\' > "$2"'

const programs = [
  own('it is something else', 'echo hello', 'does not answer as Trivy would'),
  own('it ends with an error', 'exit 3', 'does not answer as Trivy would'),
  {
    rows: [
      { fault: 'it never answers', where: 'trivy-path', state: 'scan-failed', says: 'the run was not done after 10 s' },
    ],
    inputs: { 'trivy-path': scriptOf('sleep 86398'), 'total-timeout': '10s' },
    everybody: true,
    files: { [dockerfileOf('web')]: 'FROM scratch\nCOPY Dockerfile /\n' },
  } satisfies Scene,
  own('it has another checksum', 'exit 0', 'is not what trivy-sha256 says', { 'trivy-sha256': 'a'.repeat(64) }),
  own('it never finds anything', `${isVersion}; ${writesNothing}`, 'find neither CVE-2014-0160 nor CVE-2019-10744'),
  own('it cannot scan', `${isVersion}; kill -9 $$`, 'it was killed by SIGKILL'),
  {
    rows: [{ fault: 'there is no such file', where: 'trivy-path', says: 'there is no program' }],
    inputs: { 'trivy-path': '/no/such/trivy' },
  } satisfies Scene,
]

const faults = new Faults([...releases, versions, ...caches, ...programs])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
