/** What attacks the gate or breaks under it, for real: hostile repositories, failing tools. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import {
  bed,
  clean,
  commandsIn,
  dockerfileOf,
  heartbleed,
  imagesIn,
  removeTemporaryFolders,
  repositoryWith,
  run,
  runGate,
  scriptOf,
  temporaryFolder,
  withServer,
} from '../testbed.js'
import { withRegistry } from '../faults/registry.js'
import { Origin } from '../git.js'
import { gatePullRequest } from '../pull-request.js'
import { Runner } from '../runner.js'

afterAll(removeTemporaryFolders)

/** A Trivy that does something else than scan when it is asked to scan. */
const trivyThat = (instead: string): string =>
  scriptOf(`case "$*" in *--input*) ${instead} ;; *) exec ${bed.trivy.path} "$@" ;; esac`)

describe('a hostile repository', () => {
  it('cannot hide findings with files that Trivy would load', async () => {
    const planted = {
      '.trivyignore': 'CVE-2014-0160\nCVE-2014-0224\n',
      'trivy.yaml': 'severity: [LOW]\nvulnerability:\n  ignore-unfixed: true\nignorefile: .trivyignore\n',
      'trivy-secret.yaml': 'disable-rules: [x]\n',
    }
    const context = Object.fromEntries(
      Object.entries(planted).map(([name, text]) => [`docker-builder/registry-repos/web/${name}`, text]),
    )
    const plain = await runGate(repositoryWith({ [dockerfileOf('web')]: heartbleed }))
    const origin = new Origin({ 'README.md': 'x' })
    const head = origin.branch('feature', { [dockerfileOf('web')]: heartbleed, ...planted, ...context })
    const merge = origin.pullRequest(7, head)
    const hostile = await runGate(
      origin.checkOut(merge),
      {},
      { TRIVY_SEVERITY: 'LOW', TRIVY_IGNOREFILE: '/dev/null', GITHUB_SHA: merge },
      { eventName: 'pull_request', event: {} },
    )
    expect(hostile.outputs['total-count']).toBe(plain.outputs['total-count'])
    expect(hostile.outputs['result']).toBe('blocked')
  })

  it('cannot give the runner a command from a build or from a name', async () => {
    const prints = [
      '::error::x',
      '##[set-output name=result]passed',
      '::stop-commands::pwned',
      '::set-output name=result::passed',
      '::endgroup::',
      '::add-mask::blocked',
    ]
    const script = prints
      .map(text => `printf '%s\\n' '${text}'; printf 'x\\r${text.replaceAll('%', '%%')}\\n' >&2`)
      .join('; ')
    const repository = repositoryWith({
      [dockerfileOf('web')]: `${heartbleed}RUN ${script}; head -c 2000000 /dev/zero | tr '\\0' x\n`,
      [dockerfileOf('x\n::error::from a name')]: clean,
    })
    const { outputs, log } = await runGate(repository)
    expect(outputs['result']).toBe('blocked')
    const commands = commandsIn(log)
    expect(commands.filter(line => !/^::(group|endgroup|error|debug)\b/.test(line))).toEqual([])
    expect(commands.filter(line => line.startsWith('::error'))).toHaveLength(2)
    expect(commands.filter(line => line.startsWith('::group'))).toHaveLength(
      commands.filter(line => line.startsWith('::endgroup')).length,
    )
  })

  it('cannot have one image speak for a layer of another one', async () => {
    const base = 'FROM debian:bookworm\n'
    await run('docker', [
      'buildx',
      'build',
      '--load',
      '--tag',
      'image-gate-forgery',
      repositoryWith({ Dockerfile: base }),
    ])
    const format = ['--format', '{{index .RootFS.Layers 0}}']
    const { stdout } = await run('docker', ['image', 'inspect', ...format, 'image-gate-forgery'])
    const inputs = { severity: 'CRITICAL,HIGH,MEDIUM,LOW', 'ignore-unfixed': 'false' }
    const alone = await runGate(repositoryWith({ [dockerfileOf('web')]: base }), inputs)
    expect(imagesIn(alone.outputs)).toEqual(['web: vulnerable'])
    await withRegistry({ forged: { diffId: stdout.trim() } }, async address => {
      // Nothing runs in it: the engine has no reason to unpack what it is made of.
      const forged = `FROM ${address}/forged:1\nLABEL x=y\n`
      const { outputs } = await runGate(
        repositoryWith({ [dockerfileOf('a')]: forged, [dockerfileOf('web')]: base }),
        inputs,
      )
      expect(imagesIn(outputs)).toContain('web: vulnerable')
    })
  })

  it('cannot have reports written over what its links lead to', async () => {
    const mine = join(temporaryFolder(), 'profile')
    writeFileSync(mine, 'mine')
    const files = { [dockerfileOf('web')]: clean, 'reports/report.json': `-> ${mine}` }
    const linked = await runGate(repositoryWith(files), { 'report-dir': 'reports' })
    expect(linked.outputs['result']).toBe('passed')
    expect(JSON.parse(readFileSync(linked.outputs['report'] ?? '', 'utf8'))).toMatchObject({ result: 'passed' })
    expect(readFileSync(mine, 'utf8')).toBe('mine')
    const away = temporaryFolder()
    const folder = await runGate(repositoryWith({ [dockerfileOf('web')]: clean, reports: `-> ${away}` }), {
      'report-dir': 'reports',
    })
    expect(folder.outputs['result']).toBe('error')
    expect(folder.summary).toContain('is a link that leads out of the repository')
    expect(readdirSync(away)).toEqual([])
  })

  it('gets no token and no command file into its tools', async () => {
    const seen = temporaryFolder()
    const spyOn = (name: string, program: string): string =>
      `#!/bin/sh\n{ env; tr '\\0' '\\n' < /proc/$$/environ; } >> ${join(seen, name)}\nexec ${program} "$@"\n`
    const bin = temporaryFolder()
    for (const name of ['docker', 'git', 'tar']) {
      const program = (await run('which', [name])).stdout.trim()
      writeFileSync(join(bin, name), spyOn(name, program), { mode: 0o755 })
    }
    const trivy = scriptOf(spyOn('trivy', bed.trivy.path))
    const secrets = {
      GITHUB_TOKEN: 'secret-1',
      ACTIONS_RUNTIME_TOKEN: 'secret-2',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret-3',
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    }
    const origin = new Origin({ [dockerfileOf('web')]: clean })
    const { outputs, log } = await gatePullRequest(
      origin,
      { [dockerfileOf('web')]: `${clean}RUN true\n` },
      { 'trivy-path': trivy, 'gate-on': 'introduced', comment: 'never' },
      secrets,
    )
    expect(outputs['result']).toBe('passed')
    expect(readdirSync(seen)).toEqual(expect.arrayContaining(['docker', 'git', 'trivy']) as string[])
    for (const name of readdirSync(seen)) {
      expect(readFileSync(join(seen, name), 'utf8')).not.toMatch(/secret-|GITHUB_|ACTIONS_|INPUT_|RUNNER_/)
    }
    expect(log).not.toContain('secret-')
  })

  it('cannot give the runner a command by what Image Gate itself trips over', async () => {
    const trap = join(temporaryFolder(), 'trap.mjs')
    writeFileSync(
      trap,
      "setTimeout(() => { throw new Error('\\n::set-output name=result::passed\\n##[error]y') }, 1000)\n",
    )
    const { exitCode, outputs, log, work } = await runGate(
      repositoryWith({ [dockerfileOf('web')]: 'FROM debian:bookworm\nRUN sleep 5\n' }),
      {},
      { NODE_OPTIONS: `--import ${trap}` },
    )
    expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: 'error' })
    const commands = new Runner().read(log).commands.filter(({ name }) => name !== 'group' && name !== 'endgroup')
    expect(commands).toEqual([
      { name: 'error', data: expect.stringContaining('Image Gate failed in a way that it should not') as string },
    ])
    expect(readdirSync(join(work, 'temp'))).toEqual([])
  })
})

