/** Finds the lock files of a build context that its Dockerfile copies: what they name is meant to be in the image. */
import { join } from 'node:path'
import dockerignore from '@balena/dockerignore'
import { DockerfileParser, JSONInstruction } from 'dockerfile-ast'
import picomatch from 'picomatch'
import type { CopiedFile, ImageContext, Origin } from '../model.js'
import type { Files } from '../ports.js'

// Its types say that the module has a default export; the module is the function itself.
const newIgnore = dockerignore as unknown as typeof dockerignore.default

/** Those that Trivy reads in a file system scan without asking anybody (`pkg/fanal/types/const.go` in aquasecurity/trivy). */
const lockFileNames: ReadonlySet<string> = new Set([
  ...['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  ...['Pipfile.lock', 'poetry.lock', 'uv.lock', 'pylock.toml', 'requirements.txt'],
  ...['Gemfile.lock', 'composer.lock', 'Cargo.lock', 'go.mod', 'mix.lock', 'pubspec.lock', 'conan.lock'],
  ...['gradle.lockfile', 'packages.lock.json', 'packages.config', 'Podfile.lock', 'Package.resolved'],
])

/** The same images, each with its lock files. An image whose Dockerfile cannot be read does not build anyway. */
export async function findLockFiles(
  images: readonly ImageContext[],
  workspace: string,
  files: Files,
): Promise<readonly ImageContext[]> {
  return Promise.all(
    images.map(async image => {
      if (image.refusal !== undefined) return image
      const text = (await files.readText(join(workspace, image.dockerfile)).catch(() => undefined)) ?? ''
      const copies = readCopies(text, image.dockerfile)
      if (copies.length === 0) return image
      const contextDir = join(workspace, image.contextDir)
      const realDir = (await files.realPath(contextDir)) ?? contextDir
      const kept = await notIgnored(await walk(realDir, '', files), contextDir, files)
      return { ...image, lockFiles: kept.flatMap(path => copiedBy(path, copies)) }
    }),
  )
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
  const options = { dot: true, nobrace: true, noextglob: true, noglobstar: true, nonegate: true }
  return path === source || picomatch.isMatch(path, source, options)
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
    const text = await files.readText(join(contextDir, name))
    if (text !== undefined)
      return newIgnore()
        .add(text)
        .filter([...paths])
  }
  return paths
}
