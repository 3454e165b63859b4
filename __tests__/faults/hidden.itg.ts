/** Content of an image that makes Trivy look away from what is installed in it. Each image is vulnerable without its trick. */
import type { FileTree } from '../git.js'
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

/** By the name of the image: the trick, the Dockerfile, and the finding that must be there all the same. */
const tricks: Record<string, readonly [string, string, string]> = {
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
}

const images: Scene = {
  result: 'blocked',
  files: Object.fromEntries(Object.entries(tricks).map(([name, [, text]]) => [dockerfileOf(name), text])) as FileTree,
  rows: Object.entries(tricks).map(([image, [fault, , says]]): Row => ({
    fault,
    where: 'image content',
    image,
    state: 'vulnerable',
    says,
  })),
}

const faults = new Faults([images])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
