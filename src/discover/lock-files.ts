/** Finds the lock files of a build context that its Dockerfile copies: what they name is meant to be in the image. */
import { join } from 'node:path'
import { parseDockerfile, type Instruction } from '../dockerfile/dockerfile.js'
import { parseHeredoc } from '../dockerfile/heredoc.js'
import { flagOf, instructionText, unquote, wordsOf } from '../dockerfile/text.js'
import { messageOf } from '../errors.js'
import type { CopiedFile, ImageContext, Origin } from '../model.js'
import type { Files } from '../ports.js'
import { cleanPath, readIgnoreFile } from './ignore-file.js'
import { compilePattern, type PathMatcher } from './pattern.js'
import { MatchingWork } from './work.js'

/** Those that Trivy reads in a file system scan without asking anybody (`pkg/fanal/types/const.go` in aquasecurity/trivy). */
const lockFileNames: ReadonlySet<string> = new Set([
  ...['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  ...['Pipfile.lock', 'poetry.lock', 'uv.lock', 'pylock.toml', 'requirements.txt'],
  ...['Gemfile.lock', 'composer.lock', 'Cargo.lock', 'go.mod', 'mix.lock', 'pubspec.lock', 'conan.lock'],
  ...['gradle.lockfile', 'packages.lock.json', 'packages.config', 'Podfile.lock', 'Package.resolved'],
])

/** Bytes. Nothing that people write by hand is as long, and a parser's time should not be a stranger's to spend. */
const maxBytes = 1024 * 1024

/** The same images, each with its lock files. One whose files cannot be examined is refused: nobody knows what it copies. */
export async function findLockFiles(
  images: readonly ImageContext[],
  workspace: string,
  files: Files,
): Promise<readonly ImageContext[]> {
  return Promise.all(
    images.map(async image => {
      if (image.refusal !== undefined) return image
      try {
        return { ...image, lockFiles: await lockFilesOf(image, workspace, files) }
      } catch (error) {
        return { ...image, refusal: messageOf(error) }
      }
    }),
  )
}

async function lockFilesOf(image: ImageContext, workspace: string, files: Files): Promise<readonly CopiedFile[]> {
  const work = new MatchingWork()
  const dockerfile = await readShort(join(workspace, image.dockerfile), 'its Dockerfile', files)
  const copies = readCopies(dockerfile ?? '', image.dockerfile, work)
  if (copies.length === 0) return []
  const contextDir = join(workspace, image.contextDir)
  const realDir = (await files.realPath(contextDir)) ?? contextDir
  const kept = await notIgnored(await walk(realDir, '', files), realDir, files, work)
  return kept.flatMap(path => copiedBy(path, copies))
}

/** @throws Error that says in what way the file is not one that can be read */
async function readShort(path: string, what: string, files: Files): Promise<Uint8Array | undefined> {
  const bytes = await files.readBytes(path).catch((error: unknown) => {
    throw new Error(`${what} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  const length = bytes?.byteLength ?? 0
  if (length <= maxBytes) return bytes
  throw new Error(`${what} has ${(length / maxBytes).toFixed(1)} MiB; no more than 1 MiB is read`)
}

interface Copy {
  readonly sources: readonly PathMatcher[]
  readonly origin: Origin
}

/** Every COPY and ADD that takes something from the context, in any stage, or where another stage is FROM this one. */
function readCopies(dockerfile: string | Uint8Array, file: string, work: MatchingWork): Copy[] {
  const { escape, instructions } = parseDockerfile(dockerfile)
  return instructions.flatMap(instruction => {
    const copy = instruction.trigger ?? instruction
    const sources = readSources(copy, escape, work)
    if (sources.length === 0) return []
    const origin = { file, lines: instruction.lines, instruction: instructionText(instruction), fromBase: false }
    return [{ sources, origin }]
  })
}

/** All words but the last, which is where they go; what a here-document holds is not of the context. */
function readSources(instruction: Instruction, escape: string, work: MatchingWork): PathMatcher[] {
  if (!['COPY', 'ADD'].includes(instruction.keyword) || flagOf(instruction, 'from') !== undefined) return []
  return wordsOf(instruction)
    .slice(0, -1)
    .filter(word => !/^(https?|git):\/\//.test(word) && parseHeredoc(word) === undefined)
    .map(word => compileSource(word, escape, work))
}

const everything: PathMatcher = () => true

/** What a variable holds, or what a pattern means, may not be known here: better a file too many than one too few. */
function compileSource(word: string, escape: string, work: MatchingWork): PathMatcher {
  const source = cleanPath(`/${unquote(word, escape)}`)
  if (word.includes('$') || source === '/') return everything
  return compilePattern(source, work) ?? everything
}

function copiedBy(path: string, copies: readonly Copy[]): CopiedFile[] {
  const copy = copies.find(({ sources }) => sources.some(matches => matches(path)))
  return copy === undefined ? [] : [{ path, origin: copy.origin }]
}

/** @param contextDir with all links followed */
async function walk(contextDir: string, below: string, files: Files): Promise<string[]> {
  const entries = (await files.list(join(contextDir, below))) ?? []
  const found = await Promise.all(
    entries.map(async ({ name, kind, realPath }) => {
      const path = below === '' ? name : `${below}/${name}`
      // Docker copies a link as a link.
      if (realPath !== `${contextDir}/${path}`) return []
      if (kind === 'directory') return skippedFolders.has(name) ? [] : walk(contextDir, path, files)
      return kind === 'file' && lockFileNames.has(name) ? [path] : []
    }),
  )
  return found.flat().sort()
}

/** They hold what lock files of others name. Trivy passes over them too. */
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', '.git'])

/**
 * Without what the build never sees. A file that says so must be one, and lie in the context: a link could lead anywhere.
 * @param contextDir with all links followed
 */
async function notIgnored(
  paths: readonly string[],
  contextDir: string,
  files: Files,
  work: MatchingWork,
): Promise<readonly string[]> {
  if (paths.length === 0) return paths
  const entries = (await files.list(contextDir)) ?? []
  for (const name of ['Dockerfile.dockerignore', '.dockerignore']) {
    const entry = entries.find(other => other.name === name)
    if (entry === undefined) continue
    // Where it leads elsewhere, what Docker makes of it is not known: better a file too many than one too few.
    if (entry.kind === 'missing' || entry.realPath?.startsWith(`${contextDir}/`) !== true) return paths
    const bytes = await readShort(entry.realPath, `its ${name}`, files)
    if (bytes === undefined) return paths
    const isIgnored = readIgnoreFile(Buffer.from(bytes).toString(), work)
    return paths.filter(path => !isIgnored(path))
  }
  return paths
}
