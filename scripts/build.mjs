// @ts-check
// Bundles the two entries with the project's own ncc, so that the result is the same on every machine: into dist/, or
// into the folder that is given. Not minified: a reviewer reads the difference.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const ncc = join(root, 'node_modules/@vercel/ncc/dist/ncc/cli.js')

/** @param {string} entry @param {string} directory @param {string[]} more */
function bundle(entry, directory, ...more) {
  // ncc finds tsconfig.json in the working directory.
  execFileSync(process.execPath, [ncc, 'build', entry, '--out', directory, '--no-cache', ...more], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

const target = resolve(process.argv[2] ?? join(root, 'dist'))
const work = mkdtempSync(join(tmpdir(), 'image-gate-build-'))
try {
  bundle('src/index.ts', join(work, 'dist'), '--license', 'licenses.txt')
  bundle('src/cli.ts', join(work, 'cli'))
  cpSync(join(work, 'cli/index.js'), join(work, 'dist/cli.js'))
  chmodSync(join(work, 'dist/cli.js'), 0o755)
  // Only now: a build that fails leaves what was there.
  rmSync(target, { recursive: true, force: true })
  cpSync(join(work, 'dist'), target, { recursive: true })
} finally {
  rmSync(work, { recursive: true, force: true })
}
