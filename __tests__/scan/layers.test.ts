import { LayerWatch } from '../../src/scan/layer-notes.js'
import { inspectLayers, layerReader } from '../../src/scan/layers.js'
import type { ExportedImage, LayerCopy, LayerEntry } from '../../src/ports.js'
import { anExported } from '../builders.js'

const file = (path: string, executable = false): LayerEntry => ({
  path,
  kind: 'file',
  target: '',
  bytes: 1,
  executable,
})
const folder = (path: string): LayerEntry => ({ ...file(path), kind: 'folder' })
const soft = (path: string, target: string): LayerEntry => ({ ...file(path), kind: 'symbolic-link', target })
const hard = (path: string, target: string, executable = false): LayerEntry => ({
  ...file(path, executable),
  ...{ kind: 'hard-link', target },
})

const status = 'var/lib/dpkg/status'
const packageJson = 'srv/node_modules/lodash/package.json'

function imageOf(...layers: (readonly LayerEntry[])[]): ExportedImage & { reads: number[] } {
  const diffIds = layers.map((_, at) => `sha256:${String(at)}`)
  const reads: number[] = []
  return {
    ...anExported({
      digests: { manifest: 'sha256:m', config: 'sha256:c', diffIds },
      layers: diffIds.map(digest => ({ digest, bytes: 1 })),
      readLayer: async (at, see) => {
        reads.push(at)
        layers[at]?.forEach(see)
        return diffIds[at] ?? ''
      },
    }),
    reads,
  }
}

const inspect = (...layers: (readonly LayerEntry[])[]): Promise<readonly LayerCopy[]> =>
  inspectLayers(imageOf(...layers), layerReader())

