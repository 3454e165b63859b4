/**
 * Reads the headers of a tar archive exactly as Go's `archive/tar` does, which engines and Trivy use, while it streams by. Where
 * readers may differ (sparse files, unknown types, contradictions) it refuses the archive: one reader must not see another file.
 */
import { posix } from 'node:path'
import type { LayerEntry } from '../ports.js'

/** Bytes. Of headers too long for a block Go reads no more (`maxSpecialFileSize` in `archive/tar/format.go`). */
const maxExtended = 1 << 20

const block = 512

/** Bytes of a path on Linux (`PATH_MAX`). */
const maxPath = 4096

/** What headers before an entry say of it. */
interface Extended {
  path?: string
  target?: string
  bytes?: number
  /** The dialect that says it: two for one entry are a contradiction. */
  by?: 'pax' | 'gnu'
}

export class TarHeaders {
  readonly #see: (entry: LayerEntry) => void
  readonly #content: ((chunk: Buffer) => void) | undefined
  /** The part of a header, or of an extended header, that has come so far. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** What to collect before the next step. */
  #wanted = block
  #extendedType = ''
  #extendedName = ''
  /** Bytes of content, and then of padding, that go by. */
  #bytesLeft = 0
  #padding = 0
  #extended: Extended = {}
  #zeroBlocks = 0

  /**
   * @param see gets each entry when its header has been read
   * @param content gets the content of the entry that was seen last
   */
  constructor(see: (entry: LayerEntry) => void, content?: (chunk: Buffer) => void) {
    this.#see = see
    this.#content = content
  }

  /** @throws Error where the archive is not one that every reader reads alike */
  write(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#zeroBlocks === 2) {
        checkTrailer(chunk.subarray(at))
        return
      }
      const passing = Math.min(this.#bytesLeft, chunk.length - at)
      if (passing > 0) {
        this.#content?.(chunk.subarray(at, at + passing))
        this.#bytesLeft -= passing
        at += passing
        continue
      }
      const padding = Math.min(this.#padding, chunk.length - at)
      if (padding > 0) {
        this.#padding -= padding
        at += padding
        continue
      }
      const piece = chunk.subarray(at, at + this.#wanted - this.#pendingBytes)
      at += piece.length
      this.#pending.push(piece)
      this.#pendingBytes += piece.length
      if (this.#pendingBytes === this.#wanted) this.#step()
    }
  }

  /** @throws Error where the archive ends in the middle */
  end(): void {
    if (this.#pendingBytes > 0 || this.#bytesLeft > 0 || this.#padding > 0 || this.#extended.by !== undefined)
      throw new Error('the archive ends in the middle')
  }

  #step(): void {
    const [only] = this.#pending
    const data = this.#pending.length === 1 && only !== undefined ? only : Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#wanted = block
    if (this.#extendedType === '') {
      this.#readHeader(data)
      return
    }
    const type = this.#extendedType
    this.#extendedType = ''
    this.#padding = paddingOf(data.length)
    this.#readExtended(type, data)
  }

  #readHeader(header: Buffer): void {
    if (header.every(byte => byte === 0)) {
      this.#zeroBlocks += 1
      return
    }
    if (this.#zeroBlocks > 0) throw new Error('an empty block is followed by another entry')
    checkSum(header)
    const type = String.fromCharCode(header[156] ?? 0)
    const bytes = numberAt(header, 124, 12)
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      if (bytes === 0 || bytes > maxExtended) throw new Error('an extended header is empty or too long')
      this.#extendedType = type
      this.#extendedName = nameIn(header)
      this.#wanted = bytes
      return
    }
    this.#readEntry(header, type, bytes)
  }

  #readEntry(header: Buffer, typeFlag: string, ownBytes: number): void {
    const { path = nameIn(header), target = textAt(header, 157, 100), bytes = ownBytes } = this.#extended
    this.#extended = {}
    const type = typeFlag === '\0' && path.endsWith('/') ? '5' : typeFlag
    const kind = kinds[type]
    if (kind === undefined)
      throw new Error(`${shown(path)} is of a kind that readers do not read alike (${shown(type)})`)
    const mode = numberAt(header, 100, 8)
    checkMode(mode, kind, path)
    // As Go has it, only files have a content, whatever their header says.
    this.#bytesLeft = kind === 'file' ? bytes : 0
    this.#padding = paddingOf(this.#bytesLeft)
    this.#see({
      path: cleaned(path),
      kind,
      target: kind === 'hard-link' ? cleaned(target) : target.slice(0, maxPath),
      bytes: this.#bytesLeft,
      executable: (mode & 0o111) !== 0,
    })
  }

  #readExtended(type: string, data: Buffer): void {
    if (type === 'g') {
      // Go lets it change nothing, but gives it to its caller as an entry of its own.
      const { path = this.#extendedName } = readRecords(data)
      this.#see({ path: cleaned(path), kind: 'other', target: '', bytes: 0, executable: false })
      return
    }
    const by = type === 'x' ? 'pax' : 'gnu'
    if ((this.#extended.by ?? by) !== by) throw new Error('an entry has extended headers of two kinds')
    if (type === 'x') this.#extended = readRecords(data)
    else if (type === 'L') this.#extended = { ...this.#extended, by, ...given('path', upToNul(data)) }
    else this.#extended = { ...this.#extended, by, ...given('target', upToNul(data)) }
  }
}

const kinds: Readonly<Record<string, LayerEntry['kind']>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '3': 'other',
  '4': 'other',
  '5': 'folder',
  '6': 'other',
}

