/** Text of SARIF in which nothing that came from elsewhere is more than text. */
import { visible } from './characters.js'
import { shorten } from './text.js'

/** Characters of a text: GitHub shows no more of a rule's description. */
const maxText = 1024

/**
 * A viewer makes links of `[text](address)` even in plain messages (SARIF 2.1.0, section 3.11.6), so that is taken apart.
 */
export function sarifText(text: string): string {
  return visible(shorten(text, maxText).replace(/[\n\t]+/g, ' ')).replace(/\](?=\()/g, '] ')
}
