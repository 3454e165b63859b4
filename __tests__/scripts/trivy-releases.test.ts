/** scripts/trivy-releases.mjs as a program, against a GitHub on this machine. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archives, day, everywhere, hash, hermit, installAction, release } from './sources.js'

const known = archives('0.73.0', ...everywhere)
const fresh = archives('0.74.0', ...everywhere)
const both = { ...fresh, ...known }
const commits = ['a'.repeat(40), 'b'.repeat(40)] as const
const table = {
  note: 'kept',
  releases: {
    '0.73.0': Object.fromEntries(
      Object.entries(known).map(([name, sha256]) => [
        name,
        { sha256, independentSources: 2, namedSources: ['a', 'b'] },
      ]),
    ),
  },
}
const uploaded = new Date(Date.now() - 8 * day).toISOString()

const paths = {
  releases: '/repos/aquasecurity/trivy/releases?per_page=30',
  installLog: '/repos/taiki-e/install-action/commits?path=manifests%2Ftrivy.json&per_page=1',
  hermitLog: '/repos/cashapp/hermit-packages/commits?path=trivy.hcl&per_page=1',
  install: `/taiki-e/install-action/${commits[0]}/manifests/trivy.json`,
  hermit: `/cashapp/hermit-packages/${commits[1]}/trivy.hcl`,
}
type Answer = string | ((request: IncomingMessage, response: ServerResponse) => void)

const asItIs: Record<string, Answer> = {
  [paths.releases]: JSON.stringify([release('0.74.0', fresh, { uploaded }), release('0.73.0', known, { uploaded })]),
  [paths.installLog]: JSON.stringify([{ sha: commits[0], commit: { message: 'Update `trivy@latest` to 0.74.0' } }]),
  [paths.hermitLog]: JSON.stringify([{ sha: commits[1] }]),
  [paths.install]: installAction(both),
  [paths.hermit]: hermit(both),
}

interface Outcome {
  readonly status: number | null
  readonly printed: string
  /** The table as the script left it. */
  readonly text: string
  readonly report: string
  readonly requests: readonly IncomingMessage[]
}

