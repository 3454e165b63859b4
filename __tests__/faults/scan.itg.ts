/** What Trivy can do to the gate, scan by scan. */
import { dirname, join } from 'node:path'
import { projectFolder } from '../../testbed/state.mjs'
import type { FileTree } from '../git.js'
import { dockerfileOf } from '../testbed.js'
import { shrinkDisk } from './disk.js'
import { Faults } from './faults.js'
import type { Row, Scene } from './scene.js'

/** Stands before each scan; other questions go to Trivy itself. */
const breakScans = `case "$*" in *--scanners*) exec "$NODE" '${join(projectFolder, '__tests__/faults/programs/trivy.mjs')}' "$REAL" "$@" ;; esac`

const dockerfile = (fault: string): string => `FROM scratch\nLABEL fault=${fault}\nCOPY Dockerfile /\n`

/** By the name of the fault, which is the image's label and its name. */
const imageFaults: Record<string, [string, string | RegExp]> = {
  killed: ['Trivy is killed', 'it was killed by SIGKILL'],
  memory: ['Trivy ends with 137, as for lack of memory', 'Trivy ended without a report'],
  panics: ['Trivy panics', 'panic: runtime error'],
  commands: ['Trivy prints commands, then fails', 'Trivy ended without a report'],
  loud: ['Trivy prints one line of 10 MB, then fails', 'Trivy ended without a report'],
  nothing: ['Trivy ends well without a report', 'it gave no reason'],
  fatal: ['Trivy prints FATAL and ends well', 'the image could not be scanned'],
  stdout: ['the report goes to standard output', 'Trivy ended without a report'],
  empty: ['the report is empty', 'it is not JSON'],
  half: ['the report is half of one', 'it is not JSON'],
  other: ['the report is about another image', 'is about another image'],
  schema: ['the report has another schema', 'SchemaVersion is 3, not 2'],
  kind: ['the report is about a folder', 'ArtifactType is "filesystem"'],
  layer: ['the report lacks a layer', 'is about another image'],
  'no-layers': ['the report lacks the image’s configuration', 'ImageConfig is not an object'],
  'results-text': ['the results are a word', 'Results is not a list'],
  'results-null': ['the results are null', 'Trivy’s report cannot be read'],
  'results-strange': ['a finding has no name', 'is missing'],
  list: ['the report is a list', 'the report is not an object'],
  garbage: ['the report is 50 MB of garbage', 'it is not JSON'],
  deep: ['the report is a million brackets', 'it is not JSON'],
  folder: ['a folder is where the report should be', 'the file system refused: EISDIR'],
  loop: ['a link in a circle is where the report should be', 'Trivy ended without a report'],
}

const hangingFaults: Record<string, [string, string | RegExp]> = {
  hangs: ['Trivy hangs', 'it took too long'],
  deaf: ['Trivy hangs, ignores signals and has a child', 'it took too long'],
}

/** By the name of the fault, which follows `lock-` in the image's name. */
const lockFaults: Record<string, [string, string | RegExp]> = {
  killed: ['Trivy is killed', 'it was killed by SIGKILL'],
  nothing: ['Trivy ends well without a report', 'it gave no reason'],
  half: ['the report is half of one', 'it is not JSON'],
  image: ['the report is about an image', 'ArtifactType is "container_image"'],
}

/** By the name of the fault, which a comment in the Dockerfile has. */
const dockerfileFaults: Record<string, [string, string | RegExp]> = {
  panics: ['Trivy panics', 'panic: runtime error'],
  'another-file': ['the report is not about the Dockerfile', /Trivy did not check \S+ for misconfigurations/],
}

type Named = Readonly<Record<string, readonly [string, string | RegExp]>>

const failedScans = (faults: Named, where: string, prefix = ''): Row[] =>
  Object.entries(faults).map(([name, [fault, says]]) => ({
    fault,
    where,
    image: `${prefix}${name}`,
    state: 'scan-failed',
    says,
  }))

const filesOf = (faults: Named, make: (name: string) => FileTree): FileTree =>
  Object.assign({}, ...Object.keys(faults).map(make)) as FileTree

const scans: Scene = {
  programs: { trivy: breakScans },
  files: {
    ...filesOf(imageFaults, name => ({ [dockerfileOf(name)]: dockerfile(name) })),
    ...filesOf(lockFaults, name => ({
      [dockerfileOf(`lock-${name}`)]: 'FROM scratch\nCOPY . /\n',
      [join(dirname(dockerfileOf(`lock-${name}`)), 'Pipfile.lock')]: '{"_meta": {}, "default": {}, "develop": {}}',
    })),
  },
  rows: [...failedScans(imageFaults, 'image scan'), ...failedScans(lockFaults, 'lock-file scan', 'lock-')],
}

/** Apart from the others, which need not be in a hurry. */
const hangingScans: Scene = {
  programs: { trivy: breakScans },
  inputs: { timeout: '10s' },
  files: filesOf(hangingFaults, name => ({ [dockerfileOf(name)]: dockerfile(name) })),
  rows: failedScans(hangingFaults, 'image scan'),
}

const dockerfileChecks: Scene = {
  programs: { trivy: breakScans },
  inputs: { scanners: 'vuln,misconfig' },
  files: filesOf(dockerfileFaults, name => ({ [dockerfileOf(name)]: `# fault: ${name}\n${dockerfile('none')}` })),
  rows: failedScans(dockerfileFaults, 'Dockerfile check'),
}

const everyScan = (fault: string, says: string | RegExp): Pick<Scene, 'rows' | 'files' | 'everybody'> => ({
  rows: [{ fault, where: 'every scan', state: 'scan-failed', says }],
  files: { [dockerfileOf('web')]: dockerfile('none') },
  everybody: true,
})

const gone: Scene = {
  ...everyScan('Trivy is deleted before it scans', 'could not be started'),
  programs: { trivy: 'case "$*" in rootfs*) "$REAL" "$@"; code=$?; rm -f "$0"; exit $code ;; esac' },
}

const fullDisk: Scene = {
  ...everyScan('the disk fills up', /no space left on device|the disk is full/),
  programs: { trivy: 'case "$*" in *--input*) head -c 100000000 /dev/zero > filler ;; esac 2>/dev/null' },
  arrange: stage => shrinkDisk(stage, 24),
}

const faults = new Faults([scans, hangingScans, dockerfileChecks, gone, fullDisk])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
