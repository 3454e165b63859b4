/** Trivy's reports: a value, or an error that says that there is none; and no finding gets lost on the way. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { decide } from '../../src/decide/verdict.js'
import { IntegrityError, ToolError } from '../../src/errors.js'
import type { Finding, ImageScan, ImageVerdict, Rules } from '../../src/model.js'
import { parseDockerfileReport, parseLockFileReport } from '../../src/scan/context-report.js'
import { parseScanReport } from '../../src/scan/report.js'
import { anImage, built, someGrounds, someDigests } from '../builders.js'
import { run } from '../gate.js'
import { measuredOf, web } from '../decide/verdicts.js'
import {
  anyChanges,
  anyTextChanges,
  change,
  changeText,
  hostileText,
  long,
  mutate,
  pathsOf,
  patience,
  quickly,
  runs,
  timed,
  toText,
  type Mutation,
  type Path,
} from './arbitraries.js'

interface Report {
  readonly [key: string]: unknown
  readonly Metadata: { readonly ImageConfig: { readonly rootfs: { readonly diff_ids: readonly string[] } } }
  readonly Results: readonly object[]
}

const recorded = JSON.parse(readFileSync('__tests__/recorded/trivy-image.json', 'utf8')) as Report
const diffIds = recorded.Metadata.ImageConfig.rootfs.diff_ids

/** Three findings that block: in a package of the distribution, in one of a language, and a secret. */
const image: Report = {
  ...recorded,
  Results: [
    ...recorded.Results,
    {
      Target: 'Node.js',
      Class: 'lang-pkgs',
      Type: 'node-pkg',
      Packages: [{ ID: 'lodash@4.17.4', Name: 'lodash', Version: '4.17.4', Layer: { DiffID: diffIds[2] } }],
      Vulnerabilities: [
        {
          VulnerabilityID: 'CVE-2019-10744',
          PkgName: 'lodash',
          PkgPath: 'app/node_modules/lodash/package.json',
          PkgIdentifier: { PURL: 'pkg:npm/lodash@4.17.4', UID: '1' },
          InstalledVersion: '4.17.4',
          FixedVersion: '4.17.12',
          Status: 'fixed',
          Layer: { DiffID: diffIds[2] },
          Severity: 'HIGH',
          VendorSeverity: { ghsa: 4, nvd: 3 },
        },
      ],
    },
    {
      Target: '/app/.env',
      Class: 'secret',
      Secrets: [{ RuleID: 'aws-access-key-id', Severity: 'CRITICAL', Match: 'KEY=***', Layer: { DiffID: diffIds[2] } }],
    },
  ],
}

const origin = { file: 'images/web/Dockerfile', lines: { start: 2, end: 2 }, instruction: 'COPY . .', fromBase: false }
const context = anImage('web', { lockFiles: [{ path: 'package-lock.json', origin }] })
const folder = { SchemaVersion: 2, ArtifactType: 'filesystem' }
const lockFile = {
  ...folder,
  Results: [{ ...image.Results[1], Target: 'package-lock.json', Type: 'npm' }],
}
const dockerfile = {
  ...folder,
  Results: [
    {
      Target: 'Dockerfile',
      Class: 'config',
      MisconfSummary: { Successes: 19, Failures: 1 },
      Misconfigurations: [
        {
          ID: 'DS-0031',
          Severity: 'CRITICAL',
          Status: 'FAIL',
          CauseMetadata: { StartLine: 2, EndLine: 3, Code: { Lines: [{ Number: 2, Content: 'ENV KEY=hidden' }] } },
        },
      ],
    },
  ],
}

const parsers: readonly [string, Subject][] = [
  ['an image', { original: image, parse: text => parseScanReport(text, diffIds).findings }],
  [
    'lock files',
    {
      original: lockFile,
      parse: text => parseLockFileReport({ text, complaints: [] }, context),
      target: 'package-lock.json',
    },
  ],
  [
    'a Dockerfile',
    {
      original: dockerfile,
      parse: text => parseDockerfileReport({ text, complaints: [] }, context),
      target: 'Dockerfile',
    },
  ],
]

interface Subject {
  readonly original: object
  readonly parse: (text: string) => readonly Finding[]
  /** The result that it is about, where not all are. */
  readonly target?: string
}

