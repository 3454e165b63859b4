/**
 * Packages that have been known to be vulnerable for years. A scanner with a database that finds nothing in them says
 * nothing about an image either: it is empty, damaged, or not what it claims to be.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { IntegrityError } from '../errors.js'

/** Heartbleed in Debian's openssl (Debian's tracker), and prototype pollution in lodash (GHSA-jf85-cpcp-j695). */
const known = ['CVE-2014-0160', 'CVE-2019-10744']

const files: Readonly<Record<string, string>> = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
  'etc/debian_version': '12.5\n',
  'var/lib/dpkg/status':
    'Package: libssl1.0.0\nStatus: install ok installed\nSource: openssl\nVersion: 1.0.1e-2\nArchitecture: amd64\nMaintainer: canary\n\n',
  'app/node_modules/lodash/package.json': '{"name": "lodash", "version": "4.17.4"}\n',
}

/** @param directory absolute; gets the file system of an image */
export async function writeCanary(directory: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), text)
  }
}

/**
 * One of them is enough: a distribution that nobody supports any more leaves the database some day.
 * @param report Trivy's, as text, on what `writeCanary` wrote
 * @throws IntegrityError
 */
export function checkCanary(report: string): void {
  if (known.some(id => new RegExp(`"VulnerabilityID":\\s*"${id}"`).test(report))) return
  throw new IntegrityError(
    `Trivy and its database find neither ${known.join(' nor ')} in packages that are known to have them`,
    'The database is empty, damaged, or another one than it claims to be: check the input db-repository (and trivy-path), then run again.',
  )
}
