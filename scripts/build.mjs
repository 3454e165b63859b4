// @ts-check
// Bundles the entries into dist/, or into the folder that is given. Not minified: a reviewer reads the difference.
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle, root } from './bundle.mjs'

const target = resolve(process.argv[2] ?? join(root, 'dist'))
const work = mkdtempSync(join(tmpdir(), 'image-gate-build-'))
try {
  bundle('src/index.ts', join(work, 'dist'), '--license', 'licenses.txt')
  for (const name of ['cli', 'cache']) {
    bundle(`src/${name}.ts`, join(work, name))
    cpSync(join(work, name, 'index.js'), join(work, `dist/${name}.js`))
  }
  chmodSync(join(work, 'dist/cli.js'), 0o755)
  // Only now: a build that fails leaves what was there.
  rmSync(target, { recursive: true, force: true })
  cpSync(join(work, 'dist'), target, { recursive: true })
} finally {
  rmSync(work, { recursive: true, force: true })
}