describe('a failing tool is never a pass', () => {
  const repository = (): string => repositoryWith({ [dockerfileOf('web')]: clean, [dockerfileOf('api')]: clean })

  it.each([
    ['is killed in the middle', 'kill -9 $$', 'it was killed by SIGKILL'],
    ['crashes', 'echo "panic: oh" >&2; exit 2', 'panic: oh'],
    [
      'writes half a report',
      'while [ "$1" != --output ]; do shift; done; printf "{\\"SchemaVersion\\": 2," > "$2"',
      'cannot be read: it is not JSON',
    ],
    [
      'writes an empty report',
      'while [ "$1" != --output ]; do shift; done; echo "{}" > "$2"',
      'SchemaVersion is undefined',
    ],
    ['writes none', 'exit 0', 'Trivy ended without a report: it gave no reason'],
    ['hangs', 'sleep 100', 'it took too long'],
  ])('when Trivy %s', async (name, instead, message) => {
    const inputs = {
      'trivy-path': trivyThat(instead),
      'warn-only': 'true',
      ...(name === 'hangs' ? { timeout: '10s', 'no-cache': 'false', images: 'web' } : {}),
    }
    const { exitCode, outputs, summary } = await runGate(repository(), inputs)
    expect(exitCode).toBe(1)
    expect(outputs['result']).toBe('error')
    expect(imagesIn(outputs)).toContain('web: scan-failed')
    expect(summary).toContain(message)
  })

  it('when Trivy reports about another image', async () => {
    const other = join(temporaryFolder(), 'other.json')
    const first = trivyThat(
      `[ -e ${other} ] || ${bed.trivy.path} "$@"; while [ "$1" != --output ]; do shift; done; [ -e ${other} ] || cp "$2" ${other}; cp ${other} "$2"`,
    )
    const { outputs, summary } = await runGate(
      repositoryWith({ [dockerfileOf('a')]: clean, [dockerfileOf('b')]: 'FROM debian:bookworm\nRUN touch /another\n' }),
      { 'trivy-path': first },
    )
    expect(imagesIn(outputs)).toEqual(['a: clean', 'b: scan-failed'])
    expect(summary).toContain('is about another image')
  })

  it('when a build never ends', async () => {
    const slow = repositoryWith({
      [dockerfileOf('slow')]: 'FROM debian:bookworm\nRUN sleep 300\n',
      [dockerfileOf('web')]: clean,
    })
    const { outputs, summary } = await runGate(slow, { timeout: '15s' })
    expect(imagesIn(outputs)).toEqual(['slow: build-failed', 'web: clean'])
    expect(summary).toContain('the build timed out after 15 s')
  })

  it.each([
    [429, 'the registry limits how often it may be asked', 'registry-credentials'],
    [401, 'it does not exist, or credentials for it are missing', 'give a login at its registry'],
    [404, 'it does not exist', 'Check the name and the tag in FROM'],
  ])('when the registry of a base image answers %i', async (status, what, advice) => {
    await withServer({ '/v2/base/manifests/1': status }, async address => {
      const repository = repositoryWith({
        [dockerfileOf('private')]: `FROM ${address}/base:1\n`,
        [dockerfileOf('web')]: clean,
      })
      const { outputs, summary } = await runGate(repository)
      expect(imagesIn(outputs)).toEqual(['private: build-failed', 'web: clean'])
      expect(summary).toContain(`the base image ${address}/base:1 cannot be pulled, ${what}`)
      expect(summary).toContain(advice)
    })
  })

  it('when the builder does not exist', async () => {
    const { outputs, log } = await runGate(repository(), { builder: 'no-such-builder' })
    expect(outputs['result']).toBe('error')
    expect(log.split('\n').at(-1)).toMatch(/'no-such-builder' cannot be used: .* see docker buildx ls/)
  })

  const random = 'RUN head --bytes=15M /dev/urandom > /data\n'

  it.each([
    ['beforehand', { web: clean }, /MB are free, one image has \d+ MB/],
    [
      'on the way',
      {
        a: `FROM debian:bookworm AS data\n${random}FROM scratch\nCOPY --from=data /data /a\n`,
        b: `FROM debian:bookworm AS data\n${random}FROM scratch\nCOPY --from=data /data /b\n`,
      },
      /no space was left while the images were worked on/,
    ],
  ])('when the disk is too small, known %s', async (_, images: Record<string, string>, message) => {
    const files = Object.entries(images).map(([name, text]) => [dockerfileOf(name), text])
    const workspace = repositoryWith(Object.fromEntries(files) as Record<string, string>)
    const work = temporaryFolder()
    const temp = join(work, 'temp')
    mkdirSync(temp)
    const root = process.getuid?.() === 0
    const asRoot = (...command: string[]): ReturnType<typeof run> =>
      root ? run(command[0] ?? '', command.slice(1)) : run('sudo', ['--non-interactive', ...command])
    const mounted = await asRoot('mount', '-t', 'tmpfs', '-o', 'size=24m,mode=1777', 'tmpfs', temp)
    expect(mounted.exitCode).toBe(0)
    try {
      const { exitCode, outputs, summary } = await runGate(workspace, {}, {}, { work })
      expect(exitCode).toBe(1)
      expect(imagesIn(outputs)).toEqual(Object.keys(images).map(name => `${name}: scan-failed`))
      expect(summary).toContain('the disk is full')
      expect(summary).toMatch(message)
    } finally {
      await asRoot('umount', temp)
    }
  })
})
