// @ts-check
/** zizmor, which looks for security mistakes in workflows: the one on PATH, else its Python package. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, isDebianRoot } from './debian.mjs'
import { ask, onPath, runProgram, step } from './shell.mjs'
import { cacheFolder, folder } from './state.mjs'

const version = '1.32.0'

/** @param {import('./shell.mjs').Log} log */
export async function provideZizmor(log) {
  const found = onPath('zizmor')
  if (found !== undefined && !found.startsWith(cacheFolder)) return { path: found }
  const directory = join(folder('tools'), `zizmor-${version}`)
  const path = join(directory, 'bin/zizmor')
  // The folder gets its name last, so that an interrupted run leaves nothing that looks complete.
  if (existsSync(path)) return { path }
  if (!ask('python3', ['-c', 'import ensurepip, venv']).ok && isDebianRoot())
    await installPackages(['python3', 'python3-venv'], log)
  await step(log, `Getting zizmor ${version} (Python package)`, async () => {
    rmSync(`${directory}.new`, { recursive: true, force: true })
    await runProgram('python3', ['-m', 'venv', `${directory}.new`])
    await runProgram(join(`${directory}.new`, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `zizmor==${version}`])
    renameSync(`${directory}.new`, directory)
  })
  return { path }
}
