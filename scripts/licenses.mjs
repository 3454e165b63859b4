// @ts-check
/** Whose code the bundles hold, and under which licences: from what the bundler packed, not from what is declared. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {{nameForCondition?: string | null, identifier?: string, modules?: Module[]}} Module of webpack's statistics */
/** @typedef {{name: string, version: string, license: string, text: string}} Package text: its licence files */

/** Licences that ask for no more than their text beside the code, which licenses.txt is. */
export const allowedLicenses = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']

/** Whether an SPDX expression is allowed; of alternatives one is enough. @param {string} expression */
export function isAllowed(expression) {
  const inner = expression.replace(/^\(([^()]*)\)$/, '$1')
  return inner.split(' OR ').some(side => side.split(' AND ').every(name => allowedLicenses.includes(name)))
}

/** Folders of the packages that a bundle holds, from `node_modules/` on. @param {{modules?: Module[]}} stats @returns {string[]} */
export function packageFolders(stats) {
  /** @type {Set<string>} */
  const folders = new Set()
  /** @param {Module} module */
  const walk = module => {
    const path = module.nameForCondition ?? module.identifier ?? ''
    const folder = /^.*?\/(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(
      path.replaceAll('\\', '/'),
    )?.[1]
    if (folder !== undefined) folders.add(folder)
    module.modules?.forEach(walk)
  }
  stats.modules?.forEach(walk)
  return [...folders]
}

/** @param {string} root of the project @param {string} folder @returns {Package} */
export function readPackage(root, folder) {
  const path = join(root, folder)
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const files = readdirSync(path).filter(file => /^(licen[cs]e|copying|notice)([-.]|$)/i.test(file))
  const texts = files.sort().map(file => readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n').trim())
  return { name, version, license: typeof license === 'string' ? license : 'unknown', text: texts.join('\n\n') }
}

/** Throws for a package whose licence is not on the list. @param {Package[]} packages */
export function checkLicenses(packages) {
  const refused = packages
    .filter(({ license }) => !isAllowed(license))
    .map(({ name, version, license }) => `${name} ${version} (${license})`)
  if (refused.length > 0) {
    throw new Error(`The bundles may not hold ${refused.join(', ')}: see allowedLicenses in scripts/licenses.mjs`)
  }
}

/** @param {Package[]} packages */
export function renderLicenses(packages) {
  const key = (/** @type {Package} */ { name, version }) => `${name} ${version}`
  const unique = [...new Map(packages.map(entry => [key(entry), entry])).values()]
  // By code unit: the same on every machine.
  const sorted = unique.sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const line = '='.repeat(80)
  return [
    'The bundles in this folder hold code of these packages:\n\n',
    ...sorted.map(entry => `- ${key(entry)}: ${entry.license}\n`),
    ...sorted.map(
      entry =>
        `\n${line}\n${key(entry)}: ${entry.license}\n${line}\n\n${entry.text || 'The package has no file with the text of its licence.'}\n`,
    ),
  ].join('')
}
