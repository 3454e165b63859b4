/** Content of an image that makes Trivy look away from what is installed in it. Each image is vulnerable without its trick. */
import { digestOf, pushImage, tarOf, type Crafted, type Entry } from '../crafted.js'
import { dockerfileOf, heartbleed } from '../testbed.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

/** Installs a vulnerable package, and runs these shell commands in the same layer. */
const bleeding = (...commands: string[]): string =>
  `${heartbleed.trimEnd()}${commands.map(c => ` \\\n && ${c}`).join('')}\n`

const write = (path: string, text: string): string => `mkdir -p $(dirname ${path}) && echo '${text}' > ${path}`

const lodash = JSON.stringify({ name: 'lodash', version: '4.17.4', license: 'MIT' })
const manifest = '/srv/node_modules/lodash/package.json'

/** A CycloneDX document that says which files Trivy needs not look at. */
const sbom = (application: string, path: string): string =>
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    components: [
      { 'bom-ref': 'a', type: 'application', name: application, properties: property('Type', 'composer') },
      {
        ...{ 'bom-ref': 'p', type: 'library', name: 'foo', version: '1.0.0', purl: 'pkg:composer/foo@1.0.0' },
        properties: property('FilePath', path),
      },
    ],
    dependencies: [{ ref: 'a', dependsOn: ['p'] }],
  })

function property(name: string, value: string): unknown[] {
  return [
    { name: `aquasecurity:trivy:${name}`, value },
    { name: 'aquasecurity:trivy:Class', value: 'lang-pkgs' },
  ]
}

const status = 'var/lib/dpkg/status'
const ownDeb = `mkdir -p /q/DEBIAN && ${write(`/q${manifest}`, lodash)} \\
 && printf 'Package: own\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\n' > /q/DEBIAN/control \\
 && (cd /q && md5sum srv/node_modules/lodash/package.json > DEBIAN/md5sums) \\
 && dpkg-deb --build /q /q.deb && dpkg --install /q.deb && rm -r /q`

/** In two parts, so that neither this file nor the history of the image has it. */
const key = "printf 'aws_access_key_id = %s%s' AKIA Q3EGRZ7WPLMXNTVB"

type Trick = readonly [fault: string, dockerfile: string, says: string, state?: 'scan-failed']

/** By the name of the image: the trick, the Dockerfile, and the finding that must be there all the same, or why none can be. */
const tricks: Record<string, Trick> = {
  control: ['nothing: the control', `FROM debian:bookworm\nRUN ${write(manifest, lodash)}\n`, 'CVE-2019-10744'],
  'sbom-path': [
    'an SBOM that names the package database',
    bleeding(write('/usr/share/app.cdx.json', sbom('a', status))),
    'CVE-2014-0160',
  ],
  'sbom-name': [
    'an SBOM of an application that is called like the database',
    `${bleeding()}RUN ${write('/opt/x.cdx', sbom(`${status}/type:ospkg`, 'x'))}\n`,
    'CVE-2014-0160',
  ],
  'own-deb': ['a package that owns a language package', `FROM debian:bookworm\nRUN ${ownDeb}\n`, 'CVE-2019-10744'],
  md5sums: [
    'a list of files of a package that says more',
    `FROM debian:bookworm\nRUN ${write(manifest, lodash)} && touch /${status} \\
 && echo '00000000000000000000000000000000  ${manifest.slice(1)}' >> /var/lib/dpkg/info/base-files.md5sums\n`,
    'CVE-2019-10744',
  ],
  'linked-database': ['a hard link to the package database', bleeding(`ln /${status} /aaa`), 'CVE-2014-0160'],
  'linked-manifest': [
    'a hard link to a manifest',
    `FROM debian:bookworm\nRUN ${write(manifest, lodash)} && ln ${manifest} /a.json\n`,
    'CVE-2019-10744',
  ],
  'moved-database': [
    'a link in the place of the folder of packages',
    bleeding('mv /var/lib/dpkg /opt/dpkg', 'ln -s /opt/dpkg /var/lib/dpkg'),
    'the link "var/lib/dpkg" hides var/lib/dpkg/status',
    'scan-failed',
  ],
  'moved-manifest': [
    'a link in the place of a manifest',
    `FROM debian:bookworm\nRUN ${write(manifest, lodash)} && mv ${manifest} /opt/l && ln -s /opt/l ${manifest}\n`,
    'is a link to "opt/l"',
    'scan-failed',
  ],
  secret: [
    'a CMD that says that what is before it is the base image',
    `FROM debian:bookworm\nRUN ${key} > /etc/credentials\nCMD ["a"]\nRUN touch /x\n`,
    'aws-access-key-id',
  ],
}

