// @ts-check
// Bundles the two entries into dist/, or into the folder that is given. Not minified: a reviewer reads the difference.
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle, root } from './bundle.mjs'
import { checkLicenses, readPackage, renderLicenses } from './licenses.mjs'

const target = resolve(process.argv[2] ?? join(root, 'dist'))
const work = mkdtempSync(join(tmpdir(), 'image-gate-build-'))
try {
  const folders = [...bundle('src/index.ts', join(work, 'dist')), ...bundle('src/cli.ts', join(work, 'cli'))]
  const packages = [...new Set(folders)].map(folder => readPackage(root, folder))
  checkLicenses(packages)
  writeFileSync(join(work, 'dist/licenses.txt'), renderLicenses(packages))
  cpSync(join(work, 'cli/index.js'), join(work, 'dist/cli.js'))
  chmodSync(join(work, 'dist/cli.js'), 0o755)
  // Only now: a build that fails leaves what was there.
  rmSync(target, { recursive: true, force: true })
  cpSync(join(work, 'dist'), target, { recursive: true })
} finally {
  rmSync(work, { recursive: true, force: true })
}
