import { copyFile, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DirectoryEntry, Files, ReportWriter } from '../ports.js'

/** Nothing that is read here, and that people write, is as long. */
const maxBytes = 16 * 1024 * 1024

/** The file system of this machine. */
export class LocalFiles implements Files, ReportWriter {
  async list(directory: string): Promise<readonly DirectoryEntry[] | undefined> {
    const names = await unlessMissing(readdir(directory))
    return names === undefined ? undefined : Promise.all(names.map(name => describeEntry(directory, name)))
  }

  async realPath(path: string): Promise<string | undefined> {
    return unlessMissing(realpath(path))
  }

  async readText(path: string): Promise<string | undefined> {
    const stats = await unlessMissing(stat(path))
    if (stats === undefined) return undefined
    // A pipe or a device would never end.
    if (!stats.isFile()) throw new Error('it is not a file')
    if (stats.size > maxBytes) throw new Error(`it has ${(stats.size / 1024 / 1024).toFixed(0)} MiB`)
    return unlessMissing(readFile(path, 'utf8'))
  }

  async writeText(path: string, text: string | Iterable<string>): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }

  async copy(from: string, to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true })
    await copyFile(from, to)
  }
}

async function describeEntry(directory: string, name: string): Promise<DirectoryEntry> {
  const path = join(directory, name)
  const [stats, realPath] = await Promise.all([unlessMissing(stat(path)), unlessMissing(realpath(path))])
  if (stats === undefined || realPath === undefined) return { name, kind: 'missing' }
  return { name, kind: stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other', realPath }
}

/** Links that lead nowhere, or round in a circle, count as missing too. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
