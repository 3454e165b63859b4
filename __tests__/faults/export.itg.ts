/** What can happen to an image between its build and its scan. */
import { join } from 'node:path'
import { projectFolder } from '../../testbed/state.mjs'
import { bed, dockerfileOf, heartbleed } from '../testbed.js'
import { shrinkDisk } from './disk.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

/** Stands before docker, which breaks what the names of the images say. */
const breakImages = `case "$1 $2" in 'buildx build' | 'image inspect' | 'image save')
  exec "$NODE" '${join(projectFolder, '__tests__/faults/programs/docker.mjs')}' '@WORK@/seen' "$REAL" "$@" ;;
esac`

const dockerfile = (name: string): string => `FROM scratch\nLABEL name=${name}\nCOPY Dockerfile /\n`

const metadataFaults: Record<string, [string, string | RegExp]> = {
  'metadata-missing': ['the client leaves no metadata', 'left no usable metadata file'],
  'metadata-empty': ['the client leaves empty metadata', 'left no usable metadata file'],
  'metadata-garbage': ['the client leaves half of its metadata', 'left no usable metadata file'],
  'metadata-silent': ['the metadata names no image', 'it names no image'],
  'digest-other': ['the metadata names another image', 'its metadata file names another image'],
  'digest-unknown': ['the metadata names an image that there is not', 'its metadata file names another image'],
  'metadata-strange': ['the metadata names an option of docker', 'it names no image'],
}

const exportFaults: Record<string, [string, string | RegExp]> = {
  pruned: ['the image is removed before the export', 'the engine did not export the image'],
  'altered-layer': ['a byte of a layer changes on the way', 'or it is not what its digest says'],
  'altered-config': ['a byte of the configuration changes on the way', 'or it is not what its digest says'],
}

const rowsOf = (faults: typeof exportFaults, where: string, state: Row['state']): Row[] =>
  Object.entries(faults).map(([image, [fault, says]]) => ({ fault, where, image, says, ...(state ? { state } : {}) }))

const names = [...Object.keys(metadataFaults), ...Object.keys(exportFaults)]

const images: Scene = {
  programs: { docker: breakImages },
  files: {
    ...Object.fromEntries(names.map(name => [dockerfileOf(name), dockerfile(name)])),
    [dockerfileOf('empty')]: 'FROM scratch\nLABEL x=y\n',
    [dockerfileOf('tag-moved')]: `${heartbleed}LABEL name=tag-moved\n`,
  },
  rows: [
    ...rowsOf(metadataFaults, 'build result', 'build-failed'),
    ...rowsOf(exportFaults, 'export', 'scan-failed'),
    { fault: 'an image that consists of nothing', where: 'export', image: 'empty', state: 'clean', says: '' },
    {
      fault: 'another process moves the tag to another image',
      where: 'export',
      image: 'tag-moved',
      state: 'vulnerable',
      says: 'CVE-2014-0160',
    },
  ],
}

const builderFaults: Record<string, [string, string | RegExp]> = {
  'blob-altered': ['a byte of a layer changes on the disk', 'or it is not what its digest says'],
  'blob-missing': ['a layer is removed from the disk', 'or it is not what its digest says'],
}

/** A builder beside Docker writes its images to the disk. */
const onDisk: Scene = {
  programs: { docker: breakImages },
  env: bed.buildkit.env,
  inputs: { builder: bed.buildkit.builder },
  files: Object.fromEntries(Object.keys(builderFaults).map(name => [dockerfileOf(name), dockerfile(name)])),
  rows: rowsOf(builderFaults, 'a builder’s export', 'scan-failed'),
}

/** Too late to be noticed before: docker gives nothing at all where one of the images is gone. */
const prunedLate: Scene = {
  programs: { docker: breakImages },
  files: { [dockerfileOf('pruned-late')]: dockerfile('pruned-late') },
  rows: [
    {
      fault: 'the image is removed as the export begins',
      where: 'export',
      image: 'pruned-late',
      state: 'scan-failed',
      says: 'No such image',
    },
  ],
}

/** Docker 20.10 gives nothing at all where one of the images is like that. */
const nothingInside: Scene = {
  env: bed.oldEngine.env,
  files: { [dockerfileOf('empty')]: 'FROM scratch\nLABEL x=y\n' },
  rows: [
    {
      fault: 'an image that consists of nothing, on an old engine',
      where: 'export',
      image: 'empty',
      state: 'scan-failed',
      says: 'empty export - not implemented',
    },
  ],
}

const two = { [dockerfileOf('web')]: dockerfile('web'), [dockerfileOf('api')]: dockerfile('api') }

const everySave = (fault: string, instead: string, says: string | RegExp): Scene => ({
  programs: { docker: `case "$1 $2" in 'image save') ${instead} ;; esac` },
  files: two,
  rows: [{ fault, where: 'export of all images', state: 'scan-failed', says }],
  everybody: true,
})

const saves = [
  everySave(
    'docker save ends half-way, and ends well',
    '"$REAL" "$@" | head -c 3000; exit 0',
    'could not export the images',
  ),
  everySave(
    'docker save ends half-way, and fails',
    '"$REAL" "$@" | head -c 3000; echo "unexpected EOF" >&2; exit 1',
    'unexpected EOF',
  ),
  everySave('docker save is killed half-way', '"$REAL" "$@" | head -c 3000; kill -9 $$', 'could not export the images'),
  everySave('docker save writes nothing, and ends well', 'exit 0', 'did not export the image'),
  everySave(
    'docker save writes something else',
    'yes "not an archive" | head -c 100000; exit 0',
    /could not export the images|did not export the image/,
  ),
  everySave('docker save fails', 'echo "Error response from daemon: oh" >&2; exit 1', 'Error response from daemon: oh'),
]

const data = (name: string): string =>
  `FROM debian:bookworm AS data\nRUN head --bytes=15M /dev/urandom > /data\nFROM scratch\nCOPY --from=data /data /${name}\n`

const smallDisk = (fault: string, files: Record<string, string>, says: RegExp): Scene => ({
  arrange: stage => shrinkDisk(stage, 24),
  files: Object.fromEntries(Object.entries(files).map(([name, text]) => [dockerfileOf(name), text])),
  rows: [{ fault, where: 'export of all images', state: 'scan-failed', says }],
  everybody: true,
})

const faults = new Faults([
  images,
  onDisk,
  prunedLate,
  nothingInside,
  ...saves,
  smallDisk(
    'the disk is too small for an image',
    { web: 'FROM debian:bookworm\nRUN true\n' },
    /the disk is full: .* one image has/,
  ),
  smallDisk('the disk fills up', { a: data('a'), b: data('b') }, /the disk is full: no space was left/),
])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
