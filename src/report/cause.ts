import type { ImageVerdict, JudgedFinding, Origin } from '../model.js'

/** The gating findings that one instruction brought; without an origin, those that could not be placed. */
export interface Cause {
  readonly origin: Origin | undefined
  readonly findings: readonly JudgedFinding[]
}

/** Several renderings ask for the same, and there may be very many findings. */
const known = new WeakMap<ImageVerdict, readonly Cause[]>()

/** Groups the gating findings of an image by the instruction that brought them: in the Dockerfile's order, unplaced ones last. */
export function groupByCause(image: ImageVerdict): readonly Cause[] {
  const causes = known.get(image) ?? group(image)
  known.set(image, causes)
  return causes
}

function group({ findings }: ImageVerdict): readonly Cause[] {
  const groups = new Map<string, { origin: Origin | undefined; findings: JudgedFinding[] }>()
  for (const finding of findings) {
    if (finding.ruling !== 'gating') continue
    const key = String(finding.origin?.lines.start ?? '')
    const cause = groups.get(key) ?? { origin: finding.origin, findings: [] }
    cause.findings.push(finding)
    groups.set(key, cause)
  }
  const line = ({ origin }: Cause): number => origin?.lines.start ?? Number.MAX_SAFE_INTEGER
  return [...groups.values()].sort((a, b) => line(a) - line(b))
}
