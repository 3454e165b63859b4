/** Text of SARIF in which nothing that came from elsewhere is more than text. */
import { visible } from './characters.js'

/**
 * A viewer makes links of `[text](address)` even in plain messages (SARIF 2.1.0, section 3.11.6), so that is taken apart.
 */
export function sarifText(text: string): string {
  return visible(text.replace(/[\n\t]+/g, ' ')).replace(/\](?=\()/g, '] ')
}
