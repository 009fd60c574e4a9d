import type { Cid } from '../cid.ts'
import { GroveError } from '../errors.ts'
import { bytesOfPath, escapeText, nameOf, pathOf, unescapeText, unstorable } from './names.ts'
import { INDEX_MAX_BYTES, OWN_MAX, PACK_FORM, PACK_MAX_FILES, PARTS_MAX, sortKey } from './pack.ts'
import { isLinkTarget } from './tree.ts'

/** The longest line of an index, in bytes. */
const LINE_MAX_BYTES = 32 * 1024
/** The longest path in a pack, in bytes, as Linux has it. */
const PATH_MAX_BYTES = 4_096
const NEWLINE = 10
const SHORTEST_LINE = '120000 a -> b\n'

const HEAD = /^grove-pack\/1 (0|[1-9]\d{0,6})((?: [1-9]\d{0,6})*)$/
const FILE = /^(100644|100755) (0|[1-9]\d{0,14}) (file\.)?([0-9a-f]{64}) (.+)$/
const LINK = /^120000 ([^>]+) -> (.+)$/

/** Where the bytes of a packed file are. */
export type ContentPlace =
  | { readonly part: number; readonly offset: number }
  /** The file has an artifact of its own. */
  | { readonly part?: never }

/** A file or link of a pack. */
export type PackEntry = { readonly name: string; readonly path: string } & (
  | {
      readonly hash: Cid
      readonly sizeBytes: number
      readonly executable: boolean
      readonly place: ContentPlace
    }
  | { readonly symlink: string; readonly hash?: never }
)

type IndexLine =
  | {
      readonly name: string
      readonly digits: string
      readonly sizeBytes: number
      readonly executable: boolean
      readonly isOwn: boolean
    }
  | { readonly name: string; readonly symlink: string; readonly digits?: never }

/** Where the distinct contents of a pack are, by their number in the order of first occurrence. */
interface Contents {
  /** The part, or -1 for an artifact of its own. */
  readonly part: number[]
  readonly offset: number[]
}

/**
 * The checked index of a pack. It keeps the bytes and little more, since a stranger's may be large:
 * an entry is read when it is asked for.
 */
export class PackIndex {
  readonly #bytes: Buffer
  readonly #starts: Uint32Array
  readonly #contentOf: Int32Array
  readonly #contents: Contents
  /** Bytes of each part. */
  readonly partBytes: readonly number[]
  /** Contents with an artifact of their own. */
  readonly own: readonly Cid[]
  /** Bytes of all files, written out. */
  readonly totalBytes: number

  constructor(parsed: {
    bytes: Buffer
    starts: Uint32Array
    contentOf: Int32Array
    contents: Contents
    partBytes: readonly number[]
    own: readonly Cid[]
    totalBytes: number
  }) {
    this.#bytes = parsed.bytes
    this.#starts = parsed.starts
    this.#contentOf = parsed.contentOf
    this.#contents = parsed.contents
    this.partBytes = parsed.partBytes
    this.own = parsed.own
    this.totalBytes = parsed.totalBytes
  }

  /** Files and links. */
  get count(): number {
    return this.#contentOf.length
  }

  /** About how many bytes of memory it takes. */
  get memoryBytes(): number {
    return this.#bytes.byteLength + this.count * 32
  }

