/** Where on the web the lines of a file are. */
import type { LineRange, RunContext } from '../model.js'

/** The lines in the commit that was gated; undefined on somebody's own machine. */
export function lineAddress({ runUrl = '', sha }: RunContext, file: string, lines?: LineRange): string | undefined {
  const repository = /^(.+)\/actions\/runs\/\d+$/.exec(runUrl)?.[1]
  if (repository === undefined || sha === undefined) return undefined
  return `${repository}/blob/${sha}/${encodePath(file)}${lines === undefined ? '' : lineAnchor(lines)}`
}

function lineAnchor({ start, end }: LineRange): string {
  return start === end ? `#L${String(start)}` : `#L${String(start)}-L${String(end)}`
}

/** Thousands of findings are in the same few files. */
const encoded = new Map<string, string>()

/** A path as a relative reference (RFC 3986). */
export function encodePath(path: string): string {
  const known = encoded.get(path)
  if (known !== undefined) return known
  const reference = path.split('/').map(encodePart).join('/')
  encoded.set(path, reference)
  return reference
}

/** A part of an address. */
export function encodePart(text: string): string {
  // Half of a character is nothing that could be encoded.
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD')).replace(
    /[!'()*]/g,
    sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
