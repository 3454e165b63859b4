/** What Trivy leaves out of its report and says in its log only. Each image is vulnerable without its trick. */
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

const images: Scene = {
  files: Object.fromEntries(Object.entries(tricks).map(([name, [, text]]) => [dockerfileOf(name), text])),
  rows: Object.entries(tricks).map(([image, [fault, , says]]): Row => ({
    fault,
    where: 'image scan',
    image,
    state: 'scan-failed',
    says,
  })),
}

const faults = new Faults([images])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
