/** What attacks the gate or breaks under it, for real: hostile repositories, failing tools, a cancelled run. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAction } from '../../testbed/runner.mjs'
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
} from '../testbed.js'

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
    const hostile = await runGate(
      repositoryWith({ [dockerfileOf('web')]: heartbleed, ...planted, ...context }),
      {},
      {
        TRIVY_SEVERITY: 'LOW',
        TRIVY_IGNOREFILE: '/dev/null',
      },
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

  it('gets no token and no command file into its tools', async () => {
    const seen = join(temporaryFolder(), 'env')
    const trivy = scriptOf(`env >> ${seen}; exec ${bed.trivy.path} "$@"`)
    const secrets = {
      GITHUB_TOKEN: 'secret-1',
      ACTIONS_RUNTIME_TOKEN: 'secret-2',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret-3',
    }
    const { outputs, log } = await runGate(
      repositoryWith({ [dockerfileOf('web')]: clean }),
      { 'trivy-path': trivy },
      secrets,
    )
    expect(outputs['result']).toBe('passed')
    expect(readFileSync(seen, 'utf8')).not.toMatch(/secret-|GITHUB_|ACTIONS_|INPUT_|RUNNER_/)
    expect(log).not.toContain('secret-')
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
      ...(name === 'hangs' ? { timeout: '2s', 'no-cache': 'false', images: 'web' } : {}),
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

  it('when the run is cancelled: it cleans up, and says so', async () => {
    const work = temporaryFolder()
    const slow = repositoryWith({ [dockerfileOf('slow')]: 'FROM debian:bookworm\nRUN echo started && sleep 300\n' })
    let pid = 0
    const { exitCode, outputs } = await runAction({
      workspace: slow,
      work,
      node: bed.node24.path,
      inputs: { 'trivy-path': bed.trivy.path, 'db-repository': bed.database.repository },
      env: bed.env,
      onStart: started => (pid = started),
      onLine: line => {
        if (line.includes('started')) process.kill(pid, 'SIGTERM')
      },
    })
    expect(exitCode).toBe(1)
    expect(outputs['result']).toBe('error')
    expect(readdirSync(join(work, 'temp'))).toEqual(['image-gate-report-__self'])
    await sleep(500)
    expect((await run('pgrep', ['-f', slow])).stdout).toBe('')
  })
})
