/** Where an engine keeps what it built, and how all of it leaves the engine at once. */
import { mkdir, rename, rm, statfs, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ToolError } from '../errors.js'
import type { Export } from '../ports.js'
import type { CommandOutput } from './command.js'
import { explainFullDisk, fullDisk } from './full-disk.js'
import { canReadZstd } from './layer-reader.js'
import { openLayout, readBlobs, receiveArchive } from './oci-layout.js'
import type { Environment, RunProcess } from './process.js'

export interface ImageStore {
  /**
   * Makes room for the image of one build.
   * @param directory of this build alone
   * @returns the arguments that make the build put its image here
   */
  prepareOutput(tag: string, directory: string): Promise<readonly string[]>
  /** @param layoutDir absolute, made here */
  export(imageIds: readonly string[], layoutDir: string): Promise<Export>
  /** Removes what the builds of this run left. Never throws. */
  clean(): Promise<void>
}

/**
 * How many removals run at once: after each, the engine clears up all of its store, but once for those that come
 * together. 32 images took 6.9 s one after another and 0.8 s at once.
 */
const removals = 32

/** Milliseconds for an export: big images on a slow disk, but not for ever. */
const exportTimeout = 60 * 60_000

/** Asks the docker client something short. */
export type Ask = (...args: string[]) => Promise<CommandOutput>

export interface DockerStoreOptions {
  readonly run: RunProcess
  readonly env: Environment
  readonly ask: Ask
  /** As `ask`, for what is done also when the run was cancelled. */
  readonly clear: Ask
  /** True for the containerd image store, false for the graphdrivers of before. */
  readonly containerd: boolean
}

/** The engine is there and gives nothing: of fewer images it may. */
class RefusedError extends ToolError {}

/** The store of a Docker engine. */
export class DockerStore implements ImageStore {
  readonly #options: DockerStoreOptions
  /** The names that this run gave and that are not removed yet. */
  readonly #tags = new Set<string>()
  readonly #cleaning: Promise<unknown>[] = []

  constructor(options: DockerStoreOptions) {
    this.#options = options
  }

  /**
   * Into the containerd store, layers go packed with zstd, and nothing is unpacked: to pack them with gzip, as is usual,
   * and to unpack them for containers takes two thirds of a build's time, and nobody will run these images. Not packed
   * at all, they would leave the engine more slowly than it packs them, so that is for a Node.js that cannot read zstd.
   */
  async prepareOutput(tag: string): Promise<readonly string[]> {
    this.#tags.add(tag)
    return this.#options.containerd
      ? [
          '--output',
          `type=image,name=${tag},unpack=false,compression=${canReadZstd ? 'zstd' : 'uncompressed,force-compression=true'},oci-mediatypes=true`,
        ]
      : ['--load', '--tag', tag]
  }

  async export(imageIds: readonly string[], layoutDir: string): Promise<Export> {
    const present = await this.#checkSpace(imageIds, dirname(layoutDir))
    const exported = await this.#saveAll(present, layoutDir)
    void this.clean()
    return {
      image: imageId => {
        if (present.includes(imageId)) return exported.image(imageId)
        throw new ToolError('the engine did not export the image', pruned)
      },
    }
  }

  /** Of several images docker gives none where it cannot give one: that one must not take the others with it. */
  async #saveAll(imageIds: readonly string[], layoutDir: string): Promise<Export> {
    try {
      return await openLayout(layoutDir, await this.#save(imageIds, layoutDir), imageIds)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      const middle = Math.ceil(imageIds.length / 2)
      const half = imageIds.slice(0, middle)
      if (half.length === imageIds.length)
        return {
          image: () => {
            throw error
          },
        }
      await rm(layoutDir, { recursive: true, force: true })
      const one = await this.#saveAll(half, `${layoutDir}-1`)
      const other = await this.#saveAll(imageIds.slice(middle), `${layoutDir}-2`)
      return { image: imageId => (half.includes(imageId) ? one : other).image(imageId) }
    }
  }

