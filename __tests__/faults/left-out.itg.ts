/** What Trivy leaves out of its report and says in its log only. Each image is vulnerable without its trick. */
import type { FileTree } from '../git.js'
import { dockerfileOf, heartbleed } from '../testbed.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

const status = '/var/lib/dpkg/status'
const edited = (command: string): string => `${heartbleed.trimEnd()} \\\n && ${command}\n`

/** By the name of the image: the trick, the Dockerfile, and what the failure says. */
const tricks: Record<string, readonly [string, string, RegExp]> = {
  version: [
    'a version that Trivy does not understand',
    edited(`sed -i 's/^Version: 1.0.1e-2/Version: v1.0.1e-2/' ${status}`),
    /left out packages .*Invalid version.*libssl1\.0\.0/,
  ],
  // Its layers are those of the one before, and one more: Trivy takes their analysis from its cache.
  again: [
    'the same layer in another image',
    `${edited(`sed -i 's/^Version: 1.0.1e-2/Version: v1.0.1e-2/' ${status}`)}RUN touch /more\n`,
    /left out packages .*Invalid version.*libssl1\.0\.0/,
  ],
  source: [
    'a source version that Trivy does not understand',
    edited(`sed -i 's/^Source: openssl$/Source: openssl (v1)/' ${status}`),
    /Invalid source version/,
  ],
  header: [
    'a line that is no header',
    edited(`sed -i 's/^Package: libssl1.0.0$/Package: libssl1.0.0\\nno header/' ${status}`),
    /Parse error/,
  ],
  rpm: [
    'a database of RPM that Trivy cannot open',
    `${heartbleed}RUN mkdir -p /var/lib/rpm && echo broken > /var/lib/rpm/rpmdb.sqlite\n`,
    /failed to parse rpmdb/,
  ],
}

/** Other files that decide what its packages are compared with. */
const systems: Record<string, readonly [string, string, string | RegExp]> = {
  'two-systems': [
    'a file that names another distribution',
    edited('echo 3.99.0 > /etc/alpine-release'),
    /takes the image for alpine 3\.99\.0, but \d+ of its packages are those of dpkg/,
  ],
  release: ['a release that there is not', edited('echo 99 > /etc/debian_version'), 'unrecognised'],
  supplier: [
    'an empty file that names a supplier',
    edited('mkdir -p /usr/share/rapidfort && touch /usr/share/rapidfort/curated.json'),
    'unrecognised',
  ],
}

const all = { ...tricks, ...systems }

const images: Scene = {
  files: {
    ...(Object.fromEntries(Object.entries(all).map(([name, [, text]]) => [dockerfileOf(name), text])) as FileTree),
    '.github/image-gate.yml':
      'images:\n  release:\n    gate-unrecognised: true\n  supplier:\n    gate-unrecognised: true\n',
  },
  rows: Object.entries(all).map(([image, [fault, , says]]): Row => {
    const state = says === 'unrecognised' ? 'vulnerable' : 'scan-failed'
    return { fault, where: 'image scan', image, state, says }
  }),
}

const faults = new Faults([images])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
