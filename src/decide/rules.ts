/** Which rules hold for an image: an input before the policy file, the policy file before the default. */
import picomatch from 'picomatch'
import type { ImageRules, Policy, PolicyRules, RuleName, Rules, RuleSource } from '../model.js'

export const defaultRules: Rules = {
  severity: ['CRITICAL', 'HIGH', 'MEDIUM'],
  ignoreUnfixed: true,
  gateOn: 'all',
  scanners: ['vuln'],
  lockFiles: true,
  gateEndOfLife: false,
  gateUnrecognised: false,
}

export const ruleNames = Object.keys(defaultRules) as RuleName[]

/**
 * The rules of one image. In the policy file the most specific entry under `images` that sets a rule wins: a name before
 * a glob, a longer glob (without its wildcards) before a shorter one, and of two alike the later.
 * @param given by inputs
 */
export function resolveRules(policy: Policy, given: Partial<Rules>, imageName: string): ImageRules {
  const layers: { rules: PolicyRules; pattern?: string }[] = [
    { rules: policy.rules },
    ...policy.images
      .filter(({ pattern }) => matchesName(imageName, pattern))
      .sort((a, b) => specificity(imageName, a.pattern) - specificity(imageName, b.pattern)),
  ]
  const resolve = <N extends RuleName>(name: N): { value: Rules[N]; source: RuleSource } => {
    const value = given[name]
    if (value !== undefined) return { value: value, source: { from: 'input' } }
    const layer = layers.findLast(({ rules }) => rules[name] !== undefined)
    const set = layer?.rules[name]
    if (set === undefined) return { value: defaultRules[name], source: { from: 'default' } }
    const pattern = layer?.pattern === undefined ? {} : { pattern: layer.pattern }
    return { value: set.value, source: { from: 'policy', place: set.place, ...pattern } }
  }
  const resolved = ruleNames.map(name => ({ name, ...resolve(name) }))
  return {
    rules: Object.fromEntries(resolved.map(({ name, value }) => [name, value])) as unknown as Rules,
    sources: Object.fromEntries(resolved.map(({ name, source }) => [name, source])) as ImageRules['sources'],
  }
}

/** A name that holds glob characters matches itself too. */
export function matchesName(name: string, pattern: string): boolean {
  return name === pattern || picomatch.isMatch(name, pattern, { dot: true })
}

function specificity(name: string, pattern: string): number {
  return name === pattern ? Number.MAX_SAFE_INTEGER : pattern.replace(/[*?[\]{}()!+@|]/g, '').length
}

/** True when what an image was before the change may matter for some image. */
export function comparesAny(policy: Policy, given: Partial<Rules>): boolean {
  if (given.gateOn !== undefined) return given.gateOn === 'introduced'
  return [policy.rules, ...policy.images.map(({ rules }) => rules)].some(({ gateOn }) => gateOn?.value === 'introduced')
}
