/** Reads foreign JSON, believing nothing: what is not as it should be is an error, never a default. */
import { IntegrityError } from '../errors.js'
import { findRepeatedKey } from './repeated-key.js'

export type JsonObject = Readonly<Record<string, unknown>>

export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadable('it is not JSON', error)
  }
  const key = findRepeatedKey(text)
  if (key !== undefined) throw unreadable(`an object has the key ${shown(key)} more than once`)
  return value
}

export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw unreadable(`${where} is not an object`)
}

/** An object; absent is an empty one, as Trivy writes it. */
export function optionalObject(value: unknown, where: string): JsonObject {
  return value === undefined ? {} : asObject(value, where)
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw unreadable(`${where} is not a list`)
}

/** A list of objects; absent is empty, as Trivy writes it. */
export function objectsOf(value: unknown, where: string): readonly JsonObject[] {
  return value === undefined ? [] : asArray(value, where).map(item => asObject(item, `${where}[]`))
}

export function asString(value: unknown, where: string): string {
  const text = optionalString(value, where)
  if (text === undefined) throw unreadable(`${where} is missing`)
  return text
}

/** A text; absent and empty both say nothing. */
export function optionalString(value: unknown, where: string): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw unreadable(`${where} is not a text`)
}

/** A property that is only there when it says something. */
export function optional<K extends string>(key: K, from: JsonObject, name: string): Partial<Record<K, string>> {
  const text = optionalString(from[name], name)
  return text === undefined ? {} : ({ [key]: text } as Record<K, string>)
}

/** A foreign value for the middle of a message. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}

export function unreadable(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(
    `Trivy’s report cannot be read: ${what}`,
    'Run again; if it stays, report it with the version of Trivy that the log names.',
    { cause },
  )
}
