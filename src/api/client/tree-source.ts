import { CidHasher } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type { ByteSource } from '../../ports/blob-store.ts'
import type { Hashed, StageOptions } from './stage.ts'

/** Files up to this size are read once: the bytes that were hashed are those that are sent. */
const KEPT_FILE_MAX_BYTES = 1024 * 1024
/** Bytes of such files that are kept between hashing and sending. */
const KEPT_MAX_BYTES = 64 * 1024 * 1024
/** A pointer of Git LFS is no longer than this. */
const POINTER_MAX_BYTES = 1024
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n/

/** A file to publish. */
export interface FileSource {
  /** Where it is in the tree. */
  readonly path: string
  readonly executable?: boolean
  /** Its length when it was listed, if that is known; no more is read. 0 says nothing: /proc. */
  readonly sizeBytes?: number | undefined
  /** Opens its bytes from the start. It may be called twice. */
  open(): ByteSource
  readonly symlink?: never
}

/** A symbolic link to publish. */
export interface LinkSource {
  readonly path: string
  readonly symlink: string
  readonly open?: never
}

/** A file or symbolic link to publish. */
export type TreeSource = FileSource | LinkSource

/** A file that was read and hashed. */
export interface ReadFile extends Hashed {
  readonly source: FileSource
  /** Whether it is a pointer of Git LFS in place of the file itself. */
  readonly isPointer: boolean
}

/**
 * Reads and hashes files one after the other. A file that grows is taken at the length it had when
 * it was listed. Opening a result throws `hash-mismatch` where the file is another by then.
 */
export async function readSources(
  sources: readonly FileSource[],
  { signal, onReading }: Pick<StageOptions, 'signal' | 'onReading'> = {},
): Promise<ReadFile[]> {
  let keptBytes = 0
  let readBytes = 0
  const totalBytes = totalOf(sources)
  const files: ReadFile[] = []
  for (const source of sources) {
    const { hash, sizeBytes, start } = await readSource(source, (bytes) => {
      signal?.throwIfAborted()
      readBytes += bytes
      onReading?.({ name: source.path, readBytes, totalBytes })
    })
    const isWhole = start !== undefined && keptBytes + sizeBytes <= KEPT_MAX_BYTES
    if (isWhole) keptBytes += sizeBytes
    const open = () => (isWhole ? start : verified(source, hash, sizeBytes))
    const isPointer =
      sizeBytes <= POINTER_MAX_BYTES && POINTER.test(start?.toString('latin1') ?? '')
    files.push({ source, file: { name: source.path, open }, hash, sizeBytes, isPointer })
  }
  return files
}

/** The size of all of them; undefined if that of one isn't known. */
function totalOf(sources: readonly FileSource[]): number | undefined {
  let total = 0
  for (const { sizeBytes } of sources) {
    if (sizeBytes === undefined) return undefined
    total += sizeBytes
  }
  return total
}

/** `start`: all bytes, if they are few. `count` is called with the length of each piece. */
async function readSource(source: FileSource, count: (bytes: number) => void) {
  const hasher = new CidHasher()
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of firstBytes(
    source.open(),
    source.sizeBytes || Number.POSITIVE_INFINITY,
  )) {
    count(chunk.byteLength)
    hasher.update(chunk)
    sizeBytes += chunk.byteLength
    if (sizeBytes <= KEPT_FILE_MAX_BYTES) chunks.push(Buffer.from(chunk))
  }
  const start = sizeBytes <= KEPT_FILE_MAX_BYTES ? Buffer.concat(chunks) : undefined
  return { hash: hasher.digest(), sizeBytes, start }
}

/** The file's bytes, read again. */
async function* verified(source: FileSource, expected: string, sizeBytes: number) {
  const hasher = new CidHasher()
  for await (const chunk of firstBytes(source.open(), sizeBytes)) {
    hasher.update(chunk)
    yield chunk
  }
  const actual = hasher.digest()
  if (actual === expected) return
  const details = { name: source.path, expected, actual }
  const message = `${source.path} changed while it was being read: contribute it again`
  throw new GroveError('hash-mismatch', details, { message })
}

async function* firstBytes(source: ByteSource, maxBytes: number): AsyncGenerator<Uint8Array> {
  let left = maxBytes
  if (left === 0) return
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    yield chunk.subarray(0, left)
    left -= chunk.byteLength
    if (left <= 0) return
  }
}
