import { type Cid, hashBytes } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteSource,
  GetOptions,
  PartialBlob,
  PutOptions,
} from '../../ports/blob-store.ts'
import { Assemblies } from '../partial/assemblies.ts'
import { MemoryPieces } from '../partial/pieces.ts'
import { receive } from '../receive.ts'
import { checkHash, rangeWithin } from '../verify.ts'

/** The reference: blobs in a map. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<Cid, Uint8Array>()
  readonly #assemblies = new Assemblies()

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const chunks: Uint8Array[] = []
    for await (const chunk of receive(source, options)) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const hash = checkHash(hashBytes(bytes), options.expect)
    this.#blobs.set(hash, bytes)
    return { hash, sizeBytes: bytes.byteLength }
  }

  /** Nothing is ever pending. */
  stage(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    return this.put(source, options)
  }

  async get(hash: Cid, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const bytes = this.#blobs.get(hash)
    if (bytes === undefined) throw new GroveError('blob-missing', { hash })
    const { start, end } = rangeWithin(bytes.byteLength, options.range)
    return receive(bytes.subarray(start, end + 1), options)
  }

  async stat(hash: Cid): Promise<BlobInfo | undefined> {
    const bytes = this.#blobs.get(hash)
    return bytes === undefined ? undefined : { hash, sizeBytes: bytes.byteLength }
  }

  async missing(hashes: readonly Cid[]): Promise<Cid[]> {
    return [...new Set(hashes)].filter((hash) => !this.#blobs.has(hash))
  }

  async delete(hash: Cid): Promise<boolean> {
    return this.#blobs.delete(hash)
  }

  partial(hash: Cid, sizeBytes: number): Promise<PartialBlob> {
    const publish = async (bytes: Uint8Array) => void this.#blobs.set(hash, bytes)
    return this.#assemblies.partial(
      { hash, sizeBytes },
      async () => new MemoryPieces(sizeBytes, publish),
    )
  }

  /** Discards partial blobs. The others stay: a simulated disk outlives the process. */
  close(): Promise<void> {
    return this.#assemblies.discardAll()
  }
}
