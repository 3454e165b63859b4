import type { ImageVerdict, Report } from '../model.js'
import { visible } from './characters.js'
import { nextStep } from './steps.js'
import { countsText, headline, imagesIn } from './text.js'

/** More names than this are in the summary, not in one line of a log. */
const maxNames = 10

/** The last line of the log: which result it is, why, and what to do next. */
export function renderClosing(report: Report): string {
  const { verdict } = report
  const reasons = [
    // Images that were not gated since the run ended early say nothing else.
    ...(verdict.problem?.messages ??
      list(imagesIn(report, 'build-failed', 'scan-failed'), ({ failure }) => failure?.message ?? '')),
    ...list(imagesIn(report, 'vulnerable'), ({ counts }) => countsText(counts)),
  ]
  const why = reasons.map(reason => reason.replace(/\.$/, '')).join('; ')
  const step = nextStep(report)
  return visible(`${headline(report)}${why === '' ? '' : `: ${why}`}.${step === '' ? '' : ` ${step}`}`)
}

function list(images: readonly ImageVerdict[], reason: (image: ImageVerdict) => string): string[] {
  const named = images.slice(0, maxNames).map(image => `${image.image.name} (${reason(image)})`)
  const rest = images.length - named.length
  return rest === 0 ? named : [...named, `and ${String(rest)} more`]
}
