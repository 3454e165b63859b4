/** What is judged by, and what is judged of a finding. A part of the model. */
import type { Finding, Place, Severity } from './model-finding.js'

/** What makes findings of one image count. Each is an input, a key of the policy file, or its default. */
export interface Rules {
  readonly severity: readonly Severity[]
  readonly ignoreUnfixed: boolean
  /** `introduced`: only what this change brings counts. */
  readonly gateOn: GateOn
  readonly scanners: readonly ScannerName[]
  /** Whether lock files that the Dockerfile copies are scanned too. */
  readonly lockFiles: boolean
  /** Whether a distribution without security updates counts. */
  readonly gateEndOfLife: boolean
  /** Whether an image in which nothing was recognised counts. */
  readonly gateUnrecognised: boolean
}

export const gateOns = ['all', 'introduced'] as const
export type GateOn = (typeof gateOns)[number]

/** Trivy's names for what it can look for. */
export const scannerNames = ['vuln', 'secret', 'misconfig'] as const
export type ScannerName = (typeof scannerNames)[number]

export type RuleName = keyof Rules

/** Who set a rule. */
export interface RuleSource {
  readonly from: 'default' | 'input' | 'policy'
  /** In the policy file. */
  readonly place?: Place
  /** The name or glob of images under which the policy file sets it. */
  readonly pattern?: string
}

/** The rules of one image, and who set each. */
export interface ImageRules {
  readonly rules: Rules
  readonly sources: Readonly<Record<RuleName, RuleSource>>
}

/** Some rules, each with its place in the policy file. */
export type PolicyRules = { readonly [N in RuleName]?: { readonly value: Rules[N]; readonly place: Place } }

/** Lets findings pass, for a reason and a time. */
export interface Exception {
  /** The `id` of the findings. */
  readonly id: string
  /** Names or globs (of VEX, names alone); empty: all images. */
  readonly images: readonly string[]
  /** Names or package URLs (without a version: any); empty: all packages. */
  readonly packages: readonly string[]
  /** Globs of paths, in the image or in the repository; empty: all. */
  readonly paths: readonly string[]
  /** Absent only for an entry of a `.trivyignore` that gives none. */
  readonly reason?: string
  /** ISO 8601, UTC: from then on it lets nothing pass any more. Absent: never. */
  readonly until?: string
  readonly source: 'policy' | 'trivyignore' | 'vex'
  readonly place: Place
}

/** What the files of a repository say about what counts. */
export interface Policy {
  /** The policy file, where there is one. */
  readonly file?: string
  readonly rules: PolicyRules
  /** In the file's order. */
  readonly images: readonly { readonly pattern: string; readonly place: Place; readonly rules: PolicyRules }[]
  readonly exceptions: readonly Exception[]
  /** What is accepted, but should be mended. */
  readonly warnings: readonly { readonly place: Place; readonly message: string }[]
  /** All files that it was read from, also those that are not there: who changes one of them changes the policy. */
  readonly files: readonly string[]
}

/** What one file adds to a policy. */
export type PolicyPart = Pick<Policy, 'exceptions' | 'warnings'>

/**
 * Why a finding does or does not count against the image:
 * `excepted` by an exception, `existing` before this change, `below-threshold` by its severity, `unfixed` since there is
 * no fix, `reported` since no rule asks for more.
 */
export const rulings = ['gating', 'existing', 'excepted', 'unfixed', 'below-threshold', 'reported'] as const
export type Ruling = (typeof rulings)[number]

export type JudgedFinding = Finding & {
  readonly ruling: Ruling
  /** The rule that makes it count, for those that do. */
  readonly rule?: RuleName
  /** Whether this change brought it; absent where nothing was compared. */
  readonly change?: 'introduced' | 'existing'
  /** What lets it pass. */
  readonly exception?: Exception
}
