/** Checks a document by a schema, and says all that is wrong with it, each at its place. */
import * as v from 'valibot'
import { clean, openDocument, type KeyPath, type Mistakes, type YamlDocument } from './document.js'

/** A file that is what its schema wants. */
export interface Checked<T> extends YamlDocument {
  readonly value: T
}

/** @returns undefined when there are mistakes, which are then noted */
export function readDocument<S extends v.GenericSchema>(
  file: string,
  text: string,
  schema: S,
  mistakes: Mistakes,
): Checked<v.InferOutput<S>> | undefined {
  const document = openDocument(file, text, mistakes)
  return document === undefined ? undefined : checkDocument(document, schema)
}

/** @returns undefined when there are mistakes, which are then noted */
export function checkDocument<S extends v.GenericSchema>(
  document: YamlDocument,
  schema: S,
): Checked<v.InferOutput<S>> | undefined {
  const result = v.safeParse(schema, document.raw)
  if (result.success) {
    const { raw } = document
    return {
      value: result.output,
      raw,
      place: path => document.place(path),
      refuse: (...what) => {
        document.refuse(...what)
      },
    }
  }
  for (const issue of result.issues) report(issue, document)
  reportFurtherKeys(result.issues, document, schema)
  return undefined
}

/** More often than this a mapping is not looked at again. */
const maxLooks = 20

/** The library stops at the first unknown key of a mapping: without it, the next one comes to light. */
function reportFurtherKeys(
  issues: readonly v.BaseIssue<unknown>[],
  document: YamlDocument,
  schema: v.GenericSchema,
): void {
  const rest: unknown = structuredClone(document.raw)
  let unknown = issues.filter(isUnknownKey)
  for (let look = 0; look < maxLooks && unknown.length > 0; look += 1) {
    for (const issue of unknown) remove(rest, keysOf(issue))
    unknown = (v.safeParse(schema, rest).issues ?? []).filter(isUnknownKey)
    for (const issue of unknown) report(issue, document)
  }
}

function isUnknownKey({ type, expected }: v.BaseIssue<unknown>): boolean {
  return type === 'strict_object' && expected === 'never'
}

function remove(value: unknown, path: KeyPath): void {
  const parent = path.slice(0, -1).reduce((at: unknown, key) => (at as Record<string, unknown>)[String(key)], value)
  Reflect.deleteProperty(parent as object, String(path.at(-1)))
}

function report(issue: v.BaseIssue<unknown>, document: YamlDocument): void {
  // Of what a union has against a value, that which one of its members says of a part of it says more.
  const inner = issue.issues?.find(({ path, kind }) => path !== undefined || kind === 'validation')
  const path = [...keysOf(issue), ...(inner === undefined ? [] : keysOf(inner))]
  const { type, message, input } = inner ?? issue
  if (type === 'strict_object' || type === 'loose_object') document.refuse(path, clean(message, 400))
  else document.refuse(path, `${clean(nameOf(path))} ${message}, not ${clean(shown(input))}`)
}

function keysOf({ path }: v.BaseIssue<unknown>): (string | number)[] {
  return (path ?? []).map(item => item.key as string | number)
}

/** `exceptions[2].id` */
function nameOf(path: KeyPath): string {
  return path
    .map(key => (typeof key === 'number' ? `[${String(key)}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}
