// @ts-check
/** Bundling with the project's own ncc, so that the result is the same on every machine. */
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const ncc = join(root, 'node_modules/@vercel/ncc/dist/ncc/cli.js')

/** @param {string} entry relative to the project @param {string} directory gets index.js @param {string[]} more */
export function bundle(entry, directory, ...more) {
  // ncc finds tsconfig.json in the working directory.
  execFileSync(process.execPath, [ncc, 'build', entry, '--out', directory, '--no-cache', ...more], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
