/** Reads foreign JSON, believing nothing: what is not as it should be is an error, never a default. */
import { IntegrityError } from '../errors.js'

export type JsonObject = Readonly<Record<string, unknown>>

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable('it is not JSON', error)
  }
}

export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw unreadable(`${where} is not an object`)
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw unreadable(`${where} is not a list`)
}

/** A list of objects; absent is empty, as Trivy writes it. */
export function objectsOf(value: unknown, where: string): readonly JsonObject[] {
  return asArray(value ?? [], where).map(item => asObject(item, `${where}[]`))
}

export function asString(value: unknown, where: string): string {
  const text = optionalString(value)
  if (text === undefined) throw unreadable(`${where} is missing`)
  return text
}

export function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A property that is only there when it says something. */
export function optional<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  const text = optionalString(value)
  return text === undefined ? {} : ({ [key]: text } as Record<K, string>)
}

export function unreadable(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(
    `Trivy’s report cannot be read: ${what}`,
    'Run again; if it stays, report it with the version of Trivy that the log names.',
    { cause },
  )
}