/** @returns undefined where there is an error of ours; any other breaks the test */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof ToolError) return undefined
    throw error
  }
}

const kinds = ['Vulnerabilities', 'Secrets', 'Misconfigurations'] as const

/** How many findings there are in the results of a report; on a lock file or a Dockerfile, in those that are its own. */
function countEntries(report: unknown, target?: string): number {
  const { Results: results } = report as { readonly Results?: readonly Readonly<Record<string, unknown>>[] }
  return (results ?? [])
    .filter(({ Target }) => target === undefined || Target === target)
    .flatMap(result => kinds.flatMap(kind => (result[kind] ?? []) as unknown[])).length
}

function verdictOf(scan: ImageScan, rules: Partial<Rules> = {}): ImageVerdict | undefined {
  const outcome = { status: 'scanned' as const, image: web, imageId: 'x', digests: someDigests, scan, duration: 1 }
  const grounds = someGrounds({ scanners: ['vuln', 'secret', 'misconfig'], ...rules })
  return decide(measuredOf({ builds: [built(web)], scans: [outcome] }), grounds).images[0]
}

const gatingOf = (verdict: ImageVerdict | undefined): number =>
  (verdict?.findings ?? []).filter(({ ruling }) => ruling === 'gating').length

const mutations: readonly Mutation[] = [
  { kind: 'delete' },
  { kind: 'repeat' },
  { kind: 'wrap' },
  { kind: 'empty' },
  { kind: 'rename', key: 'other' },
  { kind: 'rename', key: '__proto__' },
  ...[null, true, 1, 1.5, 'other', [], {}, [null], { toString: null }].map((value): Mutation => ({
    kind: 'replace',
    value,
  })),
]

/** All changes of one thing in a report, whatever it is. */
function changesOf(report: unknown): [Path, Mutation][] {
  return pathsOf(report).flatMap(path => mutations.map((mutation): [Path, Mutation] => [path, mutation]))
}

/** Takes away what Trivy leaves out where there is nothing: no report can tell that from there being nothing. */
function leavesOut(path: Path, mutation: Mutation): boolean {
  const [root, , list, ...rest] = path
  const takes =
    ['delete', 'rename', 'empty'].includes(mutation.kind) ||
    (mutation.kind === 'replace' && Array.isArray(mutation.value) && mutation.value.length === 0)
  if (root !== 'Results' || !takes) return false
  return list === undefined || (kinds.some(kind => kind === list) && rest.length < 2)
}

/** A rating that is not known is UNKNOWN: the finding stays, and whether it blocks is for the policy to say. */
const isSeverity = (path: Path): boolean => path.at(-1) === 'Severity'

describe.each(parsers)('a report on %s', (_, { original, parse, target }) => {
  it('is read, or refused with an error that people understand, whatever becomes of it', () => {
    fc.assert(
      fc.property(anyChanges(original), anyTextChanges, (changes, textChanges) => {
        attempt(() => parse(toText(change(original, changes))))
        attempt(() => parse(changeText(toText(original), textChanges)))
      }),
      runs(250),
    )
  })

  it('is not made of nonsense', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), hostileText), text => {
        expect(attempt(() => parse(text))).toBeUndefined()
      }),
      runs(200),
    )
  })

  it('loses no finding that is in it, unless it is refused', () => {
    fc.assert(
      fc.property(anyChanges(original), changes => {
        const text = toText(change(original, changes))
        const findings = attempt(() => parse(text))
        if (findings !== undefined) expect(findings).toHaveLength(countEntries(JSON.parse(text), target))
      }),
      runs(250),
    )
  })

  it('is refused as soon as one thing in it is so wrong that a finding would not block any more', () => {
    const gating = (findings: readonly Finding[]): number => {
      const os = { family: 'debian', name: '12', endOfLife: false }
      return gatingOf(verdictOf({ findings, layers: [], packages: 1, os }))
    }
    const before = gating(parse(toText(original)))
    const losses = changesOf(original).flatMap(([path, mutation]) => {
      if (leavesOut(path, mutation) || isSeverity(path) || (target !== undefined && path.at(-1) === 'Target')) return []
      const findings = attempt(() => parse(toText(mutate(original, path, mutation))))
      return findings === undefined || gating(findings) >= before ? [] : [`${mutation.kind} ${path.join('.')}`]
    })
    expect([...losses]).toEqual([])
    expect(before).toBeGreaterThan(0)
  })

  it('has only lines that there can be', () => {
    fc.assert(
      fc.property(anyChanges(original), changes => {
        const findings = attempt(() => parse(toText(change(original, changes)))) ?? []
        for (const lines of findings.flatMap(({ place, origin: made }) =>
          [place?.lines ?? [], made?.lines ?? []].flat(),
        )) {
          expect([lines.start, lines.end].every(line => Number.isSafeInteger(line) && line > 0)).toBe(true)
          expect(lines.start).toBeLessThanOrEqual(lines.end)
        }
      }),
      runs(200),
    )
  })
})

