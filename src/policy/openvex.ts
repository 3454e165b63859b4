/** OpenVEX documents: what somebody who knows says about vulnerabilities that do no harm here, or are fixed. */
import type { Exception, PolicyPart } from '../model.js'
import { readDocument, type Checked } from './check.js'
import type { Mistakes } from './document.js'
import { vexSchema, type VexDocument, type VexPart, type VexProduct, type VexStatement } from './schema.js'

/** What a statement says about one vulnerability of one product. */
type Claim = Omit<Exception, 'source' | 'place' | 'reason'>

export function readOpenVex(file: string, text: string, mistakes: Mistakes): PolicyPart {
  const document = readDocument(file, text, vexSchema, mistakes)
  if (document === undefined) return { exceptions: [], warnings: [] }
  const holding = new Map<string, Exception>()
  for (const { statement, index } of inTimeOrder(document)) {
    for (const claim of claimsOf(statement)) {
      // A later statement about the same takes the place of an earlier one, and what harms takes back more than it names.
      const key = JSON.stringify(claim)
      holding.delete(key)
      if (statement.status !== 'not_affected' && statement.status !== 'fixed') {
        for (const [other, earlier] of holding) if (isPartOf(earlier, claim)) holding.delete(other)
        continue
      }
      holding.set(key, {
        ...claim,
        source: 'vex',
        reason: reasonOf(statement),
        place: document.place(['statements', index]),
      })
    }
  }
  return { exceptions: [...holding.values()], warnings: [] }
}

/** True when the claim is about nothing but what the other is about, too. */
function isPartOf(claim: Claim, other: Claim): boolean {
  const within = (some: readonly string[], all: readonly string[]): boolean =>
    all.length === 0 || (some.length > 0 && some.every(item => all.includes(item)))
  return claim.id === other.id && within(claim.images, other.images) && within(claim.packages, other.packages)
}

function inTimeOrder({ value }: Checked<VexDocument>): { statement: VexStatement; index: number }[] {
  const timeOf = ({ timestamp }: VexStatement): number => Date.parse(timestamp ?? value.timestamp ?? '') || 0
  return value.statements
    .map((statement, index) => ({ statement, index }))
    .sort((a, b) => timeOf(a.statement) - timeOf(b.statement))
}

/** One for each package that it names, so that a later statement about one of them replaces what was said of it. */
function claimsOf({ vulnerability, products, subcomponents }: VexStatement): Claim[] {
  const ids =
    typeof vulnerability === 'string' ? [vulnerability] : [vulnerability.name, ...(vulnerability.aliases ?? [])]
  const scopes = products.flatMap(product => scopesOf(product, subcomponents ?? []))
  return ids.flatMap(id => scopes.map(scope => ({ id, paths: [], ...scope })))
}

/** A product is an image (`pkg:oci/NAME`), perhaps with what in it is meant, or a package wherever it is. */
function scopesOf(product: VexProduct, ofStatement: readonly VexPart[]): Pick<Claim, 'images' | 'packages'>[] {
  const purl = purlOf(product)
  const image = decoded(/^pkg:oci\/(?:[^@?#]*\/)?([^@?#/]+)/.exec(purl)?.[1] ?? '')
  if (image === '') return [{ images: [], packages: [purl] }]
  const images = [image]
  const parts = (typeof product === 'string' ? undefined : product.subcomponents) ?? ofStatement
  return parts.length === 0 ? [{ images, packages: [] }] : parts.map(part => ({ images, packages: [purlOf(part)] }))
}

/** What is not well encoded names no image of ours, so it stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function purlOf(item: VexPart): string {
  return typeof item === 'string' ? item : (item.identifiers?.purl ?? item['@id'] ?? '')
}

function reasonOf({ status, justification, impact_statement: impact, status_notes: notes }: VexStatement): string {
  return (
    [status === 'fixed' ? 'fixed' : justification, impact, notes].filter(part => part !== undefined).join(': ') ||
    status
  )
}
