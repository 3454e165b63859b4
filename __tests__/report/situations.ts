/** The situations that the golden reports show. */
import type { Report } from '../../src/model.js'
import { aJudged, anException, anImage, anImageVerdict, aProblem, aVerdict, someRules } from '../builders.js'
import {
  aReport,
  web,
  heartbleed,
  ofBase,
  unfixed,
  low,
  unrated,
  withoutFix,
  clean,
  vulnerable,
  notBuilt,
  notScanned,
  hostile,
  manyImages,
  oldDebian,
  warningsOf,
  inOtherScripts,
  exception,
  ofKinds,
  introduced,
  untouched,
} from './pieces.js'

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
  'only-uncounted': aReport(aVerdict([anImageVerdict({ image: web, findings: [unfixed, low, unrated] })]), {
    scanner: {
      version: '0.74.0',
      source: 'trivy-path /opt/trivy',
      sha256: 'f'.repeat(64),
      database: {
        repository: 'mirror.example.com/trivy-db:2',
        updatedAt: '2026-04-09T06:11:04.123456789Z',
        digest: `sha256:${'d'.repeat(64)}`,
      },
      javaDatabase: {
        repository: 'mirror.example.com/trivy-java-db:1',
        updatedAt: '2026-07-30T01:00:00Z',
        digest: `sha256:${'e'.repeat(64)}`,
      },
    },
  }),
  'only-existing': aReport(
    aVerdict([
      anImageVerdict({
        image: web,
        rules: introduced,
        comparison: { status: 'compared' },
        findings: [
          { ...heartbleed, ruling: 'existing', change: 'existing' },
          { ...ofBase, ruling: 'existing', change: 'existing' },
          { ...low, change: 'existing' },
        ],
      }),
      untouched('untouched'),
    ]),
    { policy: { revision: 'base', file: '.github/image-gate.yml', exceptions: 0 } },
  ),
  'end-of-life': (() => {
    const verdict = aVerdict([
      oldDebian,
      (({ os: _os, ...rest }) => ({ ...rest, packages: 0 }))(anImageVerdict({ image: anImage('scratch') })),
      (({ os: _os, ...rest }) => ({ ...rest, packages: 4 }))(anImageVerdict({ image: anImage('static-binary') })),
    ])
    return aReport(verdict, warningsOf(verdict))
  })(),
  'hostile-names': aReport(aVerdict([hostile], { result: 'blocked' })),
  'other-scripts': aReport(
    aVerdict(
      [
        inOtherScripts('añadir-paquetes'),
        inOtherScripts('👩‍🚀 cohete'),
        anImageVerdict({ image: anImage('日本語') }),
        anImageVerdict({ image: anImage('web') }),
      ],
      { result: 'blocked' },
    ),
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
  'two-hundred-images': manyImages(200, 100),
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
        untouched('untouched'),
      ],
      { result: 'blocked' },
    ),
    { policy: { revision: 'base', file: '.github/image-gate.yml', exceptions: 0 } },
  ),
}
