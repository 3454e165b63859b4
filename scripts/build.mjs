// @ts-check
// Bundles the entries into dist/, or into the folder that is given. Not minified: a reviewer reads the difference.
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundle, root } from './bundle.mjs'
import { checkLicenses, readPackage, renderLicenses } from './licenses.mjs'

const target = resolve(process.argv[2] ?? join(root, 'dist'))
const work = mkdtempSync(join(tmpdir(), 'image-gate-build-'))
try {
  const folders = new Set(bundle('src/index.ts', join(work, 'dist')))
  for (const name of ['cli', 'cache']) {
    for (const folder of bundle(`src/${name}.ts`, join(work, name))) folders.add(folder)
    cpSync(join(work, name, 'index.js'), join(work, `dist/${name}.js`))
  }
  const packages = [...folders].map(folder => readPackage(root, folder))
  checkLicenses(packages)
  writeFileSync(join(work, 'dist/licenses.txt'), renderLicenses(packages))
  chmodSync(join(work, 'dist/cli.js'), 0o755)
  // Only now: a build that fails leaves what was there.
  rmSync(target, { recursive: true, force: true })
  cpSync(join(work, 'dist'), target, { recursive: true })
} finally {
  rmSync(work, { recursive: true, force: true })
}
