/**
 * What the gate finds in an exported image, with layers analysed once and several images at a time, is what a plain
 * `trivy image` finds in the same image in the engine.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DockerEngine } from '../../src/adapters/docker-engine.js'
import { dockerEnvironment } from '../../src/adapters/environment.js'
import { createRunProcess } from '../../src/adapters/process.js'
import type { BuildOutcome, ScannerName } from '../../src/model.js'
import { scanImages } from '../../src/scan/images.js'
import type { Scanner } from '../../src/ports.js'
import { takeTurns } from '../../src/turns.js'
import { anImage, noEnding, RecordingConsole, tickingClock } from '../builders.js'
import { scannerWith } from '../scanner.js'
import { bed, heartbleed, removeTemporaryFolders, repositoryWith, run, temporaryFolder } from '../testbed.js'

afterAll(removeTemporaryFolders)

const examples = resolve('examples/registry/docker-builder/registry-repos')

/** Language packages, and secrets in a layer that two images share and in one of their own. */
// In two parts, so that nobody takes it for a secret of ours.
const keyId = ['AKIA', 'Q3EGRZ7WPLMXNTVB'].join('')
const key = ['h7Jk2mN8pQ4rS6tU9vW1x', 'Y3zA5bC7dE0fG2hI4jK'].join('')
const secretFile = `aws_access_key_id = ${keyId}\\naws_secret_access_key = "${key}"\\n`
const shared = `FROM debian:bookworm
RUN mkdir -p /shared && printf '${secretFile}' > /shared/credentials
`
const packageJson = (name: string, version: string): string => JSON.stringify({ name, version, license: 'MIT' })
const languages: Record<string, Record<string, string>> = {
  'node-a': {
    Dockerfile: `${shared}COPY package.json /app/node_modules/lodash/package.json\n`,
    'package.json': packageJson('lodash', '4.17.4'),
  },
  'node-b': {
    Dockerfile: `${shared}COPY package.json /app/node_modules/minimist/package.json\nRUN printf '${secretFile}' > /own\n`,
    'package.json': packageJson('minimist', '0.0.8'),
  },
  python: {
    Dockerfile: 'FROM debian:bookworm\nCOPY METADATA /usr/lib/python3/dist-packages/Django-2.2.dist-info/METADATA\n',
    METADATA: 'Metadata-Version: 2.1\nName: Django\nVersion: 2.2\n',
  },
  'only-secrets': { Dockerfile: shared },
  heartbleed: { Dockerfile: heartbleed },
  scratch: { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' },
}

interface RawReport {
  readonly Metadata: { readonly OS?: unknown; readonly DiffIDs?: unknown }
  readonly Results?: {
    readonly Class: string
    readonly Type?: string
    readonly Target: string
    readonly Packages?: { readonly Identifier?: unknown; readonly Layer: { readonly DiffID?: string } }[]
    readonly Vulnerabilities?: Record<string, unknown>[]
    readonly Secrets?: Record<string, unknown>[]
  }[]
}

/** All of it but what names the artifact, how its layers are packed, and what is made anew each time. */
function comparable(text: string): unknown {
  const { Metadata, Results = [] } = JSON.parse(text) as RawReport
  const results = Results.map(({ Target, ...result }) => ({
    ...result,
    ...(result.Class === 'os-pkgs' ? {} : { Target }),
  }))
  const dropped = new Set(['Digest', 'UID', 'Fingerprint'])
  const plain = JSON.stringify(results, (key, value: unknown) => (dropped.has(key) ? undefined : value))
  return { os: Metadata.OS, diffIds: Metadata.DiffIDs, results: JSON.parse(plain) as unknown }
}

/** The images of the examples and ours: name to build context. */
function contexts(): Map<string, string> {
  const files = Object.entries(languages).flatMap(([name, own]) =>
    Object.entries(own).map(([path, text]) => [`${name}/${path}`, text]),
  )
  const folder = repositoryWith(Object.fromEntries(files) as Record<string, string>)
  return new Map([
    ...readdirSync(examples).map(name => [name, join(examples, name)] as const),
    ...Object.keys(languages).map(name => [name, join(folder, name)] as const),
  ])
}

describe.each<{ scanners: ScannerName[] }>([{ scanners: ['vuln'] }, { scanners: ['vuln', 'secret'] }])(
  'findings with the scanners $scanners',
  ({ scanners }) => {
    const tempDir = temporaryFolder()
    const runProcess = createRunProcess(new AbortController().signal)
    const env = dockerEnvironment(process.env)
    const engine = new DockerEngine({ run: runProcess, runCleaning: runProcess, env, tempDir })
    const scanner = scannerWith()
    const tagOf = (name: string): string => `image-gate-plain/${name}:plain`
    const reports = new Map<string, string>()
    let names: string[] = []

    beforeAll(async () => {
      await engine.prepare()
      await scanner.prepare(scanners)
      const all = contexts()
      names = [...all.keys()]
      const builds: BuildOutcome[] = []
      for (const [name, contextDir] of all) {
        const request = { contextDir, dockerfile: join(contextDir, 'Dockerfile'), buildArgs: [], timeout: 300_000 }
        const result = await engine.build({ ...request, tag: tagOf(name) }, () => undefined)
        if (result.status !== 'built') throw new Error(`${name}: ${result.status}`)
        builds.push({ ...result, image: anImage(name), steps: [], provenance: [], baseImages: [], duration: 0 })
        // A name that stays when the engine has given the images away.
        await run('docker', ['tag', tagOf(name), `${tagOf(name)}-kept`])
      }
      const keeping: Scanner = {
        prepare: wanted => scanner.prepare(wanted),
        javaDatabase: () => scanner.javaDatabase(),
        newCache: known => scanner.newCache(known),
        makeSbom: (report, name, timeout) => scanner.makeSbom(report, name, timeout),
        scanLockFiles: (directory, timeout) => scanner.scanLockFiles(directory, timeout),
        scanDockerfile: (path, timeout) => scanner.scanDockerfile(path, timeout),
        scanImage: async (image, cache, request) => {
          const report = await scanner.scanImage(image, cache, request)
          reports.set(image.digests.diffIds.join(), report.text)
          return report
        },
      }
      const console = new RecordingConsole()
      const ports = { engine, scanner: keeping, console, clock: tickingClock(), ending: noEnding }
      const plan = {
        timeout: 300_000,
        turns: takeTurns(3),
        workspaces: { head: tempDir, base: tempDir },
        sbom: false,
        rulesOf: () => ({ scanners, lockFiles: true }),
      }
      const { outcomes } = await scanImages(builds, plan, ports)
      for (const outcome of outcomes) {
        const text = outcome.status === 'scanned' ? reports.get(outcome.digests.diffIds.join()) : undefined
        if (text === undefined) throw new Error(`${outcome.image.name} was not scanned: ${JSON.stringify(outcome)}`)
        reports.set(outcome.image.name, text)
      }
    }, 600_000)

    afterAll(async () => {
      await engine.clean()
      await run('docker', ['image', 'rm', ...names.map(name => `${tagOf(name)}-kept`)])
    })

    it('are those of a plain trivy image, for every image', async () => {
      const found = new Set<string>()
      for (const name of names) {
        const cache = temporaryFolder()
        const output = join(cache, 'report.json')
        const repositories = ['--db-repository', bed.database.repository]
        const flags = ['--scanners', scanners.join(','), '--format', 'json', '--list-all-pkgs', '--skip-java-db-update']
        const args = ['image', '--image-src', 'docker', ...flags, ...repositories, '--cache-dir', cache, '--quiet']
        const plain = await run(bed.trivy.path, [...args, '--output', output, `${tagOf(name)}-kept`], {
          env,
          cwd: cache,
        })
        expect(`${name}: ${String(plain.exitCode)} ${plain.stderr}`).toBe(`${name}: 0 `)
        const expected = comparable(readFileSync(output, 'utf8')) as { results: { Class: string }[] }
        expect({ name, ...(comparable(reports.get(name) ?? '') as object) }).toEqual({ name, ...expected })
        for (const { Class } of expected.results) found.add(Class)
      }
      // The comparison would hold between empty reports too.
      expect([...found].sort()).toEqual(['lang-pkgs', 'os-pkgs', ...(scanners.includes('secret') ? ['secret'] : [])])
    }, 600_000)
  },
)
