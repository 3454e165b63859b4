import { exceptionFinder, reviewExceptions } from '../../src/decide/exception.js'
import { splitPurl } from '../../src/decide/purl.js'
import type { Exception, Finding } from '../../src/model.js'
import { aFinding, aJudged, anException, anImage, anImageVerdict } from '../builders.js'

const now = new Date('2026-08-02T10:00:00Z')
const openssl = aFinding({
  package: {
    name: 'libssl1.0.0',
    version: '1.0.1e-2',
    purl: 'pkg:deb/debian/libssl1.0.0@1.0.1e-2?arch=all&distro=debian-12',
    class: 'os-pkgs',
    type: 'debian',
  },
})
const scoped = aFinding({
  package: {
    name: '@babel/core',
    version: '7.0.0',
    purl: 'pkg:npm/%40babel/core@7.0.0',
    path: 'app/node_modules/@babel/core/package.json',
    class: 'lang-pkgs',
    type: 'node-pkg',
  },
})
const locked = aFinding({
  package: { name: 'lodash', version: '1', class: 'lang-pkgs', type: 'npm', path: 'package-lock.json' },
  place: { file: 'images/web/package-lock.json' },
})
const secret: Finding = { kind: 'secret', id: 'CVE-2014-0160', severity: 'HIGH', path: '/app/key' }

describe('exceptionFinder', () => {
  it.each<[string, Partial<Exception>, Finding, boolean]>([
    ['the vulnerability', {}, openssl, true],
    ['the vulnerability in another case', { id: 'cve-2014-0160' }, openssl, true],
    ['another vulnerability', { id: 'CVE-2014-01' }, openssl, false],
    ['the image', { images: ['api', 'web'] }, openssl, true],
    ['a glob of images', { images: ['w*'] }, openssl, true],
    ['other images', { images: ['api'] }, openssl, false],
    ['the package', { packages: ['libssl1.0.0'] }, openssl, true],
    ['another package', { packages: ['openssl'] }, openssl, false],
    ['the package URL', { packages: ['pkg:deb/debian/libssl1.0.0'] }, openssl, true],
    ['the package URL with qualifiers', { packages: ['pkg:deb/debian/libssl1.0.0?distro=debian-12'] }, openssl, true],
    ['the package of another release', { packages: ['pkg:deb/debian/libssl1.0.0?distro=debian-11'] }, openssl, false],
    ['a qualifier that it does not have', { packages: ['pkg:deb/debian/libssl1.0.0?epoch=1'] }, openssl, false],
    ['another subpath', { packages: ['pkg:deb/debian/libssl1.0.0#x'] }, openssl, false],
    ['the package URL with the version', { packages: ['pkg:deb/debian/libssl1.0.0@1.0.1e-2'] }, openssl, true],
    ['the package URL with another version', { packages: ['pkg:deb/debian/libssl1.0.0@1.0.1f-1'] }, openssl, false],
    ['a package URL where the scanner has none', { packages: ['pkg:npm/lodash'] }, locked, false],
    ['a package URL with a scope', { packages: ['pkg:npm/%40babel/core'] }, scoped, true],
    ['a package URL with a scope as people write it', { packages: ['pkg:npm/@babel/core'] }, scoped, true],
    ['a package, for what is none', { packages: ['key'] }, secret, false],
    ['the path in the image', { paths: ['app/**'] }, scoped, true],
    ['the path in the image with a slash before it', { paths: ['/app/*'] }, secret, true],
    ['the path in the repository', { paths: ['images/web/package-lock.json'] }, locked, true],
    ['another path', { paths: ['srv/**'] }, scoped, false],
    ['a path that holds signs of a glob', { paths: ['a(b)/[c]'] }, { ...secret, path: '/a(b)/[c]' }, true],
    ['no path but the one that begins with !', { paths: ['/!x'] }, { ...secret, path: '/app/key' }, false],
    ['the path that begins with !', { paths: ['/!x'] }, { ...secret, path: '/!x' }, true],
    ['the image that VEX names', { images: ['web'], source: 'vex' }, openssl, true],
    ['no glob of images in VEX', { images: ['w*'], source: 'vex' }, openssl, false],
    ['a path, for what has none', { paths: ['**'] }, openssl, false],
    ['nothing that has expired', { until: '2026-08-02T10:00:00Z' }, openssl, false],
    ['what expires next second', { until: '2026-08-02T10:00:01Z' }, openssl, true],
  ])('fits %s', (_, more, finding, expected) => {
    const exception = anException(more)
    expect(exceptionFinder([exception], now)(finding, 'web')).toBe(expected ? exception : undefined)
  })

  it('holds for ever where it names no end', () => {
    const { until: _, ...exception } = anException()
    expect(exceptionFinder([exception], now)(openssl, 'web')).toBe(exception)
  })
})

describe('reviewExceptions', () => {
  it('tells those that expired, that will soon, and that nothing needs', () => {
    const used = anException()
    const expired = anException({ until: '2026-08-01T00:00:00Z' })
    const expiring = anException({ id: 'CVE-1', until: '2026-08-16T10:00:00Z' })
    const unused = anException({ id: 'CVE-2', until: '2026-08-16T10:00:01Z' })
    const image = anImageVerdict({ findings: [aJudged({ ruling: 'excepted', exception: used })] })
    expect(reviewExceptions([used, expired, expiring, unused], [image], now)).toEqual({
      expired: [expired],
      expiring: [expiring],
      unused: [expiring, unused],
    })
  })

  it('does not call unused what is for an image that was not measured', () => {
    const exception = anException({ id: 'CVE-2', images: ['api'] })
    const images = [anImageVerdict(), anImageVerdict({ image: anImage('api'), state: 'skipped' })]
    expect(reviewExceptions([exception, anException({ id: 'CVE-3' })], images, now).unused).toEqual([])
    const vex = anException({ ...exception, source: 'vex' })
    expect(reviewExceptions([exception, vex], [anImageVerdict({ image: anImage('api') })], now).unused).toEqual([
      exception,
    ])
  })
})

describe('splitPurl', () => {
  it.each([
    ['pkg:npm/%40babel/core@7.0.0#x', 'pkg:npm/@babel/core', '7.0.0'],
    ['pkg:npm/@babel/core', 'pkg:npm/@babel/core', ''],
    ['pkg:deb/debian/a@1%2B2?arch=all', 'pkg:deb/debian/a', '1+2'],
    ['pkg:deb/%zz@1', 'pkg:deb/%zz', '1'],
    ['', '', ''],
  ])('splits %s', (purl, name, version) => {
    expect(splitPurl(purl)).toMatchObject({ name, version })
  })
})
