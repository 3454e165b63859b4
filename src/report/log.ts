/** What the log says on the way, for whoever watches. */
import { imageTitle, type Change, type Discovery, type ScannerInfo, type SkipReason, type Verdict } from '../model.js'
import type { Console } from '../ports.js'
import { visible } from './characters.js'
import { durationText, skipText, stateText } from './text.js'

export function tellDiscovery(
  { images, skipped, ignored }: Discovery,
  { imagesRoot }: { readonly imagesRoot: string },
  console: Console,
): void {
  const tell = (text: string): void => {
    console.info(visible(text))
  }
  if (images.length === 0) tell(`There is nothing to gate under ${imagesRoot}.`)
  else tell(`Images under ${imagesRoot}: ${images.map(({ name }) => name).join(', ')}`)
  const reasons: readonly SkipReason[] = ['images', 'only-changed']
  for (const reason of reasons) {
    const names = skipped.filter(skip => skip.reason === reason).map(({ image }) => image.name)
    if (names.length > 0) tell(`Skipped, ${skipText(reason)}: ${names.join(', ')}`)
  }
  for (const { name, safeName } of images) {
    if (name !== safeName) tell(`${name} is built as ${safeName}: its name cannot stand in an image reference.`)
  }
  for (const { path, reason } of ignored) tell(`Not an image: ${path}: ${reason}`)
}

export function tellScanner({ version, source, database }: ScannerInfo, console: Console): void {
  console.info(`Trivy ${version}, from ${source}`)
  if (database === undefined) return
  console.info(`Vulnerability database of ${database.updatedAt.slice(0, 10)}, from ${database.repository}`)
}

export function tellStates({ images }: Verdict, console: Console): void {
  for (const verdict of images) {
    if (verdict.state === 'skipped') continue
    const took = durationText(verdict.buildDuration + verdict.scanDuration)
    console.progress(imageTitle(verdict.image), stateText(verdict), `in ${took}`)
  }
}

export function tellChange(change: Change | undefined, console: Console): void {
  if (change !== undefined) console.info(`The commit before this change is ${change.base}.`)
}
