/** The shapes that Dockerfiles come in, each with marks that tell which line made what. */
import { readFileSync } from 'node:fs'

export interface Shape {
  readonly name: string
  readonly dockerfile: string
  /** The line of the FROM that names the image's base. */
  readonly from: number
  /** Only for engines with a Dockerfile syntax of 1.4 or later. */
  readonly modern: boolean
}

/** Names for base images that each engine gets first. */
export const bases = {
  BASE: 'image-gate-shapes:1',
  'ONBUILD-BASE': 'image-gate-shapes:onbuild',
  'SQUASHED-BASE': 'image-gate-shapes:squashed',
  'IMPORTED-BASE': 'image-gate-shapes:imported',
} as const

/**
 * `shapes.txt` has them one after another: `=== NAME [FLAG...]`, then the Dockerfile. In it `@N` is the number of the
 * line that it is in, less N: what an instruction puts under `/at/LINE` is thus known to come from that line.
 */
export function readShapes(): readonly Shape[] {
  const text = readFileSync(new URL('shapes.txt', import.meta.url), 'utf8')
  return text.split(/^=== /m).slice(1).map(readShape)
}

function readShape(text: string): Shape {
  const [title = '', ...rest] = text.replace(/\n+$/, '\n').split('\n')
  const { name = '', flags = '' } = /^(?<name>.*?)(?: \[(?<flags>.*)\])?$/.exec(title)?.groups ?? {}
  const has = (flag: string): boolean => flags.split(' ').includes(flag)
  const lines = rest.map((line, at) =>
    line
      .replace(/@(\d)/g, (_, less: string) => String(at + 1 - Number(less)))
      .replace(/\b(?:[A-Z]+-)?BASE\b/g, base => bases[base as keyof typeof bases]),
  )
  const plain = has('no-end') ? lines.join('\n').trimEnd() : lines.join('\n')
  const dockerfile = (has('bom') ? '\uFEFF' : '') + (has('crlf') ? plain.replaceAll('\n', '\r\n') : plain)
  const from = /from=(\d+)/.exec(flags)?.[1] ?? lines.findIndex(line => /^\s*from\s/i.test(line)) + 1
  return { name, dockerfile, from: Number(from), modern: has('modern') }
}