describe('a report on an image', () => {
  it('makes no image clean that is vulnerable, whatever one thing in it is wrong', () => {
    const passes = changesOf(recorded).flatMap(([path, mutation]) => {
      const scan = attempt(() => parseScanReport(toText(mutate(recorded, path, mutation)), diffIds))
      const isClean = scan !== undefined && verdictOf(scan)?.state !== 'vulnerable'
      return isClean && !isSeverity(path) ? [`${mutation.kind} ${path.join('.')}`] : []
    })
    // Where there is nothing, Trivy leaves the list out: only that reads as what it says.
    const list = 'Results.0.Vulnerabilities'
    expect([...new Set(passes)].sort()).toEqual(
      [`delete ${list}`, `delete ${list}.0`, `empty ${list}`, `rename ${list}`, `replace ${list}`].sort(),
    )
  })

  it(
    'decides the run as the policy says, or ends it in an error that is no defect',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyChanges(image), async changes => {
          const text = toText(change(image, changes))
          const { report } = await run(
            ({ scanner }) => (scanner.scanImage = async () => ({ text, lostPackages: [], leftOut: [] })),
            {
              scanners: 'vuln,secret',
            },
          )
          expect(report.verdict.problem).toBeUndefined()
          const scan = attempt(() => parseScanReport(text, diffIds))
          const expected = scan === undefined ? 'error' : gatingOf(verdictOf(scan)) > 0 ? 'blocked' : 'passed'
          expect(report.verdict.result).toBe(expected)
        }),
        runs(100),
      )
    },
    patience,
  )
})

describe('what a check shows of a Dockerfile', () => {
  const shownOf = (Content: string): string => {
    const [result] = dockerfile.Results
    const CauseMetadata = { StartLine: 1, EndLine: 1, Code: { Lines: [{ Content }] } }
    const Misconfigurations = [{ ...result?.Misconfigurations[0], CauseMetadata }]
    const text = JSON.stringify({ ...dockerfile, Results: [{ ...result, Misconfigurations }] })
    return parseDockerfileReport({ text, complaints: [] }, context)[0]?.origin?.instruction ?? ''
  }

  it('has no value of a variable in it', () => {
    const value = fc.stringMatching(/^[0-9]{8,12}$/)
    const quoted = fc.oneof(
      value.map(text => ({ text, as: `=${text}` })),
      value.map(text => ({ text, as: `="a ${text} b"` })),
      value.map(text => ({ text, as: `='a ${text}'` })),
      value.map(text => ({ text, as: `=a\\ ${text}` })),
      value.map(text => ({ text, as: `="a\\" ${text}"` })),
      value.map(text => ({ text, as: `=a="${text}` })),
      value.map(text => ({ text, as: ` a ${text} x=y` })),
      value.map(text => ({ text, as: ` ${text}=y` })),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('ENV', 'ARG', 'env'),
        quoted,
        fc.constantFrom('', ' \\', ' B=c'),
        (keyword, { text, as }, end) => {
          expect(shownOf(`${keyword} NAME${as}${end}`)).not.toContain(text)
        },
      ),
      runs(200),
    )
  })

  it.each(['"', "'", '=', '\\', ' ', 'a ', '="', "='", '=\\', '"\'', 'A=b '])('is there quickly for many %j', part => {
    expect(timed(() => shownOf(`ENV A=${part.repeat(long / part.length)}`))).toBeLessThan(quickly)
    expect(timed(() => shownOf(`ENV A ${part.repeat(long / part.length)}`))).toBeLessThan(quickly)
  })
})
