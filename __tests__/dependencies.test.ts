/** What package.json and package-lock.json let in. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { isAllowed } from '../scripts/licenses.mjs'

type Versions = Readonly<Record<string, string>>
interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly license?: string
  readonly hasInstallScript?: boolean
}
interface Manifest {
  readonly dependencies: Versions
  readonly devDependencies: Versions
  readonly optionalDependencies: Versions
  readonly overrides: Versions
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly lockfileVersion: number
  readonly packages: Readonly<Record<string, Locked>>
}
const packages = Object.entries(lock.packages).filter(([folder]) => folder !== '')

/** Folders of the lock file that a rule is not true of. */
function offenders(isWrong: (entry: Locked) => boolean): string[] {
  return packages.filter(([, entry]) => isWrong(entry)).map(([folder]) => folder)
}

describe('package.json', () => {
  it.each(['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'] as const)(
    'has an exact version for everything in %s',
    group => {
      const loose = Object.entries(manifest[group]).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
      expect(loose).toEqual([])
    },
  )

  it('has as a dependency, not only for development, what the bundles are made of', () => {
    const imported = new Set<string>()
    for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts')) continue
      const source = readFileSync(join('src', path), 'utf8')
      // Types leave nothing behind.
      for (const [, name = ''] of source.matchAll(/^(?:import|export) (?!type )[^']*from '([^'.][^']*)'/gm)) {
        imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
      }
    }
    const outside = [...imported].filter(name => !name.startsWith('node:') && !builtinModules.includes(name))
    expect(outside.sort()).toEqual(Object.keys(manifest.dependencies).sort())
  })
})

describe('package-lock.json', () => {
  it('holds a version and a SHA-512 of every package', () => {
    expect(lock.lockfileVersion).toBe(3)
    expect(packages.length).toBeGreaterThan(100)
    expect(offenders(({ version }) => !/^\d+\.\d+\.\d+/.test(version ?? ''))).toEqual([])
    expect(offenders(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([])
  })

  it('takes packages from the registry alone', () => {
    // Without an address npm asks the registry that it is set up with.
    const registry = 'https://registry.npmjs.org/'
    expect(offenders(({ resolved }) => resolved !== undefined && !resolved.startsWith(registry))).toEqual([])
    expect(offenders(({ link }) => link === true)).toEqual([])
  })

  it('has only install scripts that were looked at, and .npmrc lets none of them run', () => {
    expect(offenders(({ hasInstallScript }) => hasInstallScript === true)).toEqual([
      'node_modules/@microsoft/sarif-multitool-darwin', // chmod u+x, which the test that needs it does
      'node_modules/@microsoft/sarif-multitool-linux', // the same
      'node_modules/@parcel/watcher', // compiles where its platform's package is not there
      'node_modules/unrs-resolver', // looks for its platform's package, which the lock file names
    ])
    expect(readFileSync('.npmrc', 'utf8').split('\n')).toContain('ignore-scripts=true')
  })

  it('has nothing at runtime whose licence is not allowed', () => {
    const runtime = packages.filter(([, { dev, devOptional, optional }]) => !(dev ?? devOptional ?? optional ?? false))
    expect(runtime.length).toBeGreaterThan(40)
    const refused = runtime.filter(([, { license = 'unknown' }]) => !isAllowed(license))
    expect(refused.map(([folder, { license }]) => `${folder}: ${license ?? 'unknown'}`)).toEqual([])
  })
})
