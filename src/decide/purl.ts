/** A package URL without qualifiers and subpath; see the package-url specification. */
export function splitPurl(purl: string): { name: string; version: string } {
  const plain = purl.split(/[?#]/)[0] ?? ''
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
  }
}
