import { randomBytes } from 'node:crypto'
import {
  constants,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { ConfigurationError } from '../errors.js'
import type { DirectoryEntry, Files, ReportWriter } from '../ports.js'

/** Nothing that is read here, and that people write, is as long. */
const maxBytes = 16 * 1024 * 1024

/** The file system of this machine. */
export class LocalFiles implements Files, ReportWriter {
  async list(directory: string): Promise<readonly DirectoryEntry[] | undefined> {
    const [entries, realDirectory] = await Promise.all([
      unlessMissing(readdir(directory, { withFileTypes: true })),
      unlessMissing(realpath(directory)),
    ])
    if (entries === undefined || realDirectory === undefined) return undefined
    return Promise.all(
      entries.map(async (entry): Promise<DirectoryEntry> => {
        const { name } = entry
        const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : undefined
        // A folder may hold very many: only what may be a link is looked at.
        return kind === undefined || name.includes('\ufffd')
          ? describeEntry(directory, name)
          : { name, kind, realPath: join(realDirectory, name) }
      }),
    )
  }

  async realPath(path: string): Promise<string | undefined> {
    return unlessMissing(realpath(path))
  }

  async readLink(path: string): Promise<string | undefined> {
    return unlessMissing(readlink(path))
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.readBytes(path))?.toString()
  }

  async readBytes(path: string): Promise<Buffer | undefined> {
    const stats = await unlessMissing(stat(path))
    if (stats === undefined) return undefined
    // A pipe or a device would never end.
    if (!stats.isFile()) throw new Error('it is not a file')
    if (stats.size > maxBytes) throw new Error(`it has ${(stats.size / 1024 / 1024).toFixed(0)} MiB`)
    return unlessMissing(readFile(path))
  }

  async writeText(path: string, text: string | Iterable<string>): Promise<void> {
    await replace(path, incoming => writeFile(incoming, text, { flag: 'wx' }))
  }

  async copy(from: string, to: string): Promise<void> {
    await replace(to, incoming => copyFile(from, incoming, constants.COPYFILE_EXCL))
  }

  async clear(directory: string, ending: string): Promise<void> {
    const stats = await unlessMissing(lstat(directory))
    // A link is removed itself; what it leads to stays.
    if (stats?.isDirectory() === false) await rm(directory)
    const entries = (await unlessMissing(readdir(directory, { withFileTypes: true }))) ?? []
    for (const entry of entries) {
      if (entry.name.endsWith(ending) && !entry.isDirectory()) await rm(join(directory, entry.name))
    }
  }
}

/** A link that a repository has in the report's place is replaced and not followed; a folder is moved aside. */
async function replace(path: string, write: (incoming: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const incoming = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await write(incoming)
    // A folder of that name would keep the report from its place. Nothing of it is lost.
    if ((await unlessMissing(lstat(path)))?.isDirectory() === true) await rename(path, `${incoming}.old`)
    await rename(incoming, path)
  } catch (error) {
    await rm(incoming, { force: true })
    throw error
  }
}

/**
 * Refuses a folder for reports that a link of the repository leads out of it.
 * @param directory absolute; need not be there @param workspace absolute
 * @throws ConfigurationError
 */
export async function refuseLinkedAway(directory: string, workspace: string): Promise<void> {
  if (!isWithin(workspace, directory)) return
  let existing = directory
  while ((await unlessMissing(lstat(existing))) === undefined) existing = dirname(existing)
  const real = await unlessMissing(realpath(existing))
  if (real !== undefined && isWithin(await realpath(workspace), real)) return
  throw new ConfigurationError(
    `report-dir: '${relative(workspace, directory)}' is a link that leads out of the repository`,
    'Name a folder of the repository that is no link, or one outside of it.',
  )
}

function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
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
    // EINVAL: it is no link.
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
