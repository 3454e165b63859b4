/** A run that must end before its time, at each of its stages: quickly, with what is known, and with nothing left behind. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FakeRegistry } from '../fake-registry.js'
import { Origin } from '../git.js'
import { gatePullRequest, type JsonReport } from '../pull-request.js'
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
  scriptOf,
  temporaryFolder,
} from '../testbed.js'

afterAll(removeTemporaryFolders)

/** Milliseconds after which a runner sends SIGTERM to who did not heed SIGINT; 2.5 s later it kills. */
const patience = 7500

/** Names that no other test has: engines are shared. */
const own = `cancel-${String(process.pid)}`

interface Cancelled {
  readonly exitCode: number | null
  readonly outputs: Record<string, string>
  readonly log: string
  readonly summary: string
  /** Milliseconds from the first signal to the exit. */
  readonly took: number
  readonly temp: readonly string[]
}

interface How {
  readonly inputs?: Record<string, string>
  readonly env?: Record<string, string>
  /** Programs that stand before those on PATH. */
  readonly programs?: Readonly<Record<string, string>>
  readonly signals?: readonly NodeJS.Signals[]
}

/** Gates, and sends the signals once the file is there. */
async function cancelWhen(marker: string, files: Readonly<Record<string, string>>, how: How = {}): Promise<Cancelled> {
  const { inputs = {}, env = {}, programs = {}, signals = ['SIGINT'] } = how
  const bin = temporaryFolder()
  for (const [name, script] of Object.entries(programs)) writeFileSync(join(bin, name), script, { mode: 0o755 })
  const path = [bin, process.env['PATH'] ?? ''].join(delimiter)
  let pid = 0
  let at = 0
  const started = Date.now()
  const gating = runGate(repositoryWith(files), inputs, { ...env, PATH: path }, { onStart: child => (pid = child) })
  const signalling = (async () => {
    if (signals.length === 0) return
    for (let tries = 0; !existsSync(marker) && tries < 600; tries += 1) await sleep(100)
    expect(existsSync(marker)).toBe(true)
    at = Date.now()
    for (const signal of signals) {
      process.kill(pid, signal)
      await sleep(500)
    }
  })()
  const { work, ...result } = await gating
  const took = Date.now() - (at || started)
  await signalling
  expect(await childrenWith(bin)).toEqual([])
  return { ...result, took, temp: readdirSync(join(work, 'temp')) }
}

/** Processes that were started with this folder on PATH: all that descend from the gate, whoever is their parent now. */
async function childrenWith(folder: string): Promise<string[]> {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return pids.flatMap(pid => {
    try {
      const isChild = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)
      return isChild ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : []
    } catch {
      return []
    }
  })
}

/** Processes of containers end when the engine has noticed that nobody waits for them. */
async function expectNobodySleeps(seconds: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await run('pgrep', ['-f', `sleep ${seconds}`])).exitCode !== 0) return
    await sleep(200)
  }
  throw new Error(`sleep ${seconds} goes on`)
}

async function expectNoTags(name: string, env: Record<string, string> = {}): Promise<void> {
  const args = ['image', 'ls', '--quiet', '--filter', `reference=image-gate/*/${name}`]
  expect((await run('docker', args, { env })).stdout).toBe('')
}

function expectEnded(
  { exitCode, outputs, took, temp, summary }: Cancelled,
  { message = 'the run was cancelled', within = patience } = {},
): void {
  expect(took).toBeLessThan(within)
  expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'error' })
  expect(summary).toContain(message)
  expect(temp).toEqual(['image-gate-report-__self'])
}

const reportOf = ({ outputs }: Cancelled): JsonReport =>
  JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as JsonReport

const docker = async (): Promise<string> => (await run('which', ['docker'])).stdout.trim()

const engines: [string, Record<string, string>, Record<string, string>][] = [
  ['Docker with the containerd store', {}, {}],
  ['Docker with a graphdriver store', bed.oldEngine.env, {}],
  ['BuildKit without Docker', bed.buildkit.env, { builder: bed.buildkit.builder }],
]

describe.each(engines)('a run that is cancelled on %s', (_, env, inputs) => {
  it('while it builds: keeps what failed before, and ends what runs', async () => {
    const seconds = `3${String(process.pid)}`
    const marker = join(temporaryFolder(), 'marker')
    const broken = `${own}-broken`
    const gated = cancelWhen(
      marker,
      {
        [dockerfileOf(broken)]: 'FROM debian:bookworm\nRUN echo why; exit 7\n',
        [dockerfileOf(`${own}-slow`)]: `FROM debian:bookworm\nRUN sleep ${seconds}\n`,
      },
      { env, inputs },
    )
    while ((await run('pgrep', ['-f', `^sleep ${seconds}`])).exitCode !== 0) await sleep(200)
    await sleep(1000)
    writeFileSync(marker, '')
    const ended = await gated
    expectEnded(ended)
    expect(imagesIn(ended.outputs)).toEqual([`${broken}: build-failed`, `${own}-slow: build-failed`])
    expect(ended.summary).toContain('the build failed: ')
    expect(ended.summary).toContain('could not be built: the run was cancelled')
    await expectNobodySleeps(seconds)
    await expectNoTags(`${own}-*`, env)
  })
})

