// @ts-check
/** Bundling with the project's own ncc, so that the result is the same on every machine. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolders } from './licenses.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const ncc = join(root, 'node_modules/@vercel/ncc/dist/ncc/cli.js')

/** Returns the folders of the packages in it. @param {string} entry relative to the project @param {string} directory gets index.js */
export function bundle(entry, directory) {
  const work = mkdtempSync(join(tmpdir(), 'image-gate-bundle-'))
  const stats = join(work, 'stats.json')
  try {
    // ncc finds tsconfig.json in the working directory.
    execFileSync(process.execPath, [ncc, 'build', entry, '--out', directory, '--no-cache', '--stats-out', stats], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return packageFolders(JSON.parse(readFileSync(stats, 'utf8')))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
