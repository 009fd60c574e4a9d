import { type Cid, hashBytes } from '../core/cid.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteRange,
  ByteSource,
  PartialBlob,
  PutOptions,
} from '../ports/blob-store.ts'
import { Assemblies } from './partial/assemblies.ts'
import { MemoryPieces } from './partial/pieces.ts'
import { receive } from './receive.ts'
import type { SmallBlobStore } from './small-blob-store.ts'
import { checkHash, rangeWithin } from './verify.ts'

/** Larger blobs are files; up to this size they are rows. Measured: docs/PERFORMANCE.md. */
const SMALL_MAX_BYTES = 64 * 1024

/** Small blobs in the database, where many share one sync; large ones in files, as streams. */
export class TieredBlobs implements BlobStore {
  readonly #small: SmallBlobStore
  readonly #large: BlobStore
  readonly #smallMaxBytes: number
  readonly #assemblies = new Assemblies()

  constructor(small: SmallBlobStore, large: BlobStore, smallMaxBytes = SMALL_MAX_BYTES) {
    this.#small = small
    this.#large = large
    this.#smallMaxBytes = smallMaxBytes
  }

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const chunks = receive(source, options)
    try {
      const head = await this.#head(chunks)
      if (head.ended) return await this.#putSmall(head.chunks, options)
      // `chunks` throws by itself when the signal aborts or too many bytes come.
      const rest = options.expect === undefined ? {} : { expect: options.expect }
      return await this.#large.put(joined(head.chunks, chunks), rest)
    } finally {
      await chunks.return()
    }
  }

  async get(
    hash: Cid,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.#small.get(hash)
    if (bytes === undefined) return this.#large.get(hash, options)
    const { start, end } = rangeWithin(bytes.byteLength, options.range)
    return receive(bytes.subarray(start, end + 1), options)
  }

  async stat(hash: Cid): Promise<BlobInfo | undefined> {
    const sizeBytes = await this.#small.size(hash)
    return sizeBytes === undefined ? this.#large.stat(hash) : { hash, sizeBytes }
  }

  async missing(hashes: readonly Cid[]): Promise<Cid[]> {
    return this.#large.missing(await this.#small.missing([...new Set(hashes)]))
  }

  async delete(hash: Cid): Promise<boolean> {
    const outcomes = [await this.#small.delete(hash), await this.#large.delete(hash)]
    return outcomes.includes(true)
  }

  async partial(hash: Cid, sizeBytes: number): Promise<PartialBlob> {
    if (sizeBytes > this.#smallMaxBytes) return this.#large.partial(hash, sizeBytes)
    return this.#assemblies.partial({ hash, sizeBytes }, () =>
      MemoryPieces.allocate(sizeBytes, (bytes) => this.#small.put(hash, bytes)),
    )
  }

  /** Closes the large ones too; the small ones are closed with their database. */
  async close(): Promise<void> {
    await this.#assemblies.close()
    await this.#large.close()
  }

  /** The first chunks: all of a small blob, of a large one a little more than a small one has. */
  async #head(
    source: AsyncIterator<Uint8Array, void, undefined>,
  ): Promise<{ chunks: Uint8Array[]; ended: boolean }> {
    const chunks: Uint8Array[] = []
    for (let sizeBytes = 0; sizeBytes <= this.#smallMaxBytes; ) {
      const next = await source.next()
      if (next.done) return { chunks, ended: true }
      sizeBytes += next.value.byteLength
      chunks.push(next.value)
    }
    return { chunks, ended: false }
  }

  async #putSmall(
    chunks: readonly Uint8Array[],
    { expect, signal }: PutOptions,
  ): Promise<BlobInfo> {
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    const hash = checkHash(hashBytes(bytes), expect)
    signal?.throwIfAborted()
    await this.#small.put(hash, bytes)
    return { hash, sizeBytes: bytes.byteLength }
  }
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* head
  yield* rest
}
