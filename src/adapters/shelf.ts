/** Where what was downloaded is kept from run to run. */
import { randomBytes } from 'node:crypto'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.js'

/** What one thing is kept under. */
export interface ShelfEntry {
  readonly name: string
  /** True where tomorrow's is another one. */
  readonly daily: boolean
}

export interface Shelf {
  /** True where nobody else can write: what was put there is there. */
  readonly own: boolean
  /**
   * Brings what is kept into a folder, which is made.
   * @returns false where nothing is
   */
  take(entry: ShelfEntry, directory: string): Promise<boolean>
  /** Keeps a folder of files as it is now. */
  keep(entry: ShelfEntry, directory: string): Promise<void>
}

/** Keeps a folder; where that cannot be done it is said, and no reason to fail. */
export async function keepIfPossible(
  shelf: Shelf,
  entry: ShelfEntry,
  directory: string,
  tell: (text: string) => void,
): Promise<void> {
  await shelf.keep(entry, directory).catch((error: unknown) => {
    tell(`${entry.name} could not be kept for the next run: ${messageOf(error)}`)
  })
}

/** Keeps nothing. */
export const noShelf: Shelf = {
  own: true,
  take: async () => false,
  keep: async () => undefined,
}

/** A folder of the user's own. */
export class FolderShelf implements Shelf {
  readonly own: boolean = true
  /** Absolute, made as needed. */
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async take({ name }: ShelfEntry, directory: string): Promise<boolean> {
    const kept = join(this.folder, name)
    if (!existsSync(kept)) return false
    await cp(kept, directory, { recursive: true })
    return true
  }

  async keep({ name }: ShelfEntry, directory: string): Promise<void> {
    const kept = join(this.folder, name)
    const incoming = `${kept}.${randomBytes(4).toString('hex')}`
    await mkdir(this.folder, { recursive: true })
    try {
      await cp(directory, incoming, { recursive: true })
      await rm(kept, { recursive: true, force: true })
      await rename(incoming, kept)
    } finally {
      await rm(incoming, { recursive: true, force: true })
    }
  }
}
