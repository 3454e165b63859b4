// @ts-check
/**
 * Stands before Trivy and breaks what it is told to break: an image by its label `fault`, a folder by its name, a Dockerfile
 * by a comment `# fault: NAME`. Arguments: the real program, and what that was given.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const [real = '', ...args] = process.argv.slice(2)
const output = args[args.indexOf('--output') + 1] ?? ''
const input = args.includes('--input') ? (args[args.indexOf('--input') + 1] ?? '') : undefined
const [layout = '', digest = ''] = (input ?? '').split('@')

/** @param {string} of */
const blob = of => JSON.parse(readFileSync(join(layout, 'blobs/sha256', of.replace('sha256:', '')), 'utf8'))

function faultOfFolder() {
  const folder = args.at(-1) ?? ''
  if (!args.includes('misconfig')) return /^lock-(.*)$/.exec(basename(folder))?.[1]
  return /^# fault: (\S+)$/m.exec(readFileSync(join(folder, 'Dockerfile'), 'utf8'))?.[1]
}

/** @param {string[]} given @param {import('node:child_process').StdioOptions} stdio */
const runReal = (given, stdio = 'inherit') => {
  const { status } = spawnSync(real, given, { stdio })
  if (status !== 0) process.exit(status ?? 1)
}

/** @param {(report: any) => void} change what is changed in a report that is otherwise true */
const falsify = change => {
  runReal(args)
  const report = JSON.parse(readFileSync(output, 'utf8'))
  change(report)
  writeFileSync(output, JSON.stringify(report))
}

/** @param {unknown} results */
const withResults = results => falsify(report => (report.Results = results))

/** Neither ends nor lets itself be ended. */
const hang = () => {
  setInterval(() => undefined, 1000)
}

/** @type {Record<string, () => void>} */
const faults = {
  killed: () => process.kill(process.pid, 'SIGKILL'),
  memory: () => process.exit(137),
  hangs: hang,
  deaf: () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => undefined)
    spawn('sleep', ['86399'], { stdio: 'inherit' })
    hang()
  },
  panics: () => {
    process.stderr.write(
      'panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n',
    )
    process.exit(2)
  },
  commands: () => {
    process.stderr.write('::error::pwned\n::set-output name=result::pwned\r##[error]pwned\r::stop-commands::pwned\n')
    process.exit(1)
  },
  loud: () => {
    writeFileSync(2, 'x'.repeat(10_000_000))
    process.exit(1)
  },
  nothing: () => undefined,
  fatal: () => {
    process.stderr.write('2026-01-01T00:00:00Z\tFATAL\tFatal error\trun error: the image could not be scanned\n')
  },
  empty: () => writeFileSync(output, ''),
  half: () => {
    runReal(args)
    const text = readFileSync(output, 'utf8')
    writeFileSync(output, text.slice(0, text.length / 2))
  },
  other: () => {
    // Beside the layout of this image lies that of all images.
    const whole = realpathSync(layout).replace(/-shown-[^/]*$/, '')
    const { manifests } = JSON.parse(readFileSync(join(whole, 'index.json'), 'utf8'))
    const known = blob(digest).layers.map((/** @type {{digest: string}} */ layer) => layer.digest)
    const other = manifests.find(
      (/** @type {{digest: string}} */ manifest) =>
        !blob(manifest.digest).layers.every((/** @type {{digest: string}} */ layer) => known.includes(layer.digest)),
    )
    symlinkSync(whole, 'whole')
    runReal(args.map(word => (word === input ? `whole@${other.digest}` : word)))
  },
  schema: () => falsify(report => (report.SchemaVersion = 3)),
  kind: () => falsify(report => (report.ArtifactType = 'filesystem')),
  image: () => falsify(report => (report.ArtifactType = 'container_image')),
  layer: () => falsify(report => report.Metadata.ImageConfig.rootfs.diff_ids.pop()),
  'no-layers': () => falsify(report => delete report.Metadata.ImageConfig),
  'results-text': () => withResults('none'),
  'results-null': () => withResults(null),
  'results-strange': () => withResults([{ Class: 'os-pkgs', Target: 'x', Vulnerabilities: [{ Severity: 'LOW' }] }]),
  list: () => writeFileSync(output, '[]'),
  garbage: () => writeFileSync(output, Buffer.alloc(50_000_000, '\u00ff{"')),
  deep: () => writeFileSync(output, '['.repeat(1_000_000)),
  folder: () => mkdirSync(output),
  loop: () => symlinkSync(output, output),
  stdout: () => {
    runReal(args.filter((word, at) => word !== '--output' && args[at - 1] !== '--output'))
    rmSync(output, { force: true })
  },
  'another-file': () => {
    rmSync(join(args.at(-1) ?? '', 'Dockerfile'))
    runReal(args)
  },
}

const name = input === undefined ? faultOfFolder() : blob(blob(digest).config.digest).config?.Labels?.fault
const fault = faults[name ?? '']
if (fault === undefined) runReal(args)
else fault()
