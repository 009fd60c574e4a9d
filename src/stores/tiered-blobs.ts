import { type Cid, hashBytes } from '../core/cid.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteSource,
  GetOptions,
  PartialBlob,
  PendingBlob,
  PutOptions,
  StagedBlob,
} from '../ports/blob-store.ts'
import type { Damaged } from './fs/damaged.ts'
import { Assemblies } from './partial/assemblies.ts'
import { MemoryPieces } from './partial/pieces.ts'
import { receive } from './receive.ts'
import type { SmallBlobStore } from './small-blob-store.ts'
import { checkHash, damagedError, rangeWithin } from './verify.ts'

/** Larger blobs are files; up to this size they are rows. Measured: docs/PERFORMANCE.md. */
const SMALL_MAX_BYTES = 64 * 1024

interface Tiers {
  readonly small: SmallBlobStore
  readonly large: BlobStore
  readonly damaged: Damaged
}

/** Small blobs in the database, where many share one sync; large ones in files, as streams. */
export class TieredBlobs implements BlobStore {
  readonly #small: SmallBlobStore
  readonly #large: BlobStore
  readonly #damaged: Damaged
  readonly #assemblies = new Assemblies()

  constructor({ small, large, damaged }: Tiers) {
    this.#small = small
    this.#large = large
    this.#damaged = damaged
  }

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const { pending, ...info } = await this.stage(source, options)
    if (pending !== undefined) await this.#store(pending, options.caller)
    return info
  }

  async stage(source: ByteSource, options: PutOptions = {}): Promise<StagedBlob> {
    const chunks = receive(source, options)
    try {
      const head = await this.#head(chunks)
      if (head.ended) return staged(head.chunks, options)
      // `chunks` throws by itself when the signal aborts or too many bytes come.
      const { expect, gives = false } = options
      const rest = expect === undefined ? { gives } : { expect, gives }
      return await this.#large.put(joined(head.chunks, chunks), rest)
    } finally {
      await chunks.return()
    }
  }

  async get(hash: Cid, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.#small.get(hash)
    if (bytes === undefined) return this.#large.get(hash, options)
    const whole = hashBytes(bytes) === hash ? bytes : await this.#readAgain(hash)
    const { start, end } = rangeWithin(whole.byteLength, options.range)
    return receive(whole.subarray(start, end + 1), options)
  }

  async stat(hash: Cid): Promise<BlobInfo | undefined> {
    if (this.#damaged.has(hash)) return undefined
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
    if (sizeBytes > SMALL_MAX_BYTES) return this.#large.partial(hash, sizeBytes)
    return this.#assemblies.partial(
      { hash, sizeBytes },
      async () => new MemoryPieces(sizeBytes, (bytes) => this.#store({ hash, bytes })),
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
    for (let sizeBytes = 0; sizeBytes <= SMALL_MAX_BYTES; ) {
      const next = await source.next()
      if (next.done) return { chunks, ended: true }
      sizeBytes += next.value.byteLength
      chunks.push(next.value)
    }
    return { chunks, ended: false }
  }

  /** Takes the place of damaged bytes. */
  async #store({ hash, bytes }: PendingBlob, caller?: string): Promise<void> {
    await this.#small.put(hash, bytes, caller)
    await this.#damaged.heal(hash)
  }

  /** The row had wrong bytes: if it has them still, they are set aside. */
  async #readAgain(hash: Cid): Promise<Uint8Array> {
    const bytes = await this.#small.get(hash)
    if (bytes !== undefined && hashBytes(bytes) === hash) return bytes
    if (bytes !== undefined && (await this.#damaged.keepBytes({ hash, what: 'blob' }, bytes)))
      await this.#small.deleteDamaged(hash, bytes)
    throw damagedError(hash)
  }
}

/** A small blob, pending. */
function staged(chunks: readonly Uint8Array[], { expect, signal }: PutOptions): StagedBlob {
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  const hash = checkHash(hashBytes(bytes), expect)
  signal?.throwIfAborted()
  return { hash, sizeBytes: bytes.byteLength, pending: { hash, bytes } }
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* head
  yield* rest
}
