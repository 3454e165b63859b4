// @ts-check
// Bundles the two entries into dist/, or into the folder that is given. Not minified: a reviewer reads the difference.
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle, root } from './bundle.mjs'

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
