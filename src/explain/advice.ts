/** What to do about what blocks: computed from the findings, nothing guessed. Pure. */
import {
  severities,
  type Advice,
  type ImageVerdict,
  type JudgedFinding,
  type Verdict,
  type Vulnerability,
} from '../model.js'
import { fixingVersion } from './version.js'

interface Placed {
  readonly image: string
  readonly finding: JudgedFinding
}

/** One piece of advice for each cause; what removes most comes first, what nobody can mend yet last. */
export function adviseOn({ images }: Verdict): readonly Advice[] {
  const groups = new Map<string, Placed[]>()
  for (const { image, findings, os } of images) {
    const release = releaseOf(os)
    for (const finding of findings) {
      if (finding.ruling !== 'gating') continue
      const key = causeOf(finding, release)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [{ image: image.name, finding }])
      else group.push({ image: image.name, finding })
    }
  }
  return [...groups]
    .map(([key, placed]) => ({ key, worst: worstOf(placed), advice: adviseOnGroup(placed) }))
    .sort(
      (a, b) =>
        rank(a.advice) - rank(b.advice) ||
        b.advice.removes - a.advice.removes ||
        a.worst - b.worst ||
        (a.key < b.key ? -1 : 1),
    )
    .map(({ advice }) => advice)
}

/** The place of the worst severity among all. */
function worstOf(placed: readonly Placed[]): number {
  return placed.reduce<number>(
    (worst, { finding }) => Math.min(worst, severities.indexOf(finding.severity)),
    severities.length,
  )
}

const rank = ({ action }: Advice): number => (action === 'wait' ? 1 : 0)

/**
 * The distribution's release: `debian 12`, `alpine 3.19`. The versions that fix a package in one are no versions of
 * another.
 */
function releaseOf(os: ImageVerdict['os']): string {
  const numbers = os?.family === 'alpine' || os?.family === 'ubuntu' ? 2 : 1
  return os === undefined ? '' : `${os.family} ${os.name.split('.').slice(0, numbers).join('.')}`
}

/** What has the same cause goes away together. */
function causeOf(finding: JudgedFinding, release: string): string {
  const base = finding.origin?.fromBase === true ? finding.origin.instruction : undefined
  if (finding.kind === 'end-of-life') return `base ${baseName(base ?? '')}`
  if (finding.kind !== 'vulnerability') return `mend ${finding.id}`
  if (finding.fixedVersion === undefined) return 'wait'
  if (base !== undefined) return `base ${baseName(base)}`
  const { name, type, class: kind } = finding.package
  return `upgrade ${kind === 'os-pkgs' ? release : ''} ${type} ${name}`
}

function adviseOnGroup(placed: readonly Placed[]): Advice {
  const common = { removes: placed.length, images: [...new Set(placed.map(({ image }) => image))].sort() }
  const findings = placed.map(({ finding }) => finding)
  const [first] = findings
  const [kind = ''] = first === undefined ? [] : causeOf(first, '').split(' ')
  if (first === undefined || kind === 'wait') return { ...common, action: 'wait' }
  if (kind === 'base') return { ...common, action: 'rebuild', base: baseName(first.origin?.instruction ?? '') }
  if (first.kind !== 'vulnerability') {
    return { ...common, action: 'mend', id: first.id, ...(first.title === undefined ? {} : { title: first.title }) }
  }
  const version = fixingVersion(
    findings.filter((finding): finding is JudgedFinding & Vulnerability => finding.kind === 'vulnerability'),
  )
  return { ...common, action: 'upgrade', package: first.package.name, ...(version === undefined ? {} : { version }) }
}

/** The same few instructions brought thousands of findings. */
const baseNames = new Map<string, string>()

/** The image that FROM names; empty where the line says none. */
function baseName(instruction: string): string {
  const known = baseNames.get(instruction)
  if (known !== undefined) return known
  const [, ...words] = instruction.split(/\s+/)
  const name = words.find(word => !word.startsWith('--')) ?? ''
  baseNames.set(instruction, name)
  return name
}
