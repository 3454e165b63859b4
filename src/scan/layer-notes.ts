/** What is worth knowing of the entries of one layer: all that Trivy could read otherwise than an engine. */
import { IntegrityError } from '../errors.js'
import type { LayerEntry } from '../ports.js'
import { isSbom, isWatched, mayBeWatched } from './watched.js'

export interface LayerNotes {
  /** Of the content. */
  readonly diffId: string
  /** What no honest tool writes: sentences without an end. */
  readonly faults: readonly string[]
  /** Symbolic links, with what is written there, in order. */
  readonly links: readonly (readonly [path: string, target: string])[]
  /** Files that may come to a watched path through a link. */
  readonly files: readonly string[]
  /** What Trivy is shown once more, in any case. */
  readonly copies: readonly NotedCopy[]
  /** Hard links to programs, which Trivy sees under the name of the program. */
  readonly programs: readonly NotedCopy[]
  /** What is no longer there: a path, or with a slash at its end all that was below it. */
  readonly removed: readonly string[]
}

export interface NotedCopy {
  readonly path: string
  readonly target: string
  readonly linked: boolean
}

/** Of one layer: ten times what the biggest known ones have. */
const maxEntries = 5_000_000

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

/** Takes the entries of a layer one by one. */
export class LayerWatch {
  #entries = 0
  readonly #faults: string[] = []
  readonly #links: [string, string][] = []
  readonly #files: string[] = []
  readonly #copies = new Map<string, NotedCopy>()
  readonly #programs: NotedCopy[] = []
  readonly #removed: string[] = []
  /** Files that Trivy reads, to notice a second one of the same path. */
  readonly #read = new Set<string>()
  readonly #folders = new Set<string>()
  readonly #emptied: string[] = []

  /** @throws IntegrityError for a layer that has more of note than fits into memory */
  see(entry: LayerEntry): void {
    const { path, kind, target } = entry
    this.#entries += 1
    if (this.#entries > maxEntries) throw tooMany()
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name.startsWith(whiteout)) {
      this.#seeRemoval(entry, path.slice(0, -name.length), name)
      return
    }
    if (kind === 'folder') this.#folders.add(path)
    if (kind === 'symbolic-link') this.#links.push([path, target])
    if (kind === 'file') this.#seeFile(entry)
    if (kind === 'hard-link') this.#seeLink(entry)
  }

  notes(diffId: string): LayerNotes {
    const strays = this.#emptied.filter(folder => !this.#folders.has(folder.replace(/\/$/, '')) && folder !== '')
    return {
      diffId,
      faults: [...this.#faults, ...strays.map(folder => `it empties ${show(folder)}, which is no folder of it`)],
      links: this.#links,
      files: this.#files,
      copies: [...this.#copies.values()],
      programs: this.#programs,
      removed: this.#removed,
    }
  }

  #seeFile({ path, executable }: LayerEntry): void {
    if (mayBeWatched(path)) this.#files.push(path)
    // The name under which it is shown has no meaning for Trivy, but its content may have.
    if (isSbom(path)) this.#copies.set(path, { path: `${path}-`, target: path, linked: false })
    if (!executable && !isWatched(path)) return
    // Of two files under one path engines take the last, Trivy either.
    if (this.#read.has(path)) this.#copies.set(path, { path, target: path, linked: false })
    this.#read.add(path)
  }

  #seeLink({ path, target, executable }: LayerEntry): void {
    if (mayBeWatched(path)) this.#files.push(path)
    const copy = { path, target, linked: true }
    if (isWatched(path) || this.#read.has(path)) this.#copies.set(path, copy)
    else if (executable) this.#programs.push(copy)
  }

  /** @param folder with a slash at its end, or empty */
  #seeRemoval({ path, kind }: LayerEntry, folder: string, name: string): void {
    if (kind !== 'file') this.#faults.push(`${show(path)} removes a file, and is none itself`)
    if (name === opaque) {
      this.#emptied.push(folder)
      this.#removed.push(folder)
      return
    }
    const removed = name.slice(whiteout.length)
    // Trivy keeps what it knows of a file below its path, under its type.
    if (removed.startsWith('type:') || isWatched(folder.replace(/\/$/, '')))
      this.#faults.push(`${show(path)} removes what Trivy knows of a file, and not the file`)
    this.#removed.push(`${folder}${removed}`)
  }
}

function tooMany(): IntegrityError {
  const message = `a layer has more than ${String(maxEntries)} files`
  return new IntegrityError(message, 'Put less into one layer of this image.')
}

/** For messages: the bytes of a name as a text. */
export function show(path: string): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString('utf8').slice(0, 200))
}
