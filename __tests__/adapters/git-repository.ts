/** The git adapter on a repository of a test. */
import { gitEnvironment } from '../../src/adapters/environment.js'
import { GitRepository } from '../../src/adapters/git.js'
import { createRunProcess } from '../../src/adapters/process.js'
import { temporaryFolder } from '../testbed.js'

const run = createRunProcess(new AbortController().signal)
const env = gitEnvironment(process.env)

export function repositoryAt(
  workspace: string,
  more: { token?: string; serverUrl?: string; repository?: string } = {},
): GitRepository {
  return new GitRepository({
    ...{ run, workspace, tempDir: temporaryFolder(), env, serverUrl: 'https://github.com' },
    ...more,
  })
}

export const files = { 'images/web/Dockerfile': 'FROM debian\n', 'README.md': 'x\n' }
