/** The situations that the golden reports show. */
import type { Origin, Report } from '../../src/model.js'
import { aJudged, anException, anImage, anImageVerdict, aProblem, aReport, aVerdict, someRules } from '../builders.js'

const dockerfile = 'docker-builder/registry-repos/web/Dockerfile'
const web = anImage('web', { contextDir: 'docker-builder/registry-repos/web', dockerfile })
const from: Origin = {
  file: dockerfile,
  lines: { start: 1, end: 1 },
  instruction: 'FROM debian:bookworm',
  fromBase: true,
}
const run: Origin = {
  file: dockerfile,
  lines: { start: 3, end: 5 },
  instruction: 'RUN apt-get update \\',
  fromBase: false,
}

const heartbleed = aJudged({
  title: 'openssl: information disclosure in handling of TLS heartbeat extension packets (Heartbleed)',
  url: 'https://avd.aquasec.com/nvd/cve-2014-0160',
  severitySource: 'nvd',
  layer: 'sha256:run',
  origin: run,
})
const ofBase = aJudged({
  id: 'CVE-2022-0778',
  severity: 'CRITICAL',
  origin: from,
  package: { name: 'openssl', version: '1.1.1k-1', class: 'os-pkgs', type: 'debian' },
  fixedVersion: '1.1.1n-1',
})
const lodash = aJudged({
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
const unfixed = aJudged({ id: 'CVE-2023-45853', severity: 'CRITICAL', ruling: 'unfixed', status: 'will_not_fix' })
const low = aJudged({ id: 'CVE-2014-3566', severity: 'LOW', ruling: 'below-threshold' })
const unrated = aJudged({ id: 'CVE-2026-1', severity: 'UNKNOWN', ruling: 'below-threshold' })
const { fixedVersion: _, ...withoutFix } = aJudged({ id: 'CVE-2024-1', severity: 'HIGH' })

const clean = anImageVerdict({ image: anImage('api') })
const vulnerable = anImageVerdict({
  image: web,
  state: 'vulnerable',
  findings: [ofBase, lodash, heartbleed, unfixed, low],
})
const notBuilt = anImageVerdict({
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
const notScanned = anImageVerdict({
  image: anImage('odd'),
  state: 'scan-failed',
  failure: {
    message: 'the scan failed: Trivy ended without a report: it was killed by SIGKILL',
    advice: 'Run again.',
    log: [],
  },
})

const hostileName = '](javascript:alert(1)) | <img src=x> @octocat #1 `x` \u202Egnp.exe ::error::x ##[error]y'
const hostile = anImageVerdict({
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

const many = Array.from({ length: 200 }, (_unused, index) =>
  anImageVerdict({
    image: anImage(`image-${String(index).padStart(3, '0')}`),
    state: 'vulnerable',
    findings: Array.from({ length: 100 }, (_none, number) => ({ ...heartbleed, id: `CVE-2024-${String(number)}` })),
  }),
)

const exception = anException({
  id: 'CVE-2014-0160',
  reason: 'the service is not reachable | from @outside',
  place: { file: '.github/image-gate.yml', lines: { start: 12, end: 14 } },
})
const ofKinds = anImageVerdict({
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

const introduced = {
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

/** A pull request that edits its own policy and workflow. */
const proposal: Partial<Report> = {
  warnings: [
    'This change edits the workflow that runs this gate: .github/workflows/images.yml. A reviewer must see that the gate still does its work.',
    'This change edits the policy: .github/image-gate.yml. It is judged by the policy of the base branch.',
  ],
  policy: { revision: 'base', file: '.github/image-gate.yml', exceptions: 3 },
  change: {
    base: 'abcdef0123456789abcdef0123456789abcdef01',
    deleted: ['old'],
    renamed: [{ from: 'site', to: 'web' }],
    workflows: ['.github/workflows/images.yml'],
    policyFiles: ['.github/image-gate.yml'],
  },
  policyEffects: [
    { image: 'web', before: 'vulnerable', after: 'clean', released: [heartbleed], caught: [] },
    { image: 'api', before: 'clean', after: 'clean', released: [], caught: [low] },
  ],
}

export const situations: Readonly<Record<string, Report>> = {
  clean: aReport(aVerdict([clean, { ...clean, image: anImage('web') }])),
  blocked: aReport(aVerdict([clean, vulnerable], { result: 'blocked' })),
  'on-a-builder': aReport(aVerdict([clean]), {
    engine: { serverVersion: 'v0.25.1', buildxVersion: 'v0.29.1', builder: { name: 'ci', driver: 'docker-container' } },
    work: {
      build: 900,
      export: 20,
      scan: 850,
      steps: { ran: 1, shared: 0, saved: 0 },
      layers: { distinct: 2, total: 2, bytes: 2_400_000_000 },
    },
  }),
  'build-failed': aReport(aVerdict([clean, notBuilt], { result: 'error' })),
  mixed: aReport(
    aVerdict(
      [
        clean,
        notBuilt,
        notScanned,
        vulnerable,
        { ...clean, image: anImage('skipped-one'), state: 'skipped', buildDuration: 0, scanDuration: 0 },
      ],
      { result: 'error' },
    ),
    {
      ignored: [
        {
          path: 'docker-builder/registry-repos/team',
          reason: 'no Dockerfile here, but in app/, which is too deep for the convention: not gated',
          suspicious: true,
        },
      ],
    },
  ),
  'warn-only': aReport(
    aVerdict([vulnerable], {
      result: 'passed',
      warnOnly: true,
    }),
  ),
  unfixed: aReport(
    aVerdict(
      [
        anImageVerdict({
          image: web,
          state: 'vulnerable',
          rules: someRules({ severity: ['HIGH'], ignoreUnfixed: false }),
          findings: [{ ...withoutFix, ruling: 'gating' }],
        }),
      ],
      { result: 'blocked' },
    ),
  ),
  'only-uncounted': aReport(aVerdict([anImageVerdict({ image: web, findings: [unfixed, low, unrated] })])),
  'end-of-life': aReport(
    aVerdict([
      anImageVerdict({ image: web, os: { family: 'debian', name: '8.11', endOfLife: true } }),
      (({ os: _os, ...rest }) => ({ ...rest, packages: 0 }))(anImageVerdict({ image: anImage('scratch') })),
      (({ os: _os, ...rest }) => ({ ...rest, packages: 4 }))(anImageVerdict({ image: anImage('static-binary') })),
    ]),
  ),
  'hostile-names': aReport(aVerdict([hostile], { result: 'blocked' })),
  'other-scripts': aReport(
    aVerdict([anImageVerdict({ image: anImage('añadir-paquetes') }), anImageVerdict({ image: anImage('🚀 cohete') })]),
  ),
  'nothing-to-gate': aReport(aVerdict([])),
  'wrong-inputs': (({ scanner: _scanner, engine: _engine, ...rest }) => ({ ...rest, duration: 0 }))(
    aReport(
      aVerdict([], {
        result: 'error',
        problem: {
          kind: 'configuration',
          messages: [
            "severity: 'HGIH' is not one of: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN",
            "timeout: 'soon' is not a time such as 90s, 10m or 1h30m",
          ],
          advice: 'Mend the inputs named above, then run again.',
        },
      }),
    ),
  ),
  cancelled: aReport(aVerdict([clean, vulnerable, notScanned], { result: 'error', problem: aProblem })),
  'two-hundred-images': aReport(aVerdict(many, { result: 'blocked' })),
  'other-kinds': aReport(aVerdict([ofKinds], { result: 'blocked' })),
  excepted: aReport(
    aVerdict([anImageVerdict({ image: web, findings: [aJudged({ ruling: 'excepted', exception }), low] })], {
      exceptions: {
        expired: [anException({ id: 'CVE-2020-1', until: '2026-07-01T00:00:00.000Z' })],
        expiring: [anException({ id: 'CVE-2020-2', until: '2026-08-05T00:00:00.000Z' })],
        unused: [(({ until: _until, ...rest }) => rest)(anException({ id: 'CVE-2020-3', source: 'trivyignore' }))],
      },
    }),
    { policy: { revision: 'head', file: '.github/image-gate.yml', exceptions: 4 } },
  ),
  proposal: aReport(aVerdict([clean, vulnerable], { result: 'blocked' }), proposal),
  introduced: aReport(
    aVerdict(
      [
        anImageVerdict({
          image: web,
          state: 'vulnerable',
          rules: introduced,
          comparison: { status: 'compared' },
          findings: [
            { ...heartbleed, change: 'introduced' },
            { ...ofBase, ruling: 'existing', change: 'existing' },
          ],
        }),
        anImageVerdict({ image: anImage('added'), rules: introduced, comparison: { status: 'new' } }),
        anImageVerdict({ image: anImage('api'), rules: introduced, comparison: { status: 'unchanged' } }),
        anImageVerdict({
          image: anImage('lost'),
          rules: introduced,
          comparison: { status: 'failed', reason: 'the build failed: no network' },
        }),
        anImageVerdict({ image: anImage('untouched'), state: 'skipped', skipped: 'only-changed' }),
      ],
      { result: 'blocked' },
    ),
    { policy: { revision: 'base', file: '.github/image-gate.yml', exceptions: 0 } },
  ),
}
