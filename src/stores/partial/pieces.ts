import { type Cid, hashBytes } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'

/** Where the pieces of a blob lie until it is whole. Its user keeps order: see `BlobAssembly`. */
export interface Pieces {
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** The hash of all bytes, in order. */
  hash(): Promise<Cid>
  /** Makes the blob visible and durable under its hash. Comes last. */
  publish(): Promise<void>
  /** Lets go of everything. Comes last. */
  discard(): Promise<void>
}

/** Memory that is taken before anything has come: sizes are what peers say. */
const BEGIN_BYTES = 1024 * 1024

/** Pieces in memory, of which no more is taken than twice what has come. */
export class MemoryPieces implements Pieces {
  readonly #sizeBytes: number
  readonly #publish: (bytes: Uint8Array) => Promise<void>
  #bytes: Uint8Array

  /** `publish` is given the whole blob. */
  constructor(sizeBytes: number, publish: (bytes: Uint8Array) => Promise<void>) {
    this.#sizeBytes = sizeBytes
    this.#publish = publish
    this.#bytes = new Uint8Array(Math.min(sizeBytes, BEGIN_BYTES))
  }

  /** Throws `storage-full` where there isn't so much memory. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#reach(offset + bytes.byteLength)
    this.#bytes.set(bytes, offset)
  }

  async hash(): Promise<Cid> {
    return hashBytes(this.#bytes)
  }

  publish(): Promise<void> {
    return this.#publish(this.#bytes)
  }

  async discard(): Promise<void> {}

  #reach(end: number): void {
    if (end <= this.#bytes.byteLength) return
    const capacity = Math.min(this.#sizeBytes, Math.max(end, 2 * this.#bytes.byteLength))
    try {
      const grown = new Uint8Array(capacity)
      grown.set(this.#bytes)
      this.#bytes = grown
    } catch (cause) {
      throw new GroveError('storage-full', { sizeBytes: this.#sizeBytes }, { cause })
    }
  }
}
