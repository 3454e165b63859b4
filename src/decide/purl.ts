/** The parts of a package URL that tell packages apart; see the package-url specification. */
export interface PurlParts {
  /** With type and namespace. */
  readonly name: string
  /** Empty where it has none. */
  readonly version: string
  /** For instance `distro`; the subpath as `#`. */
  readonly qualifiers: ReadonlyMap<string, string>
}

export function splitPurl(purl: string): PurlParts {
  const [whole = '', subpath] = purl.split('#')
  const [plain = '', query = ''] = whole.split('?')
  const at = plain.lastIndexOf('@')
  // The @ of an npm scope is percent-encoded, but not everybody knows.
  const versioned = at > plain.lastIndexOf('/')
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }
  return {
    name: decode(versioned ? plain.slice(0, at) : plain).toLowerCase(),
    version: versioned ? decode(plain.slice(at + 1)) : '',
    qualifiers: new Map([
      ...query.split('&').flatMap((text): [string, string][] => {
        const [key = '', ...value] = text.split('=')
        return key === '' ? [] : [[key.toLowerCase(), decode(value.join('='))]]
      }),
      ...(subpath === undefined ? [] : [['#', decode(subpath)] as const]),
    ]),
  }
}
