/** Reads Trivy's reports on a build context: only what the image is made of counts in them. */
import { posix } from 'node:path'
import { ToolError } from '../errors.js'
import type { CopiedFile, Finding, ImageContext, LineRange, Vulnerability } from '../model.js'
import type { FolderReport } from '../ports.js'
import { readLines, readMisconfigurations, readVulnerabilities } from './finding.js'
import { objectsOf, optionalObject, optionalString, type JsonObject } from './json.js'
import { readResults } from './report.js'

/**
 * Lock files by the folder, below the context, that Trivy has to be shown: it passes over what would be a system's own in
 * the folder that it is shown (`defaultSkipDirs` in its `pkg/fanal/walker/walk.go`).
 */
export function groupLockFiles(files: readonly CopiedFile[]): ReadonlyMap<string, readonly CopiedFile[]> {
  const groups = new Map<string, CopiedFile[]>()
  for (const file of files) {
    const below = /^(?:(?:dev|proc|sys)\/)+/.exec(file.path)?.[0] ?? ''
    const group = groups.get(below)
    if (group === undefined) groups.set(below, [file])
    else group.push(file)
  }
  return groups
}

/**
 * @param below the folder that Trivy was shown, relative to the context, with a slash at its end; empty for the context
 * @throws IntegrityError for a report that is none; ToolError for a lock file that Trivy could not read
 */
export function parseLockFileReport(
  { text, complaints }: FolderReport,
  image: ImageContext,
  below = '',
): readonly Finding[] {
  refuseUnread(image.lockFiles, complaints, below)
  const { results } = readResults(text, 'filesystem')
  return image.lockFiles.flatMap(file =>
    results
      .filter(({ Class, Target }) => Class === 'lang-pkgs' && below + String(Target) === file.path)
      .flatMap(result => readLockFile(result, file, image)),
  )
}

/**
 * @throws IntegrityError for a report that is none, ToolError for a Dockerfile that Trivy did not check: it leaves out of its
 * report one with an instruction that it does not know, or with a line above 64 KiB
 */
export function parseDockerfileReport(
  { text, complaints }: FolderReport,
  { dockerfile }: ImageContext,
): readonly Finding[] {
  const { results } = readResults(text, 'filesystem')
  const checked = results.filter(({ Class, Target }) => Class === 'config' && Target === 'Dockerfile')
  if (!checked.some(wasChecked)) {
    throw new ToolError(
      `Trivy did not check ${dockerfile} for misconfigurations`,
      'Write it as docker/dockerfile:1 has it, with lines below 64 KiB, or leave misconfig out of the scanners of this image.',
      complaints,
    )
  }
  return checked.flatMap(result => readMisconfigurations(result, dockerfile))
}

/** Trivy counts the checks that passed too: without any it did not look. */
function wasChecked({ MisconfSummary: counts }: JsonObject): boolean {
  const { Successes, Failures } = optionalObject(counts, 'MisconfSummary')
  return [Successes, Failures].some(number => typeof number === 'number' && number > 0)
}

/** Trivy leaves a lock file that it cannot read out of its report, and that would read as "no findings". */
function refuseUnread(lockFiles: readonly CopiedFile[], complaints: readonly string[], below: string): void {
  for (const { path } of lockFiles) {
    const said = complaints.find(line => isAbout(line, path.slice(below.length)))
    if (said === undefined) continue
    throw new ToolError(
      `Trivy cannot read the lock file ${path}`,
      'Mend the lock file, keep it out of the image (.dockerignore), or set lock-files: false.',
      [said],
    )
  }
}

/** Of a path that a log may quote and escape, the name of the file is enough: better one complaint too many. */
function isAbout(complaint: string, path: string): boolean {
  const isPlain = /^[\w./@+-]+$/.test(path)
  return isPlain ? complaint.split(/[\s"=:]+/).includes(path) : complaint.includes(posix.basename(path))
}

function readLockFile(result: JsonObject, { path, origin }: CopiedFile, { contextDir }: ImageContext): Finding[] {
  const file = `${contextDir}/${path}`
  const lines = readPackageLines(result)
  return readVulnerabilities(result).map((finding): Vulnerability => {
    const where = lines.get(`${finding.package.name} ${finding.package.version}`)
    return {
      ...finding,
      package: { ...finding.package, path },
      place: { file, ...(where === undefined ? {} : { lines: where }) },
      origin,
    }
  })
}

/** Where a lock file names each package, for the kinds of which Trivy knows it. */
function readPackageLines(result: JsonObject): ReadonlyMap<string, LineRange> {
  const lines = new Map<string, LineRange>()
  for (const item of objectsOf(result['Packages'], 'Packages')) {
    const [location] = objectsOf(item['Locations'], 'Locations')
    const where = readLines(location?.['StartLine'], location?.['EndLine'])
    const [name, version] = [optionalString(item['Name'], 'Name'), optionalString(item['Version'], 'Version')]
    if (where !== undefined) lines.set(`${name ?? ''} ${version ?? ''}`, where)
  }
  return lines
}
