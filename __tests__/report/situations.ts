/** The situations that the golden reports show. */
import type { Origin, Report } from '../../src/model.js'
import { aJudged, anException, anImage, anImageVerdict, aReport, aVerdict, someRules } from '../builders.js'

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
      {
        result: 'error',
      },
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
  'only-uncounted': aReport(aVerdict([anImageVerdict({ image: web, findings: [unfixed, low] })])),
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
  'two-hundred-images': aReport(aVerdict(many, { result: 'blocked' })),
}
