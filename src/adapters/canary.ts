/**
 * Content of which it has been known for years what Trivy finds in it. A scanner with a database that does not find it says
 * nothing about an image either: the database is empty, damaged, or not what it claims to be.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { IntegrityError } from '../errors.js'
import jars from './canary-jars.json' with { type: 'json' }

/** What Trivy scans before anything else. */
export interface Canary {
  /** By their paths in a folder. */
  readonly files: Readonly<Record<string, string | Buffer>>
  /** Whether Trivy's report, as text, on these files has what it must have. */
  readonly isFound: (report: string) => boolean
  /** What is wrong otherwise, after `Trivy and its ...`. */
  readonly otherwise: string
}

/** Heartbleed in Debian's openssl (Debian's tracker), and prototype pollution in lodash (GHSA-jf85-cpcp-j695). */
const vulnerabilities = ['CVE-2014-0160', 'CVE-2019-10744']

/** One of them is enough: a distribution that nobody supports any more leaves the database some day. */
export const vulnerabilityCanary: Canary = {
  files: {
    'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
    'etc/debian_version': '12.5\n',
    'var/lib/dpkg/status':
      'Package: libssl1.0.0\nStatus: install ok installed\nSource: openssl\nVersion: 1.0.1e-2\nArchitecture: amd64\nMaintainer: canary\n\n',
    'app/node_modules/lodash/package.json': '{"name": "lodash", "version": "4.17.4"}\n',
  },
  isFound: report => vulnerabilities.some(id => new RegExp(`"VulnerabilityID":\\s*"${id}"`).test(report)),
  otherwise: `database find neither ${vulnerabilities.join(' nor ')} in packages that are known to have them`,
}

const artifacts = Object.keys(jars)

/**
 * JAR files that do not say what they are, under names that do not tell either: Trivy knows them by their SHA-1, from the
 * Java database. One is enough, and the group may be another one: the same file can be published under several.
 */
export const javaCanary: Canary = {
  files: Object.fromEntries(
    Object.values(jars).map(({ base64 }, at) => [`app/canary${String(at)}.jar`, Buffer.from(base64, 'base64')]),
  ),
  isFound: report => artifacts.some(name => new RegExp(`"Name":\\s*"[^":]+:${name}"`).test(report)),
  otherwise: `Java database recognize neither ${artifacts.join(' nor ')} by the SHA-1 of their JAR files`,
}

/** A Dockerfile whose last user is root (DS-0002 of aquasecurity/trivy-checks). */
export const checksCanary: Canary = {
  files: { Dockerfile: 'FROM debian\nUSER root\n' },
  isFound: report => /"ID":\s*"DS-0002"/.test(report) && /"Status":\s*"FAIL"/.test(report),
  otherwise: 'checks of misconfigurations do not find DS-0002 in a Dockerfile that ends with USER root',
}

/** @param directory absolute */
export async function writeCanary({ files }: Canary, directory: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

/**
 * @param report Trivy's, as text, on what `writeCanary` wrote
 * @throws IntegrityError
 */
export function checkCanary({ isFound, otherwise }: Canary, report: string): void {
  if (isFound(report)) return
  throw new IntegrityError(`Trivy and its ${otherwise}`, 'Check the input trivy-path, then run again.')
}
