// @ts-check
// Bundles the entries into dist/, or into the folder that is given. Not minified: a reviewer reads the difference.
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
    addBundle(name, join(work, name), join(work, 'dist'))
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

/**
 * Puts a bundle beside the first one. What is loaded only when it is needed is a chunk of its own, `N.index.js`; both number
 * theirs from the same numbers, so those of this one get its name. @param {string} name @param {string} from @param {string} to
 */
function addBundle(name, from, to) {
  const chunks = readdirSync(from).filter(file => /^\d+\.index\.js$/.test(file))
  // How the runtime in a bundle makes a chunk's name from its number.
  const ending = '".index.js"'
  const text = readFileSync(join(from, 'index.js'), 'utf8')
  if (text.split(ending).length !== (chunks.length > 0 ? 2 : 1))
    throw new Error('ncc names its chunks in another way than scripts/build.mjs knows')
  for (const file of chunks) cpSync(join(from, file), join(to, file.replace('.index.', `.${name}.`)))
  writeFileSync(join(to, `${name}.js`), text.replace(ending, `".${name}.js"`))
}
