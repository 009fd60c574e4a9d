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

/** Pieces in memory. */
export class MemoryPieces implements Pieces {
  readonly #bytes: Uint8Array
  readonly #publish: (bytes: Uint8Array) => Promise<void>

  private constructor(bytes: Uint8Array, publish: (bytes: Uint8Array) => Promise<void>) {
    this.#bytes = bytes
    this.#publish = publish
  }

  /** `publish` is given the whole blob. Throws `storage-full` where there isn't so much memory. */
  static async allocate(
    sizeBytes: number,
    publish: (bytes: Uint8Array) => Promise<void>,
  ): Promise<MemoryPieces> {
    try {
      return new MemoryPieces(new Uint8Array(sizeBytes), publish)
    } catch (cause) {
      throw new GroveError('storage-full', { sizeBytes }, { cause })
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, offset)
  }

  async hash(): Promise<Cid> {
    return hashBytes(this.#bytes)
  }

  publish(): Promise<void> {
    return this.#publish(this.#bytes)
  }

  async discard(): Promise<void> {}
}