describe('layers', () => {
  it('are read once, however many images have them', async () => {
    const read = layerReader()
    const image = imageOf([file('a')], [file('b')])
    await Promise.all([inspectLayers(image, read), inspectLayers(image, read)])
    expect(image.reads).toEqual([0, 1])
  })

  it.each<[string, LayerEntry[][]]>([
    ['a merged /usr', [[soft('lib', 'usr/lib'), soft('bin', 'usr/bin'), file('usr/lib/os-release')]]],
    ['a file written through a merged /usr', [[soft('lib', 'usr/lib')], [file('lib/apk/db/installed')]]],
    ['the usual link to os-release', [[file('usr/lib/os-release'), soft('etc/os-release', '../usr/lib/os-release')]]],
    ['names of releases that are links', [[soft('etc/redhat-release', 'centos-release'), file('etc/centos-release')]]],
    ['a moved database of RPM', [[soft('var/lib/rpm', '../../usr/lib/sysimage/rpm')]]],
    ['a database of RPM on CoreOS', [[soft('var/lib/rpm', '../../usr/share/rpm')]]],
    [
      'a JAR that is an alternative',
      [[soft('a/x.jar', '/etc/alternatives/x'), soft('etc/alternatives/x', '/a/y.jar')]],
    ],
    ['a package that is a link', [[soft('app/node_modules/lodash', '../.pnpm/lodash/node_modules/lodash')]]],
    ['metadata that are links to a cache', [[soft('v/x.dist-info/METADATA', '/c/abc/x.dist-info/METADATA')]]],
    ['metadata whose folder is a link', [[soft('v/x.dist-info', '/nix/store/abc/x.dist-info')]]],
    ['a link to the top', [[soft('rootfs', '/'), soft('var/run', '/run')], [file('run/status')]]],
    ['a circle of links', [[soft('a', 'b'), soft('b', 'a')], [file('a/package.json')]]],
    ['removals', [[file(status)], [folder('var/lib/dpkg'), file('var/lib/dpkg/.wh.status'), file(status)]]],
    ['an emptied folder', [[file(packageJson)], [folder('srv'), file('srv/.wh..wh..opq')]]],
    ['programs that are one file', [[file('bin/a', true), hard('bin/b', 'bin/a', true)]]],
    ['a link that is gone', [[soft('x', '/var')], [file('.wh.x')], [file('x/lib/dpkg/status')]]],
  ])('need nothing with %s', async (_, layers) => {
    await expect(inspect(...layers)).resolves.toEqual([])
  })

  it.each<[string, LayerEntry[][], string]>([
    ['another folder of packages', [[file(status)], [soft('var/lib/dpkg', '/opt/dpkg')]], 'hides var/lib/dpkg/status'],
    ['another database', [[file(status)], [soft(status, '/opt/s')]], 'hides var/lib/dpkg/status'],
    ['another database of apk', [[soft('lib/apk', '/opt/apk')]], 'hides lib/apk/db/installed'],
    ['another folder of single packages', [[soft('var/lib/dpkg/status.d', '/opt/d')]], 'hides var/lib/dpkg/status.d/*'],
    ['another os-release', [[soft('etc/os-release', '/opt/o')]], 'hides etc/os-release'],
    ['a database through a link', [[soft('x', '/var'), file('x/lib/dpkg/status')]], 'through a link'],
    ['a database through a link of before', [[soft('x', 'var/lib')], [file('x/dpkg/status')]], 'through a link'],
    ['a link through a link', [[soft('x', '/var'), soft('x/y', 'lib')], [file('var/y/dpkg/status')]], 'through a link'],
    [
      'a database of apk that is a hard link, through a link',
      [[soft('x', '/lib'), hard('x/apk/db/installed', 'a')]],
      'a link',
    ],
    ['one package through a link', [[soft('x', '/var/lib')], [file('x/dpkg/status.d/foo')]], 'through a link'],
    ['metadata through a link', [[soft('x', '/v/y.dist-info'), file('x/METADATA')]], 'through a link'],
    ['a manifest that is something else', [[soft(packageJson, '/opt/l.txt')]], 'is a link to "opt/l.txt"'],
    ['metadata that are something else', [[soft('v/x.dist-info', '/opt/m')]], 'is a link to "opt/m/METADATA"'],
    ['a removal of an inventory', [[file('bin/a', true)], [file('bin/a/.wh.type:gobinary')]], 'and not the file'],
    ['a removal below a database', [[file(status)], [file(`${status}/.wh.x`)]], 'and not the file'],
    ['an emptied file', [[file('bin/a', true)], [file('bin/a/.wh..wh..opq')]], 'which is no folder of it'],
    ['a removal that is a link', [[file(status)], [soft('var/lib/dpkg/.wh.status', 'x')]], 'and is none itself'],
  ])('are refused with %s', async (_, layers, says) => {
    await expect(inspect(...layers)).rejects.toThrow(says)
  })

  it.each<[string, LayerEntry[][], LayerCopy[]]>([
    [
      'hard links that Trivy would read by their name',
      [[file('a'), hard(status, 'a'), hard(packageJson, 'a'), hard('other', 'a')]],
      [status, packageJson].map(path => ({ layer: 0, path, target: 'a', linked: true })),
    ],
    [
      'the last of several files under one path',
      [[], [file(packageJson), file(packageJson)]],
      [{ layer: 1, path: packageJson, target: packageJson, linked: false }],
    ],
    [
      'a program whose first name is gone',
      [[file('a', true), hard('bin/b', 'a', true)], [file('.wh.a')]],
      [{ layer: 0, path: 'bin/b', target: 'a', linked: true }],
    ],
    [
      'a program of a folder that was emptied',
      [
        [file('x/a', true), hard('bin/b', 'x/a', true)],
        [folder('x'), file('x/.wh..wh..opq')],
      ],
      [{ layer: 0, path: 'bin/b', target: 'x/a', linked: true }],
    ],
    [
      'what is called like an SBOM, under another name',
      [[file('bin/app.cdx', true)]],
      [{ layer: 0, path: 'bin/app.cdx-', target: 'bin/app.cdx', linked: false }],
    ],
  ])('are shown once more: %s', async (_, layers, copies) => {
    await expect(inspect(...layers)).resolves.toEqual(copies)
  })

  it('have a limit', () => {
    const watch = new LayerWatch()
    expect(() => {
      for (let at = 0; at <= 5_000_000; at += 1) watch.see(folder('a'))
    }).toThrow('more than 5000000 files')
  })
})
