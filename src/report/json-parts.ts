/**
 * An object as JSON, part by part, with a list at its end whose items are made and written one after another: as one
 * text, very many of them would fill more memory than there is.
 * @param head what comes before the list
 * @param indent spaces a level, 0 for none
 */
export function* jsonParts(
  head: object,
  name: string,
  items: Iterable<unknown>,
  indent: number,
): Generator<string, void, undefined> {
  const [lineEnd, space] = indent === 0 ? ['', ''] : ['\n', ' ']
  const margin = (levels: number): string => ' '.repeat(indent * levels)
  const text = JSON.stringify(head, null, indent)
  const separator = text === '{}' ? '' : ','
  // All but the brace at the end.
  yield `${text.slice(0, -1).trimEnd()}${separator}${lineEnd}${margin(1)}${JSON.stringify(name)}:${space}[`
  let first = true
  for (const item of items) {
    const lines = JSON.stringify(item, null, indent).replaceAll('\n', `\n${margin(2)}`)
    yield `${first ? '' : ','}${lineEnd}${margin(2)}${lines}`
    first = false
  }
  yield `${first ? '' : `${lineEnd}${margin(1)}`}]${lineEnd}}\n`
}
