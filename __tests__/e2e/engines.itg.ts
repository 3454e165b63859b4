/** The gate on every kind of engine: the same images, the same result, nothing left behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bed,
  clean,
  dockerfileOf,
  heartbleed,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  run,
  runGate,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

const engines: [string, Record<string, string>, Record<string, string>][] = [
  ['Docker with the containerd store', {}, {}],
  ['Docker with the overlay2 store', bed.overlayEngine.env, {}],
  ['Docker 20.10, without provenance', bed.oldEngine.env, {}],
  ['BuildKit without Docker', bed.buildkit.env, { builder: bed.buildkit.builder }],
]

/** Names that no other test has: engines are shared. */
const own = (name: string): string => `${name}-${String(process.pid)}`

interface JsonReport {
  readonly images: {
    readonly name: string
    readonly digests?: { readonly manifest: string; readonly diffIds: readonly string[] }
    readonly findings: { readonly id: string; readonly origin?: { readonly lines: unknown } }[]
  }[]
  readonly work: { readonly steps: { readonly shared: number }; readonly layers: { readonly distinct: number } }
}

describe.each(engines)('the gate on %s', (_, env, inputs) => {
  it('gives each image its own result, whatever becomes of the others, and leaves nothing', async () => {
    const shared = 'FROM debian:bookworm\nRUN sleep 1 && date > /shared\n'
    const repository = repositoryWith({
      [dockerfileOf(own('broken'))]: `${shared}RUN exit 3\n`,
      [dockerfileOf(own('clean'))]: clean,
      [dockerfileOf(own('hanging'))]: 'FROM debian:bookworm\nRUN sleep 600\n',
      [dockerfileOf(own('heartbleed'))]: heartbleed,
      [dockerfileOf(own('like-others'))]: `${shared}RUN touch /like-others\n`,
      [dockerfileOf(own('no-base'))]: 'FROM no-such-image-here:1\n',
    })
    const { exitCode, outputs, log, work } = await runGate(repository, { timeout: '20s', ...inputs }, env)
    expect(exitCode).toBe(1)
    expect(outputs['result']).toBe('error')
    expect(imagesIn(outputs)).toEqual([
      `${own('broken')}: build-failed`,
      `${own('clean')}: clean`,
      `${own('hanging')}: build-failed`,
      `${own('heartbleed')}: vulnerable`,
      `${own('like-others')}: clean`,
      `${own('no-base')}: build-failed`,
    ])
    expect(log).toContain('the build timed out after 20 s')
    expect(log).toContain('the base image docker.io/library/no-such-image-here:1 cannot be pulled')
    const report = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport
    const bleeding = report.images.find(({ name }) => name === own('heartbleed'))
    expect(bleeding?.findings.find(({ id }) => id === 'CVE-2014-0160')?.origin?.lines).toEqual({ start: 2, end: 5 })
    expect(bleeding?.digests?.manifest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(report.work.steps.shared).toBeGreaterThan(0)
    const diffIds = new Set(report.images.flatMap(({ digests }) => digests?.diffIds ?? []))
    expect(report.work.layers.distinct).toBe(diffIds.size)
    const left = ['image', 'ls', '--quiet', '--filter', `reference=image-gate/*/${own('*')}`]
    expect((await run('docker', left, { env })).stdout).toBe('')
    expect(readdirSync(join(work, 'temp'))).toEqual(['image-gate-report-__self'])
  })
})

describe('many images', () => {
  it('gates 64 in one run', async () => {
    const names = Array.from({ length: 64 }, (_, index) => `image-${String(index).padStart(2, '0')}`)
    const files = names.map(name => [dockerfileOf(name), `FROM debian:bookworm\nRUN echo ${name} > /name\n`])
    const { exitCode, outputs } = await runGate(repositoryWith(Object.fromEntries(files) as Record<string, string>))
    expect(imagesIn(outputs)).toEqual(names.map(name => `${name}: clean`))
    expect(exitCode).toBe(0)
    const report = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport
    expect(report.work.layers.distinct).toBe(65)
  }, 300_000)
})
