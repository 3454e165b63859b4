/** What the fuzz tests have in common: hostile texts and values, and what can become of real input on its way. */
import fc from 'fast-check'

const factor = Number(process.env['FUZZ_RUNS'] ?? '1')
if (!(factor > 0)) throw new Error(`FUZZ_RUNS is no number: ${String(process.env['FUZZ_RUNS'])}`)

/** `FUZZ_RUNS=20` hunts for twenty times as long. */
export function runs(number: number): { readonly numRuns: number } {
  return { numRuns: Math.ceil(number * factor) }
}

/** Milliseconds that a test may take. */
export const patience = 120_000 * Math.max(1, factor)

/** As much text as somebody may put into a file to slow a parser down. */
export const long = 200_000

/** Milliseconds that this process has computed so far: on a busy machine the clock on the wall says more of others. */
export function workTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Runs something and says how long it computed, in milliseconds. */
export function timed(work: () => void): number {
  const started = workTime()
  work()
  return workTime() - started
}

/** Generous, and far from what a quadratic algorithm takes for `long`. */
export const quickly = 12_000

const nasty = [
  ...[
    '\0',
    '\u0007',
    '\u001B[31m',
    '\r',
    '\n',
    '\r\n',
    '\t',
    '\u2028',
    '\uFEFF',
    '\u202E',
    '\u2066',
    '\u200B',
    '\u00AD',
  ],
  ...['\uD800', '\uDFFF', '\uFFFD', '🚀', 'é', 'İ', '::error::x', '::stop-commands::x', '##[error]x', '%0A', '%E0%A4'],
  ...['<script>', '</td>', '-->', '<!--', '&lt;', '](x)', '`', '```', '|', '@octocat', '#1', '$(x)', '${x}', '{{x}}'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../x',
    '/',
    '//',
    '.',
    '..',
    '\\',
    '"',
    "'",
    '[',
    '{',
    '*',
    '**',
    '!',
    '?',
  ],
  ...[
    '-',
    '--',
    '- ',
    ': ',
    '# ',
    '&a',
    '*a',
    '<<',
    '!!x',
    '%',
    'sha256:',
    'null',
    'true',
    '1e999',
    '-0',
    '9'.repeat(400),
  ],
]

export const hostileText = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 5 })), { maxLength: 6 })
    .map(parts => parts.join('')),
)

/** Stand for what `JSON.stringify` cannot write, until `toText` puts it there. */
const written: Readonly<Record<string, string>> = {
  '@infinity': '1e999',
  '@digits': '9'.repeat(400),
  '@minus-zero': '-0',
  '@deep-list': `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  '@deep-object': `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  '@lone-surrogate': '"\\ud800"',
}

/** Values of every type, where another was expected. */
export const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, '', ' ', '0', 'x'.repeat(5000)],
  ...[[], {}, [[]], [{}], [null], [''], { length: 3 }, { toString: null, valueOf: null }, { a: { b: { c: [] } } }],
  ...Object.keys(written),
]

export const oddValue = fc.oneof(fc.constantFrom(...oddValues), hostileText, fc.jsonValue({ maxDepth: 2 }))

/** JSON, with what only text can say. */
export function toText(value: unknown): string {
  return ((JSON.stringify(value) as string | undefined) ?? 'null').replace(
    /"(@[a-z-]+)"/g,
    (whole, name: string) => written[name] ?? whole,
  )
}

export type Path = readonly (string | number)[]

/** Of every value inside, the value itself included. */
export function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const keys: Path = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value)
  return [at, ...keys.flatMap(key => pathsOf((value as Record<string, unknown>)[key], [...at, key]))]
}

export type Mutation =
  | { readonly kind: 'delete' | 'repeat' | 'wrap' | 'empty' }
  | { readonly kind: 'replace'; readonly value: unknown }
  | { readonly kind: 'rename'; readonly key: string }
  | { readonly kind: 'add'; readonly key: string; readonly value: unknown }

/** A copy of the value in which one thing is changed. What is not there any more stays away. */
export function mutate(value: unknown, path: Path, mutation: Mutation): unknown {
  const [key, ...rest] = path
  if (key === undefined) return mutateRoot(value, mutation)
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value
  if (rest.length > 0) {
    const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
    return put(copy, key, mutate((value as Record<string, unknown>)[key], rest, mutation))
  }
  return Array.isArray(value) ? mutateItem(value, Number(key), mutation) : mutateEntry(value, String(key), mutation)
}