/**
 * A regular file whose mode says that it is a folder is one for Trivy and a file for engines (`FileInfo` of Go's
 * `archive/tar`).
 */
function checkMode(mode: number, kind: LayerEntry['kind'], path: string): void {
  const format = mode - (mode % 0o10000)
  if (kind === 'file' && (format !== 0 || path.endsWith('/')) && format !== 0o100000) {
    throw new Error(`${shown(path)} is a file, and its mode says otherwise`)
  }
}

/** Below the top of the image, without `.`. A name that climbs leads engines elsewhere than Trivy. */
function cleaned(path: string): string {
  if (path.length > maxPath) throw new Error(`the name ${shown(path)} is longer than a path can be`)
  if (path.split('/').includes('..')) throw new Error(`the name ${shown(path)} climbs`)
  return posix.normalize(path).replace(/^\/+|\/+$|^\.\/?$/g, '')
}

function paddingOf(bytes: number): number {
  return (block - (bytes % block)) % block
}

/** What follows the end is read by nobody; anything but zeros is there to be read by somebody after all. */
function checkTrailer(rest: Buffer): void {
  if (rest.some(byte => byte !== 0)) throw new Error('the archive has content after its end')
}

function checkSum(header: Buffer): void {
  let [unsigned, signed] = [0, 0]
  for (const [at, byte] of header.entries()) {
    const value = at >= 148 && at < 156 ? 0x20 : byte
    unsigned += value
    signed += value > 127 ? value - 256 : value
  }
  const expected = numberAt(header, 148, 8)
  if (expected !== unsigned && expected !== signed) throw new Error('a header has a wrong checksum')
}

/** The name in a header without an extended one. */
function nameIn(header: Buffer): string {
  const name = textAt(header, 0, 100)
  const magic = header.toString('latin1', 257, 265)
  const hasPrefix = header[345] !== 0
  if (magic === 'ustar\x0000') {
    if (header.toString('latin1', 508, 512) === 'tar\0') throw new Error('a header is in the format of star')
    return hasPrefix ? `${textAt(header, 345, 155)}/${name}` : name
  }
  // In the format of GNU times may stand there, or what Go once wrote by mistake: its reader has to guess.
  if (magic === 'ustar  \0' && hasPrefix) throw new Error(`the header of ${shown(name)} can be read in two ways`)
  return name
}

function textAt(header: Buffer, from: number, length: number): string {
  return upToNul(header.subarray(from, from + length))
}

/** Byte by byte, since names need not be UTF-8. */
function upToNul(data: Buffer): string {
  const end = data.indexOf(0)
  return data.toString('latin1', 0, end < 0 ? data.length : end)
}

/** Octal, or in base 256 where the first bit is set (`parseNumeric` in Go's `archive/tar/strconv.go`). */
function numberAt(header: Buffer, from: number, length: number): number {
  const field = header.subarray(from, from + length)
  const first = field[0] ?? 0
  if (first >= 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
    if (first >= 0xc0 || !Number.isSafeInteger(value)) throw new Error('a header has a number that is too big')
    return value
  }
  const [, digits] = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString('latin1')) ?? []
  if (digits === undefined) throw new Error('a header has a number that is none')
  return digits === '' ? 0 : parseInt(digits, 8)
}

/** The records of a pax header: `LENGTH KEY=VALUE` and a line end. */
function readRecords(data: Buffer): Extended {
  const extended: Extended = { by: 'pax' }
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at)
    const length = /^[1-9]\d{0,7}$/.exec(data.toString('latin1', at, Math.max(at, space)))?.[0]
    const end = at + Number(length ?? 0)
    const equals = data.indexOf(0x3d, space)
    if (length === undefined || end > data.length || data[end - 1] !== 0x0a || equals <= space + 1 || equals >= end)
      throw new Error('a pax header is damaged')
    const key = data.toString('latin1', space + 1, equals)
    const value = data.toString('latin1', equals + 1, end - 1)
    readRecord(key, value, extended)
    at = end
  }
  return extended
}

function readRecord(key: string, value: string, extended: Extended): void {
  if (key.startsWith('GNU.sparse.')) throw new Error('there is a sparse file, which readers do not read alike')
  if (key === 'path') put(extended, 'path', value)
  if (key === 'linkpath') put(extended, 'target', value)
  if (key === 'size' && value !== '') {
    if (!/^\d{1,15}$/.test(value)) throw new Error('a pax header has a size that is none')
    extended.bytes = Number(value)
  }
}

/** An empty value takes back what was said before. */
function put(extended: Extended, key: 'path' | 'target', value: string): void {
  if (value.includes('\0')) throw new Error('a pax header has a name with a zero byte')
  if (value === '') Reflect.deleteProperty(extended, key)
  else extended[key] = value
}

function given(key: 'path' | 'target', value: string): Extended {
  return value === '' ? {} : { [key]: value }
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200))
