// @ts-check
// Bundles the two entries into dist/ with the project's own ncc, so that the result is the same on every machine.
// Not minified: a reviewer reads the difference.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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

const dist = join(root, 'dist')
const work = mkdtempSync(join(tmpdir(), 'image-gate-build-'))
try {
  rmSync(dist, { recursive: true, force: true })
  bundle('src/index.ts', dist, '--license', 'licenses.txt')
  bundle('src/cli.ts', work)
  cpSync(join(work, 'index.js'), join(dist, 'cli.js'))
  chmodSync(join(dist, 'cli.js'), 0o755)
} finally {
  rmSync(work, { recursive: true, force: true })
}
if (!readFileSync(join(dist, 'index.js'), 'utf8').includes('images-root')) throw new Error('dist/index.js looks empty')