  /** The entry at a position, in the order of the index. */
  entry(at: number): PackEntry {
    const line = readLine(this.#lineAt(at))
    const path = pathOf(line.name)
    if (line.digits === undefined) return { name: line.name, path, symlink: line.symlink }
    const { name, sizeBytes, executable, digits } = line
    const content = this.#contentOf[at] ?? 0
    const part = this.#contents.part[content] ?? -1
    const place = part < 0 ? {} : { part, offset: this.#contents.offset[content] ?? 0 }
    return { name, path, hash: `blake3:${digits}` as Cid, sizeBytes, executable, place }
  }

  /** The entry with a name. O(log n). */
  find(name: string): PackEntry | undefined {
    const key = sortKey(name)
    let [low, high] = [0, this.count]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sortKey(readLine(this.#lineAt(middle)).name) < key) low = middle + 1
      else high = middle
    }
    const found = low < this.count ? this.entry(low) : undefined
    return found?.name === name ? found : undefined
  }

  #lineAt(at: number): string {
    return this.#bytes.toString('latin1', this.#starts[at], (this.#starts[at + 1] ?? 0) - 1)
  }
}

/**
 * Reads an index as its bytes arrive, so that a large one holds nobody up. Every method throws
 * `pack-invalid` for what `planPack` would not have written.
 */
export class IndexReader {
  readonly #bytes: Buffer
  #filled = 0
  #read = 0
  #starts = new Uint32Array(0)
  #contentOf = new Int32Array(0)
  #lines = -1
  #previous = ''
  #counts: number[] = []
  #totalBytes = 0
  readonly #partBytes: number[] = []
  #left = 0
  readonly #known = new Map<string, { content: number; sizeBytes: number; isOwn: boolean }>()
  readonly #contents: Contents = { part: [], offset: [] }
  readonly #own: Cid[] = []

  constructor(sizeBytes: number) {
    if (sizeBytes > INDEX_MAX_BYTES) throw invalid(`it has more than ${INDEX_MAX_BYTES} bytes`)
    this.#bytes = Buffer.alloc(sizeBytes)
  }

  push(chunk: Uint8Array): void {
    if (this.#filled + chunk.byteLength > this.#bytes.byteLength) throw invalid('it is too long')
    this.#bytes.set(chunk, this.#filled)
    this.#filled += chunk.byteLength
    for (;;) {
      const end = this.#bytes.subarray(0, this.#filled).indexOf(NEWLINE, this.#read)
      const length = (end < 0 ? this.#filled : end) - this.#read
      if (length > LINE_MAX_BYTES) throw invalid('a line is too long')
      if (end < 0) return
      const line = this.#bytes.toString('latin1', this.#read, end)
      if (this.#lines < 0) this.#takeHead(line)
      else this.#takeLine(line)
      this.#read = end + 1
      this.#lines++
      if (this.#lines < this.#starts.length) this.#starts[this.#lines] = this.#read
    }
  }

  finish(): PackIndex {
    const isWhole = this.#filled === this.#bytes.byteLength && this.#read === this.#filled
    if (!isWhole || this.#lines !== this.#contentOf.length) throw invalid('it is cut off')
    if (this.#left > 0 || this.#counts.length > this.#partBytes.length)
      throw invalid('its parts have more contents than there are')
    return new PackIndex({
      bytes: this.#bytes,
      starts: this.#starts,
      contentOf: this.#contentOf,
      contents: this.#contents,
      partBytes: this.#partBytes,
      own: this.#own,
      totalBytes: this.#totalBytes,
    })
  }

  #takeHead(line: string): void {
    const [, files = '', counts = ''] = HEAD.exec(line) ?? []
    const count = Number(files)
    if (files === '') throw invalid(`it does not begin with "${PACK_FORM}"`)
    if (count > PACK_MAX_FILES || count * SHORTEST_LINE.length > this.#bytes.byteLength)
      throw invalid(`it can't list ${count} files`)
    this.#counts = counts.split(' ').slice(1).map(Number)
    if (this.#counts.length > PARTS_MAX) throw invalid(`it has more than ${PARTS_MAX} parts`)
    this.#starts = new Uint32Array(count + 1)
    this.#contentOf = new Int32Array(count).fill(-1)
  }

  #takeLine(text: string): void {
    if (this.#lines >= this.#contentOf.length) throw invalid('it has more lines than files')
    const line = readLine(text)
    checkName(line.name)
    const key = sortKey(line.name)
    if (this.#lines > 0 && key <= this.#previous) throw invalid(`${line.name} is out of order`)
    if (this.#lines > 0 && key.startsWith(`${this.#previous}\0`))
      throw invalid(`${line.name} is below another file`)
    this.#previous = key
    if (line.digits === undefined) return
    this.#totalBytes += line.sizeBytes
    if (!Number.isSafeInteger(this.#totalBytes)) throw invalid('its files are too large')
    const known = this.#known.get(line.digits)
    if (known === undefined) this.#takeContent(line)
    else if (known.sizeBytes !== line.sizeBytes || known.isOwn !== line.isOwn)
      throw invalid(`${line.name} contradicts another file of the same content`)
    this.#contentOf[this.#lines] = this.#known.get(line.digits)?.content ?? 0
  }

  /** A content that occurs for the first time: it is its own artifact, or next in the parts. */
  #takeContent({ digits, sizeBytes, isOwn }: Extract<IndexLine, { digits: string }>): void {
    this.#known.set(digits, { content: this.#contents.part.length, sizeBytes, isOwn })
    if (isOwn) {
      if (this.#own.push(`blake3:${digits}` as Cid) > OWN_MAX)
        throw invalid(`more than ${OWN_MAX} files have artifacts of their own`)
      this.#contents.part.push(-1)
      this.#contents.offset.push(0)
      return
    }
    if (this.#left === 0) {
      this.#left = this.#counts[this.#partBytes.length] ?? 0
      if (this.#left === 0) throw invalid('its parts have fewer contents than there are')
      this.#partBytes.push(0)
    }
    const part = this.#partBytes.length - 1
    const offset = this.#partBytes[part] ?? 0
    this.#contents.part.push(part)
    this.#contents.offset.push(offset)
    this.#partBytes[part] = offset + sizeBytes
    this.#left--
  }
}

function readLine(text: string): IndexLine {
  const [, mode, size, own, digits, name] = FILE.exec(text) ?? []
  if (name !== undefined && digits !== undefined) {
    const executable = mode === '100755'
    return { name, digits, sizeBytes: Number(size), executable, isOwn: own !== undefined }
  }
  const [, linkName, escaped = ''] = LINK.exec(text) ?? []
  const symlink = unescapeText(escaped)
  if (linkName === undefined || !isLinkTarget(symlink) || escapeText(symlink) !== escaped)
    throw invalid(`a line is no file and no link: ${text.slice(0, 200)}`)
  return { name: linkName, symlink }
}

/** Checks that a name is that of a path which can be stored. */
function checkName(name: string): void {
  const path = pathOf(name)
  if (nameOf(path) !== name || unstorable(path) !== undefined)
    throw invalid(`${name.slice(0, 200)} is not the name of a path`)
  if (bytesOfPath(path).byteLength > PATH_MAX_BYTES)
    throw invalid(`a path has more than ${PATH_MAX_BYTES} bytes`)
}

function invalid(why: string): GroveError {
  return new GroveError(
    'pack-invalid',
    { why },
    { message: `the index of the pack is bad: ${why}` },
  )
}
