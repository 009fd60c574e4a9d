import { type Cid, hashBytes } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type {
  BlobInfo,
  BlobStore,
  ByteRange,
  ByteSource,
  PutOptions,
} from '../../ports/blob-store.ts'
import { receive } from '../receive.ts'
import { checkHash, rangeWithin } from '../verify.ts'

/** The reference: blobs in a map. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<Cid, Uint8Array>()

  async put(source: ByteSource, options: PutOptions = {}): Promise<BlobInfo> {
    const chunks: Uint8Array[] = []
    for await (const chunk of receive(source, options)) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const hash = checkHash(hashBytes(bytes), options.expect)
    this.#blobs.set(hash, bytes)
    return { hash, sizeBytes: bytes.byteLength }
  }

  async get(
    hash: Cid,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
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

  async close(): Promise<void> {}
}
