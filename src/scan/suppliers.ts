/** Packages that Trivy lists and does not hold against the advisories that one would expect, from its report. */
import { objectsOf, optionalString, type JsonObject } from './json.js'

/** How many packages of a kind are named. */
const maxNamed = 5

/** Types of results (`pkg/fanal/types/const.go` in aquasecurity/trivy) by ecosystem. */
const python = ['python-pkg', 'pip', 'pipenv', 'poetry', 'uv', 'pylock']
const java = ['jar', 'pom', 'gradle', 'sbt']
const node = ['node-pkg', 'npm', 'yarn', 'pnpm', 'bun']
const ruby = ['gemspec', 'bundler']
const go = ['gobinary', 'gomod']

/** When Seal Security counts as the supplier of a package, whatever its content (`pkg/detector/library/seal/seal.go`). */
const sealed: readonly { readonly types: readonly string[]; readonly name?: RegExp; readonly version?: RegExp }[] = [
  { types: python, name: /^seal-/i, version: /\+sp\d+(p\d+)?$/ },
  { types: java, name: /^seal\.sp\d/, version: /\+sp\d+(p\d+)?$/ },
  { types: node, name: /^@seal-security\// },
  { types: ruby, name: /^seal-/ },
  { types: go, name: /^sealsecurity\.io\// },
]

/** What the packages in results are, where Trivy looks in few advisories or none: short texts for people. */
export function describeSuppliers(results: readonly JsonObject[]): readonly string[] {
  const ofSystem = results.filter(({ Class }) => Class === 'os-pkgs').flatMap(packagesOf)
  const ofLanguages = results.filter(({ Class }) => Class === 'lang-pkgs')
  return [
    ...describe('packages of third parties', ofSystem.filter(isThirdParty), 'Trivy knows no vulnerabilities of them'),
    ...describe(
      'packages of Seal Security',
      [...ofSystem.filter(isSealedSystemPackage), ...ofLanguages.flatMap(sealedPackages)],
      'Trivy looks in the advisories of that supplier only',
    ),
    ...describe('packages of Root.io', ofSystem.filter(isOfRoot), 'advisories of that supplier take precedence'),
  ]
}

const packagesOf = (result: JsonObject): readonly JsonObject[] => objectsOf(result['Packages'], 'Packages')
const nameOf = (one: JsonObject): string => optionalString(one['Name'], 'Packages[].Name') ?? ''
const versionOf = (one: JsonObject): string => optionalString(one['Version'], 'Packages[].Version') ?? ''

/** Docker's, NodeSource's, by the maintainer or vendor that a package names (`DropThirdPartyPackages`). */
function isThirdParty({ Repository: repository }: JsonObject): boolean {
  return (repository as JsonObject | null | undefined)?.['Class'] === 'third-party'
}

/** `sealPkg` in `pkg/detector/ospkg/seal/seal.go`. */
function isSealedSystemPackage(one: JsonObject): boolean {
  return /^seal-/i.test(nameOf(one)) || /^seal-/i.test(optionalString(one['SrcName'], 'Packages[].SrcName') ?? '')
}

/** `pkg/detector/ospkg/rootio/supplier.go`. */
function isOfRoot(one: JsonObject): boolean {
  const release = optionalString(one['Release'], 'Packages[].Release') ?? ''
  return /\.root\.io|-r\d007\d/.test(`${versionOf(one)}-${release}`)
}

function sealedPackages(result: JsonObject): JsonObject[] {
  const rules = sealed.filter(({ types }) => types.includes(optionalString(result['Type'], 'Type') ?? ''))
  return packagesOf(result).filter(one =>
    rules.some(({ name, version }) => name?.test(nameOf(one)) === true || version?.test(versionOf(one)) === true),
  )
}

function describe(what: string, packages: readonly JsonObject[], consequence: string): string[] {
  const names = [...new Set(packages.map(nameOf))].sort()
  if (names.length === 0) return []
  const rest = names.length > maxNamed ? ` and ${String(names.length - maxNamed)} more` : ''
  return [`${what}: ${names.slice(0, maxNamed).join(', ')}${rest} (${consequence})`]
}