  async #save(imageIds: readonly string[], layoutDir: string): ReturnType<typeof receiveArchive> {
    const { run, env } = this.#options
    const said: string[] = []
    const received: { blobs?: Awaited<ReturnType<typeof receiveArchive>> } = {}
    const result = await run({
      command: 'docker',
      args: ['image', 'save', ...imageIds],
      env,
      timeout: exportTimeout,
      onLine: line => said.push(line),
      onOutput: async archive => {
        received.blobs = await receiveArchive(archive, layoutDir)
      },
    }).catch(explainFullDisk)
    if (received.blobs !== undefined && result.status === 'exited' && result.exitCode === 0) return received.blobs
    const reason = said.at(-1) ?? result.status
    const refused = result.status === 'exited' && !/cannot connect/i.test(reason)
    throw new (refused ? RefusedError : ToolError)(
      `docker could not export the images: ${reason}`,
      'Check the free disk space and the engine of this machine, then run again.',
      said,
    )
  }

  /** Begins when the images have left the engine, so that a run that ends well does not wait for it. */
  async clean(): Promise<void> {
    const tags = [...this.#tags]
    this.#tags.clear()
    for (const group of inGroups(tags, removals)) {
      // Images that did not build have no tag: docker says so, and nobody needs to hear it.
      this.#cleaning.push(this.#options.clear('image', 'rm', ...group).catch(() => undefined))
    }
    await Promise.all(this.#cleaning)
  }

  /**
   * What the engine still has. One that is gone costs only its own result.
   * @throws ToolError when there is none, or they cannot fit
   */
  async #checkSpace(imageIds: readonly string[], directory: string): Promise<readonly string[]> {
    const { stdout, stderr } = await this.#options.ask('image', 'inspect', '--format', '{{.Id}} {{.Size}}', ...imageIds)
    const sizes = new Map(stdout.split('\n').map(line => line.split(' ') as [string, string]))
    const present = imageIds.filter(id => sizes.has(id))
    if (present.length === 0) {
      const said = stderr.trim().split('\n').at(-1) ?? ''
      throw new ToolError(`the engine has none of the images any more: ${said}`, pruned)
    }
    // Shared layers are in every image's size, so only the biggest one is certain to be needed whole.
    const needed = present.reduce((most, id) => Math.max(most, Number(sizes.get(id))), 0)
    const { bavail, bsize } = await statfs(directory)
    if (needed > bavail * bsize)
      throw fullDisk(`${megabytes(bavail * bsize)} are free, one image has ${megabytes(needed)}`)
    return present
  }
}

/**
 * A BuildKit that is not Docker's own: nothing stays in it, so each build exports to disk at once. Each has a layout of
 * its own, since BuildKit's client cannot write two at a time into one, but they share the folder of blobs: a layer that
 * is there already is not sent again.
 */
export class BuilderStore implements ImageStore {
  /** Absolute. */
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async prepareOutput(tag: string, directory: string): Promise<readonly string[]> {
    const blobs = join(this.#directory, 'blobs')
    const layout = join(directory, 'layout')
    await mkdir(join(blobs, 'sha256'), { recursive: true })
    await mkdir(layout)
    await symlink(blobs, join(layout, 'blobs'))
    return ['--output', `type=oci,tar=false,dest=${layout},name=${tag},compression=uncompressed`]
  }

  async export(imageIds: readonly string[], layoutDir: string): Promise<Export> {
    await rename(this.#directory, layoutDir)
    return openLayout(layoutDir, await readBlobs(layoutDir), imageIds)
  }

  async clean(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}

const pruned = 'Check that the engine runs, and that nothing prunes images on this machine while the gate does.'

function inGroups<T>(items: readonly T[], most: number): T[][] {
  const groups = Array.from({ length: Math.min(most, items.length) }, (): T[] => [])
  for (const [index, item] of items.entries()) groups[index % most]?.push(item)
  return groups
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
