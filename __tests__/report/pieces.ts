/** What the situations are made of. */
import type { ImageVerdict, JudgedFinding, Origin, Report, Verdict } from '../../src/model.js'
import { collectWarnings } from '../../src/report/warnings.js'
import * as builders from '../builders.js'
import { aJudged, anException, anImage, anImageVerdict, aVerdict, noPolicy, someRules } from '../builders.js'

/** On GitHub, where lines have an address. */
export function aReport(verdict: Verdict, more: Partial<Report> = {}): Report {
  const report = builders.aReport(verdict, more)
  return { ...report, context: { ...report.context, runUrl: 'https://github.com/o/r/actions/runs/5' } }
}

export const dockerfile = 'docker-builder/registry-repos/web/Dockerfile'
export const web = anImage('web', { contextDir: 'docker-builder/registry-repos/web', dockerfile })
export const from: Origin = {
  file: dockerfile,
  lines: { start: 1, end: 1 },
  instruction: 'FROM debian:bookworm',
  fromBase: true,
}
export const run: Origin = {
  file: dockerfile,
  lines: { start: 3, end: 5 },
  instruction: 'RUN apt-get update && apt-get install -y --no-install-recommends libssl1.0.0',
  fromBase: false,
}

export const heartbleed = aJudged({
  title: 'openssl: information disclosure in handling of TLS heartbeat extension packets (Heartbleed)',
  url: 'https://avd.aquasec.com/nvd/cve-2014-0160',
  severitySource: 'nvd',
  layer: 'sha256:run',
  origin: run,
})
export const ofBase = aJudged({
  id: 'CVE-2022-0778',
  severity: 'CRITICAL',
  origin: from,
  package: { name: 'openssl', version: '1.1.1k-1', class: 'os-pkgs', type: 'debian' },
  fixedVersion: '1.1.1n-1',
})
export const lodash = aJudged({
  id: 'CVE-2019-10744',
  severity: 'CRITICAL',
  package: {
    name: 'lodash',
    version: '4.17.4',
    class: 'lang-pkgs',
    type: 'node-pkg',
    path: 'srv/app/node_modules/lodash/package.json',
  },
  fixedVersion: '4.17.12',
})
export const unfixed = aJudged({
  id: 'CVE-2023-45853',
  severity: 'CRITICAL',
  ruling: 'unfixed',
  status: 'will_not_fix',
})
export const low = aJudged({ id: 'CVE-2014-3566', severity: 'LOW', ruling: 'below-threshold' })
export const unrated = aJudged({ id: 'CVE-2026-1', severity: 'UNKNOWN', ruling: 'below-threshold' })
export const { fixedVersion: _fix, ...withoutFix } = aJudged({ id: 'CVE-2024-1', severity: 'HIGH' })

export const clean = anImageVerdict({ image: anImage('api') })
export const vulnerable = anImageVerdict({
  image: web,
  state: 'vulnerable',
  findings: [ofBase, lodash, heartbleed, unfixed, low],
})
export const notBuilt = anImageVerdict({
  image: anImage('broken'),
  state: 'build-failed',
  scanDuration: 0,
  failure: {
    message: 'the build failed: [3/3] RUN make: process "/bin/sh -c make" did not complete successfully: exit code: 2',
    advice: 'Mend the Dockerfile, or what it needs (see the log); until it builds, nobody knows what is in the image.',
    log: ['make: *** No targets specified and no makefile found.  Stop.', '```', '\u001b[31mred'],
    lines: { start: 3, end: 3 },
  },
})
export const notScanned = anImageVerdict({
  image: anImage('odd'),
  state: 'scan-failed',
  failure: {
    message: 'the scan failed: Trivy ended without a report: it was killed by SIGKILL',
    advice: 'Run again.',
    log: [],
  },
})

export const hostileName = '](javascript:alert(1)) | <img src=x> @octocat #1 `x` \u202Egnp.exe ::error::x ##[error]y'
export const hostile = anImageVerdict({
  image: anImage(hostileName),
  state: 'vulnerable',
  findings: [
    aJudged({
      title:
        '</td></table><script>alert(1)</script> @octocat GH-1 o/r#1 www.example.com https://example.com *bold* $x$ \n# heading',
      url: 'javascript:alert(1)',
      package: { name: 'a|b`c', version: '1`', class: 'os-pkgs', type: 'debian' },
    }),
  ],
})

/** Images that share their findings, as those of one base do; the last one has one that is worse. */
export function manyImages(images: number, each: number): Report {
  const findings = Array.from({ length: each }, (_none, number): JudgedFinding => {
    const { id } = aJudged({ id: `CVE-2024-${String(number)}` })
    return { ...heartbleed, id, origin: number % 3 === 0 ? from : run }
  })
  const worse = [{ ...heartbleed, severity: 'CRITICAL' as const }, ...findings.slice(1)]
  const first = anImageVerdict({ state: 'vulnerable', findings })
  const last = anImageVerdict({ state: 'vulnerable', findings: worse })
  const all = Array.from({ length: images }, (_unused, index): ImageVerdict => ({
    ...(index < images - 1 ? first : last),
    image: anImage(`image-${String(index).padStart(3, '0')}`),
  }))
  return aReport(aVerdict(all, { result: 'blocked' }))
}

