/** What is found in an image, and where it comes from. A part of the model. */

/** Severities as Trivy names them, worst first. Trivy uses UNKNOWN where no source has rated a vulnerability. */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'] as const
export type Severity = (typeof severities)[number]

/** How many findings there are of each severity. */
export type SeverityCounts = Readonly<Record<Severity, number>>

export function countSeverities(findings: readonly { readonly severity: Severity }[]): SeverityCounts {
  const counts = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 }
  for (const { severity } of findings) counts[severity] += 1
  return counts
}

/** Lines of a Dockerfile, counted from 1, both inclusive. */
export interface LineRange {
  readonly start: number
  readonly end: number
}

/** The classes of Trivy's results that hold packages. */
export type PackageClass = 'os-pkgs' | 'lang-pkgs'

/** The package that a finding is about. */
export interface Package {
  readonly name: string
  readonly version: string
  /** Package URL (purl) with the version, where Trivy knows one. */
  readonly purl?: string
  /** Where the package lies in the image, for packages that are files. */
  readonly path?: string
  readonly class: PackageClass
  /** Trivy's name for the kind: `debian`, `node-pkg`, `python-pkg`, `jar`, ... */
  readonly type: string
}

/** The Dockerfile instruction that brought something into an image. */
export interface Origin {
  /** The Dockerfile, relative to the workspace. */
  readonly file: string
  readonly lines: LineRange
  /** The instruction in one line, cut where it is long: `RUN apt-get install -y wget`. */
  readonly instruction: string
  /** True when it is a FROM: the finding comes with the base image. */
  readonly fromBase: boolean
}

/** A place in a file of the repository. */
export interface Place {
  /** Relative to the workspace, with forward slashes. */
  readonly file: string
  /** Where it is known. */
  readonly lines?: LineRange
}

interface FindingBase {
  /** What it is known by: a CVE, a check such as `DS-0002`, a secret rule such as `aws-access-key-id`. */
  readonly id: string
  readonly severity: Severity
  readonly title?: string
  readonly url?: string
  /** DiffID of the layer that holds it. */
  readonly layer?: string
  /** The line of the repository that it is about, where that is not a Dockerfile's instruction: a lock file's. */
  readonly place?: Place
  readonly origin?: Origin
}

/** One vulnerability in one package: one that is installed, or one that a lock file names. */
export interface Vulnerability extends FindingBase {
  readonly kind: 'vulnerability'
  readonly package: Package
  /** Whose rating `severity` is (`debian`, `nvd`, `ghsa`); absent where Trivy does not say. */
  readonly severitySource?: string
  /** What others say: severity by source. */
  readonly vendorSeverities: Readonly<Record<string, Severity>>
  /** Trivy's status of the vulnerability in this package: `fixed`, `affected`, `will_not_fix`, ... */
  readonly status: string
  /** The versions that fix it, where there are any. */
  readonly fixedVersion?: string
}

/** What a check of Trivy's has against a Dockerfile. */
export interface Misconfiguration extends FindingBase {
  readonly kind: 'misconfiguration'
  readonly message: string
  /** What to do about it. */
  readonly resolution?: string
}

/** Something in an image that looks like a secret. */
export interface Secret extends FindingBase {
  readonly kind: 'secret'
  /** The file in the image; absent for one in the image's configuration (ENV, for instance). */
  readonly path?: string
  /** The line of the file that matched, with the secret itself masked. */
  readonly match?: string
}

/** The image's distribution gets no security updates any more: what is found in it is not all that there is. */
export interface EndOfLife extends FindingBase {
  readonly kind: 'end-of-life'
}

/** Neither a distribution nor a package was recognised, so that nothing could be found. */
export interface Unrecognised extends FindingBase {
  readonly kind: 'unrecognised'
}

export type Finding = Vulnerability | Misconfiguration | Secret | EndOfLife | Unrecognised