function mutateRoot(value: unknown, mutation: Mutation): unknown {
  switch (mutation.kind) {
    case 'replace':
      return mutation.value
    case 'wrap':
      return [value]
    case 'repeat':
      return [value, value]
    case 'add':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? put({ ...value }, mutation.key, mutation.value)
        : value
    case 'empty':
      return emptied(value)
    default:
      return null
  }
}

function mutateItem(list: readonly unknown[], at: number, mutation: Mutation): unknown[] {
  const item = list[at]
  if (mutation.kind === 'delete') return list.toSpliced(at, 1)
  if (mutation.kind === 'repeat') return list.toSpliced(at, 0, item, item)
  return list.with(at, mutation.kind === 'rename' ? { [mutation.key]: item } : mutateRoot(item, mutation))
}

function mutateEntry(object: object, key: string, mutation: Mutation): object {
  const { [key]: old, ...rest } = object as Record<string, unknown>
  if (mutation.kind === 'delete') return rest
  if (mutation.kind === 'rename') return put(rest, mutation.key, old)
  return put({ ...object }, key, mutateRoot(old, mutation))
}

/** Also where the key is `__proto__`. */
function put<T extends object>(object: T, key: string | number, value: unknown): T {
  return Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return []
  return typeof value === 'object' ? {} : typeof value === 'string' ? '' : 0
}

const anyKey = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'length', 'toString', '', '0'), hostileText)

export const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constantFrom<Mutation>({ kind: 'delete' }, { kind: 'repeat' }, { kind: 'wrap' }, { kind: 'empty' }),
  oddValue.map((value): Mutation => ({ kind: 'replace', value })),
  anyKey.map((key): Mutation => ({ kind: 'rename', key })),
  fc.tuple(anyKey, oddValue).map(([key, value]): Mutation => ({ kind: 'add', key, value })),
)

/**
 * What becomes of an original. It is applied in the property and not before, so that fast-check shows and shrinks the
 * changes, not what they make.
 */
export type Changes = readonly (readonly [path: Path, mutation: Mutation])[]

/** One to four things changed, at any depth. */
export function anyChanges(original: unknown): fc.Arbitrary<Changes> {
  return fc.array(fc.tuple(fc.constantFrom(...pathsOf(original)), anyMutation), { minLength: 1, maxLength: 4 })
}

export function change(original: unknown, changes: Changes): unknown {
  return changes.reduce((value, [path, mutation]) => mutate(value, path, mutation), original)
}

/** From a place (0 to 1) so many characters are replaced, by a text that is repeated. */
export type TextChanges = readonly (readonly [place: number, length: number, instead: string, times: number])[]

/** A text cut short, with parts taken out, and with hostile ones put in. */
export const anyTextChanges: fc.Arbitrary<TextChanges> = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(fc.constantFrom(0, 0, 1, 2, 10, 100), fc.constant(Number.MAX_SAFE_INTEGER)),
    hostileText,
    fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 2000 })),
  ),
  { minLength: 1, maxLength: 4 },
)

export function changeText(original: string, changes: TextChanges): string {
  return changes.reduce((text, [place, length, instead, times]) => {
    const at = Math.floor(place * text.length)
    return text.slice(0, at) + instead.repeat(times) + text.slice(Math.min(text.length, at + length))
  }, original)
}

export type ByteChanges = readonly (readonly [place: number, length: number, instead: Uint8Array])[]

/** Bytes cut short, replaced and moved. */
export const anyByteChanges: fc.Arbitrary<ByteChanges> = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(fc.constantFrom(0, 1, 8, 512), fc.constant(Number.MAX_SAFE_INTEGER)),
    fc.uint8Array({ maxLength: 16 }),
  ),
  { minLength: 1, maxLength: 4 },
)

export function changeBytes(original: Buffer, changes: ByteChanges): Buffer {
  return changes.reduce<Buffer>((bytes, [place, length, instead]) => {
    const at = Math.floor(place * bytes.length)
    return Buffer.concat([bytes.subarray(0, at), instead, bytes.subarray(Math.min(bytes.length, at + length))])
  }, original)
}
