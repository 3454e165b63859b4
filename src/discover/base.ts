/** The images as they were before a change, for those that are compared. */
import { GateError } from '../errors.js'
import type { Comparison, ImageContext } from '../model.js'
import type { CheckedOut, Files, Repository } from '../ports.js'
import { isBelow, type History } from './change.js'
import { discoverImages } from './images.js'
import { findLockFiles } from './lock-files.js'

export interface BaseImages {
  readonly images: readonly ImageContext[]
  /** Where they lie, if there are any. Absolute. */
  readonly workspace?: string
  /** By image name: as asked, or `failed` for those that cannot be had. */
  readonly comparisons: ReadonlyMap<string, Comparison>
}

export interface BaseRequest {
  readonly history: History
  readonly comparisons: ReadonlyMap<string, Comparison>
  /** Relative to the workspace, with forward slashes. */
  readonly imagesRoot: string
}

/** @param images for which it matters what the change brings: of these, those that it touches are compared */
export async function findBaseImages(
  images: readonly ImageContext[],
  { history, comparisons, imagesRoot }: BaseRequest,
  { repository, files }: { readonly repository: Repository; readonly files: Files },
): Promise<BaseImages> {
  const names = images.map(({ name }) => name).filter(name => comparisons.get(name)?.status === 'compared')
  if (history.status !== 'known' || names.length === 0) return { images: [], comparisons }
  try {
    const { directory: workspace, incomplete } = await repository.checkOut(history.base, imagesRoot)
    const found = await discoverImages(
      { workspace, imagesRoot, include: [], allowEmpty: true, revision: 'base' },
      files,
    )
    const wanted = found.images.filter(({ name }) => names.includes(name))
    const cut = new Map(wanted.flatMap(image => lacks(image, incomplete)))
    const images = wanted.filter(({ name }) => !cut.has(name))
    return {
      images: await findLockFiles(images, workspace, files),
      workspace,
      comparisons: new Map([...comparisons, ...cut]),
    }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const failed: Comparison = { status: 'failed', reason: error.message }
    return { images: [], comparisons: new Map([...comparisons, ...names.map(name => [name, failed] as const)]) }
  }
}

/** An image without a part of its context would be another one, so nothing of it counts as known before. */
function lacks({ name, sources }: ImageContext, incomplete: CheckedOut['incomplete']): [string, Comparison][] {
  const part = incomplete.find(({ path }) => sources.some(source => isBelow(path, source) || isBelow(source, path)))
  if (part === undefined) return []
  const reason = `before the change ${part.path} is ${part.what}, whose content is not in the commit`
  return [[name, { status: 'failed', reason }]]
}
