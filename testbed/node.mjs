// @ts-check
/** Node 24, which runs the action on a runner. */
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './debian.mjs'
import { runProgram, step } from './shell.mjs'
import { folder } from './state.mjs'

const version = '24.21.0'

/** @param {import('./shell.mjs').Log} log */
export async function provideNode24(log) {
  if (Number(process.versions.node.split('.')[0]) >= 24) return { path: process.execPath }
  const name = `node-${process.platform}-${process.arch}`
  const path = join(folder('tools', `node-${version}`), 'node')
  if (existsSync(path)) return { path }
  const work = temporaryFolder('image-gate-node-')
  try {
    // npm compares what it gets with the integrity that the registry states.
    await step(log, `Getting Node ${version} (npm package ${name})`, () =>
      runProgram('npm', [
        'install',
        '--prefix',
        work,
        '--no-save',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        `${name}@${version}`,
      ]),
    )
    copyFileSync(join(work, 'node_modules', name, 'bin/node'), `${path}.new`)
    chmodSync(`${path}.new`, 0o755)
    renameSync(`${path}.new`, path)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return { path }
}