const release = { name: 'etc/debian_version', content: '12.5\n' }
const bad = 'Package: libssl1.0.0\nSource: openssl\nVersion: 1.0.1e-2\nStatus: install ok installed\n\n'
const good = 'Package: harmless\nVersion: 1\nStatus: install ok installed\n\n'
const base = tarOf(release, { name: status, content: good })
const withBad = (...entries: Entry[]): Crafted => ({ layers: [base, tarOf(...entries)] })

/** Images that only a registry can have, and how they end. */
const crafted: Record<string, readonly [string, Crafted, string | RegExp, ('vulnerable' | 'scan-failed')?]> = {
  'crafted-control': ['nothing: the control', withBad({ name: status, content: bad }), 'CVE-2014-0160', 'vulnerable'],
  climb: ['a name that climbs', withBad({ name: `../${status}`, content: bad }), 'climbs'],
  through: [
    'a name that leads through a link',
    withBad({ name: 'x', type: '2', target: '/var' }, { name: 'x/lib/dpkg/status', content: bad }),
    'comes to "var/lib/dpkg/status" through a link',
  ],
  mode: ['a file whose mode says folder', withBad({ name: status, content: bad, mode: 0o40644 }), 'says otherwise'],
  link: [
    'a hard link in the archive',
    withBad({ name: 'a', content: bad }, { name: status, type: '1', target: 'a' }),
    'CVE-2014-0160',
    'vulnerable',
  ],
  inventory: [
    'a removal that is only for Trivy',
    { layers: [tarOf(release, { name: status, content: bad }), tarOf({ name: `${status}/.wh.type:ospkg` })] },
    'removes what Trivy knows of a file',
  ],
  claimed: [
    'a layer under the DiffID of another one',
    {
      layers: [base, tarOf({ name: 'harmless' }), tarOf({ name: status, content: bad })],
      diffIds: [digestOf(base), digestOf(tarOf({ name: 'harmless' })), digestOf(tarOf({ name: 'harmless' }))],
    },
    /is not the (one that the image’s configuration names|image's)/,
  ],
}

const policy = 'images:\n  secret:\n    scanners: [vuln, secret]\n'

const images: Scene = {
  result: 'error',
  inputs: { 'warn-only': 'false' },
  files: {
    '.github/image-gate.yml': policy,
    ...Object.fromEntries(Object.entries(tricks).map(([name, [, text]]) => [dockerfileOf(name), text])),
  },
  play: async (_, gate) => {
    const bases = await Promise.all(
      Object.entries(crafted).map(async ([name, [, image]]) => [name, await pushImage(name, image)] as const),
    )
    return gate({
      files: Object.fromEntries(bases.map(([name, from]) => [dockerfileOf(name), `FROM ${from}\nLABEL x=${name}\n`])),
    })
  },
  rows: [
    ...Object.entries(tricks).map(([image, [fault, , says, state]]): Row => ({
      ...{ fault, where: 'image content', image, says },
      state: state ?? 'vulnerable',
    })),
    ...Object.entries(crafted).map(([image, [fault, , says, state]]): Row => ({
      ...{ fault, where: 'crafted layers', image, says },
      state: state ?? 'scan-failed',
    })),
  ],
}

const faults = new Faults([images])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