export const oldDebian = anImageVerdict({
  image: web,
  os: { family: 'debian', name: '8.11', endOfLife: true },
  findings: [
    {
      kind: 'end-of-life',
      id: 'end-of-life',
      severity: 'UNKNOWN',
      title: 'debian 8.11 gets no security updates any more',
      origin: from,
      ruling: 'reported',
    },
  ],
})

/** As the gate says it. */
export function warningsOf(verdict: Verdict): Partial<Report> {
  const policies = { revision: 'base' as const, inForce: noPolicy, broken: [] }
  const context = { workspace: '/repo', processors: 2 }
  const history = { status: 'known' } as const
  return {
    warnings: collectWarnings({
      context,
      untrusted: undefined,
      change: undefined,
      history,
      policies,
      verdict,
      onlyChanged: false,
    }),
  }
}

export function inOtherScripts(name: string): ImageVerdict {
  const image = anImage(name)
  const place = { file: `${image.contextDir}/dependencias (año).lock`, lines: { start: 5, end: 9 } }
  const origin = { file: image.dockerfile, lines: { start: 2, end: 2 }, instruction: 'COPY . /señal', fromBase: false }
  const subject = { name: 'niñera', version: '1.0', class: 'lang-pkgs', type: 'npm', path: 'dependencias (año).lock' }
  const finding = aJudged({
    ...lodash,
    package: { ...subject, class: 'lang-pkgs' },
    place,
    origin,
    title: '¡Peligro! 🚨',
  })
  return anImageVerdict({ image, state: 'vulnerable', findings: [finding] })
}

export const exception = anException({
  id: 'CVE-2014-0160',
  reason: 'the service is not reachable | from @outside',
  place: { file: '.github/image-gate.yml', lines: { start: 12, end: 14 } },
})
export const ofKinds = anImageVerdict({
  image: web,
  state: 'vulnerable',
  rules: someRules({ scanners: ['vuln', 'secret', 'misconfig'], gateEndOfLife: true }),
  os: { family: 'debian', name: '8.11', endOfLife: true },
  findings: [
    {
      kind: 'secret',
      id: 'aws-access-key-id',
      severity: 'CRITICAL',
      title: 'AWS Access Key ID',
      path: '/app/.env',
      match: 'KEY=********************',
      origin: { ...run, lines: { start: 7, end: 7 }, instruction: 'COPY . /app' },
      ruling: 'gating',
      rule: 'severity',
    },
    {
      ...aJudged({
        id: 'CVE-2019-10744',
        severity: 'CRITICAL',
        severitySource: 'ghsa',
        vendorSeverities: { ghsa: 'CRITICAL', nvd: 'HIGH', redhat: 'LOW' },
        package: { name: 'lodash', version: '4.17.4', class: 'lang-pkgs', type: 'npm', path: 'package-lock.json' },
        fixedVersion: '4.17.12',
        place: { file: 'docker-builder/registry-repos/web/package-lock.json', lines: { start: 5, end: 9 } },
        origin: { ...run, lines: { start: 7, end: 7 }, instruction: 'COPY . /app' },
      }),
    },
    {
      kind: 'misconfiguration',
      id: 'DS-0002',
      severity: 'HIGH',
      title: "Image user should not be 'root'",
      message: 'Specify at least 1 USER command',
      resolution: "Add 'USER <non root user name>' line to the Dockerfile",
      place: { file: dockerfile },
      ruling: 'gating',
      rule: 'severity',
    },
    {
      kind: 'end-of-life',
      id: 'end-of-life',
      severity: 'UNKNOWN',
      title: 'debian 8.11 gets no security updates any more',
      origin: from,
      ruling: 'gating',
      rule: 'gateEndOfLife',
    },
  ],
})

export const introduced = {
  rules: { ...someRules().rules, gateOn: 'introduced' as const },
  sources: {
    ...someRules().sources,
    gateOn: {
      from: 'policy' as const,
      place: { file: '.github/image-gate.yml', lines: { start: 2, end: 2 } },
      pattern: '*',
    },
  },
}

/** What the change does not touch is not even built. */
export function untouched(name: string): ImageVerdict {
  const { rules: _rules, os: _os, packages: _packages, digests: _digests, ...rest } = anImageVerdict()
  return { ...rest, image: anImage(name), state: 'skipped', skipped: 'only-changed', buildDuration: 0, scanDuration: 0 }
}