describe('scripts/trivy-releases.mjs', () => {
  const work = mkdtempSync(join(tmpdir(), 'image-gate-releases-'))
  const files = {
    table: join(work, 'table.json'),
    denylist: join(work, 'denylist.json'),
    report: join(work, 'report.md'),
  }
  const before = JSON.stringify(table, null, 1)

  afterAll(() => {
    rmSync(work, { recursive: true, force: true })
  })

  async function run(
    more: Record<string, Answer> = {},
    env: Record<string, string> = {},
    ...args: string[]
  ): Promise<Outcome> {
    writeFileSync(files.table, before)
    writeFileSync(files.denylist, JSON.stringify({ versions: { '0.69.4': { reason: 'malicious' } } }))
    writeFileSync(files.report, '')
    const answers = { ...asItIs, ...more }
    const requests: IncomingMessage[] = []
    const server = createServer((request, response) => {
      requests.push(request)
      const answer = answers[request.url ?? '']
      if (typeof answer === 'function') answer(request, response)
      else response.writeHead(answer === undefined ? 404 : 200).end(answer)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const here = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
      const named = Object.entries(files).flatMap(([name, path]) => [`--${name}`, path])
      const ended = await program([...named, '--api', here, '--raw', here, ...args], env)
      return { ...ended, text: readFileSync(files.table, 'utf8'), report: readFileSync(files.report, 'utf8'), requests }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  function program(args: string[], env: Record<string, string>): Promise<{ status: number | null; printed: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['scripts/trivy-releases.mjs', ...args], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let printed = ''
      child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
      child.on('error', reject)
      child.on('close', status => resolve({ status, printed }))
    })
  }

  function expectRefused(outcome: Outcome, status: number, words: RegExp): void {
    expect(outcome.printed).toMatch(words)
    expect(outcome.status).toBe(status)
    expect(outcome.text).toBe(before)
  }

  it('adds a release that three sources agree on', async () => {
    const { status, printed, text, report } = await run()
    expect(printed).toContain('### New in the table')
    expect(status).toBe(0)
    const after = JSON.parse(text) as typeof table & { releases: Record<string, Record<string, { sha256: string }>> }
    expect(Object.keys(after.releases)).toEqual(['0.74.0', '0.73.0'])
    expect(after.releases['0.73.0']).toEqual(table.releases['0.73.0'])
    expect(Object.values(after.releases['0.74.0'] ?? {}).map(({ sha256 }) => sha256)).toEqual(Object.values(fresh))
    expect(report).toContain(`taiki-e/install-action:manifests/trivy.json@${commits[0].slice(0, 12)}`)
  })

  it('leaves the file alone where nothing is new', async () => {
    const outcome = await run({ [paths.releases]: JSON.stringify([release('0.73.0', known, { uploaded })]) })
    expectRefused(outcome, 0, /^Nothing new\./)
    expect(outcome.report).toBe('')
  })

  it('sends no token to anybody but GitHub', async () => {
    const { requests } = await run({}, { GITHUB_TOKEN: 'secret' })
    expect(requests).toHaveLength(5)
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(requests.map(() => undefined))
  })

  it('is loud where a value of the table has changed upstream', async () => {
    const changed = { ...known, 'trivy_0.73.0_Linux-64bit.tar.gz': hash('new') }
    const outcome = await run(
      {
        [paths.releases]: JSON.stringify([
          release('0.74.0', fresh, { uploaded }),
          release('0.73.0', changed, { uploaded }),
        ]),
      },
      { GITHUB_ACTIONS: 'true' },
    )
    expectRefused(
      outcome,
      1,
      /^::error title=Trivy's releases::trivy_0\.73\.0_Linux-64bit\.tar\.gz is not what it was/m,
    )
    expect(outcome.report).toMatch(/^### Alarms: nothing was changed/)
  })

  it('waits for the end of the first week', async () => {
    const recent = new Date(Date.now() - 6 * day).toISOString()
    const releases = JSON.stringify([
      release('0.74.0', fresh, { uploaded: recent }),
      release('0.73.0', known, { uploaded }),
    ])
    expectRefused(await run({ [paths.releases]: releases }), 0, /0\.74\.0: less than 7 days old/)
  })

  it('warns of a release that has vanished', async () => {
    const releases = JSON.stringify([release('0.74.0', fresh, { uploaded }), release('0.72.0', {}, { uploaded })])
    const { status, printed } = await run({ [paths.releases]: releases }, { GITHUB_ACTIONS: 'true' })
    expect(printed).toMatch(/^::warning title=Trivy's releases::Trivy 0\.73\.0 is no longer among its releases/m)
    expect(status).toBe(0)
  })

  it.each<[string, Record<string, Answer>, RegExp, string[]]>([
    ['a source is not there', { [paths.install]: gone(404) }, /manifests\/trivy\.json answers 404/, []],
    ['GitHub refuses', { [paths.releases]: gone(403) }, /releases answers 403/, []],
    ['a repository has moved', { [paths.hermitLog]: moved }, /commits failed/, []],
    ['an answer breaks off', { [paths.hermit]: brokenOff }, /trivy\.hcl failed/, []],
    ['half a file arrives', { [paths.hermit]: hermit(both).slice(0, -100) }, /only a part of it arrived/, []],
    ['an answer is too big', {}, /is over 100 bytes/, ['--limit', '100']],
    ['an answer takes too long', { [paths.install]: () => undefined }, /took over 1 s/, ['--seconds', '1']],
    ['an answer never ends', { [paths.install]: endless }, /(took over 1 s|is over)/, ['--seconds', '1']],
    ['a log names no commit', { [paths.installLog]: '[{"sha":"../x"}]' }, /names no commit/, []],
    ['a source is something else', { [paths.install]: '::error::owned' }, /^error: .* is not JSON/, []],
  ])('writes nothing where %s', async (_, answers, words, args) => {
    const outcome = await run(answers, {}, ...args)
    expectRefused(outcome, 2, words)
    expect(outcome.printed).not.toContain('owned')
  })

  function gone(status: number) {
    return (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(status).end('no')
  }
  function moved(_: IncomingMessage, response: ServerResponse): void {
    response.writeHead(301, { location: paths.installLog }).end()
  }
  function brokenOff(_: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-length': '100000' })
    response.write('sha256sums = {\n', () => response.destroy())
  }
  function endless(_: IncomingMessage, response: ServerResponse): void {
    const more = setInterval(() => response.write('x'.repeat(1000)), 5)
    response.on('close', () => {
      clearInterval(more)
    })
  }
})

describe('the table', () => {
  const path = 'src/adapters/trivy-releases.json'

  it('is written as the script writes it', () => {
    const text = readFileSync(path, 'utf8')
    expect(JSON.stringify(JSON.parse(text), null, 1)).toBe(text)
  })
})
