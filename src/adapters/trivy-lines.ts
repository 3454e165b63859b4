/**
 * The lines of Trivy’s log that tell of something that it left out: its report is silent about that. The texts are those
 * of Trivy 0.74 (`pkg/fanal`, `pkg/detector`); `docs/trivy-looks-away.md` lists the places.
 */
import type { ImageReport } from '../ports.js'

/** More of a kind are not kept: the first ones tell enough, and an image decides how many there are. */
const maxKept = 1000

/** How many of the last lines are kept, for the reason of a scan that fails. */
const lastLines = 60

/** Said of packages of the distribution. An image whose package manager wrote the database gives none of them. */
const lostPackages: readonly RegExp[] = [
  /\[dpkg\] Parse error\tfile_path="(?!var\/lib\/dpkg\/available")/,
  /\[dpkg\] Invalid (?:source )?version\t/,
  /\[apk\] Invalid version found\t/,
  /Analysis error\terr="(?:failed to parse rpmdb|failed to parse rpmqa manifest|failed to analyze Bottlerocket)/,
  /Walk error\tfile_path="var\/lib\/dpkg\//,
  /(?:Failed to parse the installed package version|Installed package version error)\t/,
  /Some OS packages were skipped due to mismatched PURL namespace/,
]

/** Said of other files and packages: also honest images have files that only look like a package’s. */
const unread: readonly RegExp[] = [/\b(?:Analysis error|Walk error)\t/]
const unjudged: readonly RegExp[] = [
  /Version matching error\terr="[A-Za-z ]*version error \(/,
  /Conda package is supported for SBOM, not for vulnerability scanning/,
  /The library type is not supported for vulnerability scanning/,
]

/** Said of a release without an end of life: Trivy may know no vulnerabilities of it. */
const unknownRelease = /This OS version is not on the EOL list\tfamily="([^"]{0,100})" version="([^"]{0,100})"/

/** Alpine is judged by the release that its file of repositories names. */
const otherRelease = /\[alpine\] Detecting vulnerabilities\.\.\.\tos_version="([^"]{0,100})" repository="([^"]{1,100})"/

/** Says that a file was not read while a layer was analyzed: who takes the analysis from a cache is not told. */
const whileAnalyzing = /\b(?:Analysis error|Walk error)\t|\[(?:dpkg|apk)\] (?:Parse error|Invalid )/

/** Takes the lines of one run of Trivy as they come. */
export class TrivyLines {
  readonly #last: string[] = []
  readonly #lost = new Set<string>()
  readonly #leftOut = new Set<string>()
  readonly #complaints: string[] = []
  #tainted = false
  #unknownRelease: string | undefined

  add(line: string): void {
    this.#last.push(line)
    if (this.#last.length > 2 * lastLines) this.#last.splice(0, lastLines)
    if (isComplaint(line)) this.#complaints.push(line)
    this.#seeRelease(line)
    // With the secret scanner there are tens of thousands of lines: most are none of these.
    if (!/error|Invalid|skipped|not for vuln|not supported|Failed to/.test(line)) return
    this.#tainted ||= whileAnalyzing.test(line)
    if (lostPackages.some(pattern => pattern.test(line))) keep(this.#lost, line, withoutTime)
    else if (unread.some(pattern => pattern.test(line))) keep(this.#leftOut, line, describeUnread)
    else if (unjudged.some(pattern => pattern.test(line))) keep(this.#leftOut, line, describeUnjudged)
  }

  #seeRelease(line: string): void {
    const unknown = unknownRelease.exec(line)
    if (unknown !== null) this.#unknownRelease = `${unknown[1] ?? ''} ${unknown[2] ?? ''}`
    const [, release = '', repository = ''] = otherRelease.exec(line) ?? []
    if (release !== repository)
      this.#leftOut.add(
        `packages of alpine ${release} (judged as those of ${repository}, which etc/apk/repositories names)`,
      )
  }

  /** The last lines, without the traces of its functions that Trivy prints in debug mode. */
  get last(): readonly string[] {
    return this.#last.filter(line => !/^ {4}/.test(line)).slice(-20)
  }

  /** Lines about files of a folder that Trivy could not read. */
  get complaints(): readonly string[] {
    return this.#complaints
  }

  /** True when the analysis of a layer in this run told of something that another run, with its cache, is not told. */
  get tainted(): boolean {
    return this.#tainted
  }

  get leftOut(): Omit<ImageReport, 'text'> {
    const unknown = this.#unknownRelease === undefined ? {} : { unknownRelease: this.#unknownRelease }
    return { lostPackages: [...this.#lost], leftOut: [...this.#leftOut], ...unknown }
  }
}

/** What Trivy's walk over a folder says of a file that it could not read (`pkg/fanal` in aquasecurity/trivy). */
function isComplaint(line: string): boolean {
  return /\b(Analysis error|Walk error|Unable to parse|Failed to parse)\b/i.test(line)
}

function keep(kept: Set<string>, line: string, describe: (line: string) => string): void {
  if (kept.size < maxKept) kept.add(describe(line))
}

/** `2026-12-01T03:37:14Z WARN [dpkg] ...` without what differs from run to run. */
function withoutTime(line: string): string {
  return line.replace(/^\S+\s+[A-Z]+\s+/, '').replaceAll('\t', ' ')
}

/** Names the file that a line is about; where it names none, what it says. */
function describeUnread(line: string): string {
  const file =
    /\tfile_path="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ??
    /failed to parse ([^:\\"]{1,500}):/.exec(line)?.[1] ??
    withoutTime(line).slice(0, 200)
  return `${file} (Trivy cannot read it)`
}

function describeUnjudged(line: string): string {
  const version = /version error \(([^)]{0,100})\)/.exec(line)?.[1]
  if (version !== undefined) return `packages of version ${version} (Trivy cannot compare it)`
  const type = /\ttype="([^"]*)"/.exec(line)?.[1] ?? 'conda'
  return `packages of ${type} (Trivy lists them, and knows no vulnerabilities of them)`
}