describe('a run that is cancelled', () => {
  it('while it exports', async () => {
    const marker = join(temporaryFolder(), 'marker')
    const real = await docker()
    const ended = await cancelWhen(
      marker,
      { [dockerfileOf(`${own}-a`)]: clean, [dockerfileOf(`${own}-b`)]: heartbleed },
      {
        programs: {
          docker: `#!/bin/sh\ncase "$*" in "image save"*) ;; *) exec ${real} "$@" ;; esac\n${real} "$@" | { head -c 1000000; touch ${marker}; sleep 600; }\n`,
        },
      },
    )
    expectEnded(ended)
    expect(imagesIn(ended.outputs)).toEqual([`${own}-a: scan-failed`, `${own}-b: scan-failed`])
    await expectNoTags(`${own}-*`)
  })

  it('while it scans: an image that was scanned keeps its findings, in every report', async () => {
    const marker = join(temporaryFolder(), 'marker')
    const first = join(temporaryFolder(), 'first')
    const trivy = scriptOf(
      `case "$*" in *--input*) mkdir ${first} 2>/dev/null || { touch ${marker}; trap '' TERM; while :; do sleep 1; done; } ;; esac; exec ${bed.trivy.path} "$@"`,
    )
    const ended = await cancelWhen(
      marker,
      { [dockerfileOf(`${own}-a`)]: heartbleed, [dockerfileOf(`${own}-b`)]: clean, [dockerfileOf(`${own}-c`)]: clean },
      { inputs: { 'trivy-path': trivy }, signals: ['SIGINT', 'SIGTERM', 'SIGINT'] },
    )
    expectEnded(ended)
    expect(imagesIn(ended.outputs)).toEqual([`${own}-a: vulnerable`, `${own}-b: scan-failed`, `${own}-c: scan-failed`])
    expect(ended.summary).toContain('CVE-2014-0160')
    expect(ended.log).toContain('CVE-2014-0160')
    expect(ended.log.split('\n').at(-1)).toContain(
      'Error: the run was ended early: 2 of 3 images could not be gated, and 1 is vulnerable: the run was cancelled',
    )
    const [{ findings } = { findings: [] }] = reportOf(ended).images
    expect(findings.map(({ id }) => (id as string | undefined) ?? '')).toContain('CVE-2014-0160')
    for (const name of ['html', 'sarif'])
      expect(readFileSync(ended.outputs[name] ?? '', 'utf8')).toContain('CVE-2014-0160')
    await expectNoTags(`${own}-*`)
  })

  it('while the database is downloaded', async () => {
    const marker = join(temporaryFolder(), 'marker')
    const archive = readFileSync('testbed/database/trivy-db.tar.gz')
    const registry = new FakeRegistry()
    registry.push('db', '2', archive)
    registry.intervene = ({ path }, response) => {
      if (!path.includes('/blobs/')) return undefined
      response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, archive.length / 2))
      writeFileSync(marker, '')
      return 'done'
    }
    const files = { [dockerfileOf(`${own}-a`)]: clean }
    const ended = await registry.run(address =>
      cancelWhen(marker, files, { inputs: { 'db-repository': `${address}/db:2` }, signals: ['SIGTERM'] }),
    )
    expectEnded(ended)
    expect(ended.summary).not.toContain('no repository gave the vulnerability database')
    await expectNoTags(`${own}-*`)
  })

  it('while an engine does not answer', async () => {
    const marker = join(temporaryFolder(), 'marker')
    const socket = join(temporaryFolder(), 'docker.sock')
    const server = createServer(() => {
      writeFileSync(marker, '')
    })
    await new Promise<void>(resolve => server.listen(socket, resolve))
    try {
      const files = { [dockerfileOf(`${own}-a`)]: clean }
      expectEnded(await cancelWhen(marker, files, { env: { DOCKER_HOST: `unix://${socket}` } }))
    } finally {
      server.close()
    }
  })

  it('while GitHub does not answer to its comment', async () => {
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    let asked = 0
    let pid = 0
    const server = createServer(() => {
      asked ||= Date.now()
      process.kill(pid, 'SIGINT')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${String((server.address() as { port: number }).port)}`
    try {
      const { exitCode, outputs, log } = await gatePullRequest(
        origin,
        { [dockerfileOf('web')]: heartbleed },
        { 'github-token': 'ghs_of_a_test' },
        { GITHUB_API_URL: address, GITHUB_GRAPHQL_URL: `${address}/graphql` },
        { onStart: started => (pid = started) },
      )
      expect(Date.now() - asked).toBeLessThan(patience)
      // The verdict was decided before.
      expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'blocked' })
      expect(log).toContain('The comment on the pull request could not be written')
    } finally {
      server.close()
    }
  })
})

describe('a run that takes too long', () => {
  it('ends by itself, with what is known', async () => {
    const seconds = `4${String(process.pid)}`
    const ended = await cancelWhen(
      '/no/such/marker',
      { [dockerfileOf(`${own}-slow`)]: `FROM debian:bookworm\nRUN sleep ${seconds}\n` },
      { inputs: { 'total-timeout': '15s' }, signals: [] },
    )
    expectEnded(ended, { message: 'the run was not done after 15 s', within: 15_000 + patience })
    expect(ended.summary).toContain('total-timeout')
    await expectNobodySleeps(seconds)
    await expectNoTags(`${own}-*`)
  })
})
