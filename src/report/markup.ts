/** HTML in which nothing that came from elsewhere can be more than text. */
import { visible } from './characters.js'
import { shorten } from './text.js'

/** Characters of a text: one that comes from elsewhere may have any length. */
const maxText = 4000

/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = string | number | Markup | readonly Markup[]

/** A template whose values are made harmless wherever they stand: in text, or in an attribute in double quotes. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  // Strings that are added up are only copied once, at the very end; joined ones in every template around them.
  let text = ''
  for (const [at, part] of parts.entries()) text += part + textOf(values[at] ?? '')
  return new Markup(text)
}

export const nothing = new Markup('')

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.reduce((all, { text }) => all + text, '')
  return visible(shorten(String(value), maxText)).replace(
    /[&<>"']/g,
    character => `&#${String(character.charCodeAt(0))};`,
  )
}

/** A link, where the address is a web address; otherwise the text alone. */
export function anchor(text: string, address: string | undefined): Markup {
  return address !== undefined && /^https:\/\//.test(address)
    ? markup`<a href="${address}" rel="noreferrer">${text}</a>`
    : markup`${text}`
}

/** A column by its title; numbers stand at the right. */
export type Column = string | { readonly number: string }

/** @param rows each a `<tr>` @param name what the style knows it by */
export function table(header: readonly Column[], rows: readonly Markup[], name = ''): Markup {
  const cells = header.map(column =>
    typeof column === 'string'
      ? markup`<th scope="col">${column}</th>`
      : markup`<th scope="col" class="number">${column.number}</th>`,
  )
  return markup`<div class="wide">
    <table class="${name}">
      <thead>
        <tr>
          ${cells}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div> `
}
