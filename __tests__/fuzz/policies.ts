/** What the fuzz tests of policies have in common. */
import { exceptionFinder } from '../../src/decide/exception.js'
import { resolveRules } from '../../src/decide/rules.js'
import { ConfigurationError } from '../../src/errors.js'
import type { Exception, Policy } from '../../src/model.js'
import { idlePatterns } from '../../src/policy/patterns.js'
import { readPolicy } from '../../src/policy/read.js'
import { aFinding } from '../builders.js'

export const file = '.github/image-gate.yml'
export const now = new Date('2026-08-02T10:00:00Z')

/** @returns undefined where the policy is refused, with the place of each mistake */
export async function attempt(files: Readonly<Record<string, string>>): Promise<Policy | undefined> {
  try {
    const read = await readPolicy(file, async path => (Object.hasOwn(files, path) ? files[path] : undefined), now)
    use(read)
    return read
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    for (const message of error.messages) expect(message).toMatch(/^(\S.*:\d+:\d+: .|and \d+ more mistakes$)/s)
    return undefined
  }
}

/** What is read can be judged by. */
function use(read: Policy): void {
  const names = ['web', 'web-1', '__proto__', '[x]', 'a'.repeat(250)]
  idlePatterns(read, names)
  for (const name of names) resolveRules(read, {}, name)
  const find = exceptionFinder(read.exceptions, now)
  for (const { id, images, packages } of read.exceptions.slice(0, 100)) {
    const [name = 'x', image = 'web'] = [packages[0], images[0]]
    find(aFinding({ id, package: { ...aFinding().package, name, path: 'usr/lib/x' } }), image)
    find({ kind: 'secret', id, severity: 'HIGH', path: '/app/key' }, 'web')
  }
}

export type Entry = Readonly<Record<string, unknown>>

export const entriesOf = (value: unknown): readonly Entry[] => (Array.isArray(value) ? (value as Entry[]) : [])

/** The list that an entry has under a key; nothing where it does not have the key. */
function given(entry: Entry, key: string): readonly string[] {
  const value = entry[key]
  return (value === undefined ? [] : Array.isArray(value) ? (value as string[]) : [value as string]).map(text =>
    text.trim(),
  )
}

export function expectScope(
  exception: Exception | undefined,
  entry: Entry,
  keys: Record<'images' | 'packages' | 'paths', string>,
): void {
  expect(exception?.id).toBe(String(entry['id']).trim())
  for (const [scope, key] of Object.entries(keys) as ['images' | 'packages' | 'paths', string][]) {
    expect(exception?.[scope]).toEqual(given(entry, key))
    // What is there narrows the exception, and is not passed over.
    expect((exception?.[scope].length ?? 0) > 0).toBe(entry[key] !== undefined)
  }
}
