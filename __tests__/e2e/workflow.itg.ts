/** A workflow with `uses: ./`, run by act: action.yml, its defaults and its outputs, as a workflow sees them. */
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  bed,
  clean,
  dockerfileOf,
  heartbleed,
  removeTemporaryFolders,
  repositoryWith,
  run,
  temporaryFolder,
} from '../testbed.js'

const workflow = `on: pull_request
jobs:
  image-gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - id: gate
        uses: ./
        with:
          trivy-path: ${bed.trivy.path}
          db-repository: ${bed.database.repository}
          db-max-age: any
      - if: always()
        run: echo "said=\${{ steps.gate.outputs.result }} \${{ steps.gate.outputs.failed-images }} \${{ steps.gate.outcome }}"
`

async function act(
  files: Record<string, string>,
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const repository = repositoryWith({
    ...files,
    '.github/workflows/check.yml': workflow,
    'event.json': JSON.stringify({
      number: 7,
      pull_request: { number: 7, head: { ref: 'updates' }, base: { ref: 'main' } },
    }),
  })
  for (const name of ['action.yml', 'dist']) cpSync(name, join(repository, name), { recursive: true })
  const git = (...args: string[]): Promise<unknown> =>
    run('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], { cwd: repository })
  await git('init', '--quiet', '--initial-branch', 'main')
  await git('remote', 'add', 'origin', 'https://github.com/example/registry.git')
  await git('commit', '--quiet', '--allow-empty', '-m', 'Begin')
  await git('checkout', '--quiet', '-b', 'updates')
  await git('add', '--all')
  await git('commit', '--quiet', '-m', 'Add the images')
  // What GitHub checks out for a pull request.
  await git('checkout', '--quiet', '--detach', 'main')
  await git('merge', '--quiet', '--no-ff', '-m', 'Merge updates into main', 'updates')
  const home = temporaryFolder()
  const flags = ['-e', 'event.json', '-P', 'ubuntu-latest=-self-hosted', '--action-offline-mode', '--no-cache-server']
  return run(bed.act.path, ['pull_request', ...flags], {
    cwd: repository,
    env: {
      PATH: `${dirname(bed.node24.path)}:${process.env['PATH'] ?? ''}`,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: home,
    },
  })
}

afterAll(removeTemporaryFolders)

describe('a workflow that uses the action', () => {
  it('fails on a vulnerable image, with the outputs set', async () => {
    const { exitCode, stdout } = await act({ [dockerfileOf('tutorial')]: heartbleed, [dockerfileOf('web')]: clean })
    expect(stdout).toContain('said=blocked tutorial failure')
    expect(exitCode).toBe(1)
  })

  it('succeeds on clean images', async () => {
    const { exitCode, stdout } = await act({ [dockerfileOf('web')]: clean })
    expect(stdout).toContain('said=passed  success')
    expect(exitCode).toBe(0)
  })
})
