import type { ImageVerdict, JudgedFinding, Origin } from '../model.js'

/** The gating findings that one instruction brought; without an origin, those that could not be placed. */
export interface Cause {
  readonly origin: Origin | undefined
  readonly findings: readonly JudgedFinding[]
}

/** Groups the gating findings of an image by the instruction that brought them: in the Dockerfile's order, unplaced ones last. */
export function groupByCause({ findings }: ImageVerdict): readonly Cause[] {
  const groups = new Map<string, { origin: Origin | undefined; findings: JudgedFinding[] }>()
  for (const finding of findings) {
    if (finding.ruling !== 'gating') continue
    const key = String(finding.origin?.lines.start ?? '')
    const group = groups.get(key) ?? { origin: finding.origin, findings: [] }
    group.findings.push(finding)
    groups.set(key, group)
  }
  const line = ({ origin }: Cause): number => origin?.lines.start ?? Number.MAX_SAFE_INTEGER
  return [...groups.values()].sort((a, b) => line(a) - line(b))
}
