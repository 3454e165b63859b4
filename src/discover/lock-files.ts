/** Finds the lock files of a build context that its Dockerfile copies: what they name is meant to be in the image. */
import { join } from 'node:path'
import { DockerfileParser, JSONInstruction } from 'dockerfile-ast'
import { messageOf } from '../errors.js'
import type { CopiedFile, ImageContext, Origin } from '../model.js'
import type { Files } from '../ports.js'
import { parseDockerignore } from './dockerignore.js'
import { matchesGlob, parseGlob } from './glob.js'

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
  const text = (await readShort(join(workspace, image.dockerfile), 'its Dockerfile', files)) ?? ''
  const copies = readCopies(text, image.dockerfile)
  if (copies.length === 0) return []
  const contextDir = join(workspace, image.contextDir)
  const realDir = (await files.realPath(contextDir)) ?? contextDir
  const kept = await notIgnored(await walk(realDir, '', files), contextDir, files)
  return kept.flatMap(path => copiedBy(path, copies))
}

/** @throws Error that says in what way the file is not one that can be read */
async function readShort(path: string, what: string, files: Files): Promise<string | undefined> {
  const text = await files.readText(path).catch((error: unknown) => {
    throw new Error(`${what} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  const bytes = Buffer.byteLength(text ?? '')
  if (bytes <= maxBytes) return text
  throw new Error(`${what} has ${(bytes / maxBytes).toFixed(1)} MiB; no more than 1 MiB is read`)
}

interface Copy {
  /** As written, without what leads to the context itself. An empty one is the whole context. */
  readonly sources: readonly string[]
  readonly origin: Origin
}

/** Every COPY and ADD that takes something from the context, in any stage. */
function readCopies(dockerfile: string, file: string): Copy[] {
  const lines = dockerfile.split(/\r?\n/)
  return DockerfileParser.parse(dockerfile)
    .getInstructions()
    .filter(instruction => instruction instanceof JSONInstruction)
    .filter(instruction => ['COPY', 'ADD'].includes(instruction.getKeyword().toUpperCase()))
    .filter(instruction => !instruction.getFlags().some(flag => flag.getName() === 'from'))
    .map(instruction => {
      const { start, end } = instruction.getRange()
      const origin = {
        file,
        lines: { start: start.line + 1, end: end.line + 1 },
        instruction: (lines[start.line] ?? '').trim(),
        fromBase: false,
      }
      return { sources: readSources(instruction), origin }
    })
    .filter(({ sources }) => sources.length > 0)
}

/** All words but the last, which is where they go; what a here-document holds is not of the context. */
function readSources(instruction: JSONInstruction): string[] {
  const json = instruction.getJSONStrings().map(word => word.getJSONValue())
  const words = json.length > 0 ? json : instruction.getArguments().map(argument => argument.getValue())
  const heredoc = words.findIndex(word => word.startsWith('<<'))
  return (
    (heredoc < 0 ? words.slice(0, -1) : words.slice(0, heredoc))
      .filter(word => !/^(https?|git):\/\//.test(word))
      // What a variable holds is not known here: better a file too many than one too few.
      .map(word => (word.includes('$') ? '' : word.replace(/^(\.{0,2}\/)+|^\.$|\/+$/g, '')))
  )
}

function copiedBy(path: string, copies: readonly Copy[]): CopiedFile[] {
  const parts = path.split('/')
  const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  const copy = copies.find(({ sources }) =>
    sources.some(source => source === '' || prefixes.some(prefix => matchesSource(prefix, source))),
  )
  return copy === undefined ? [] : [{ path, origin: copy.origin }]
}

/** BuildKit matches sources as Go's `filepath.Match` does: `*` stays within a folder, and there are no braces. */
function matchesSource(path: string, source: string): boolean {
  return path === source || matchesGlob(path, parseGlob(source, false))
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

/** Without what the build never sees. */
async function notIgnored(paths: readonly string[], contextDir: string, files: Files): Promise<readonly string[]> {
  if (paths.length === 0) return paths
  for (const name of ['Dockerfile.dockerignore', '.dockerignore']) {
    const text = await readShort(join(contextDir, name), `its ${name}`, files)
    if (text === undefined) continue
    const isIgnored = parseDockerignore(text)
    return paths.filter(path => !isIgnored(path))
  }
  return paths
}
