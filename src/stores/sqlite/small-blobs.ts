import type { Cid } from '../../core/cid.ts'
import type { Session } from './session.ts'

/** Blobs that are rows of the table `blob`: for those small enough to be held in memory whole. */
export class SmallBlobs {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Durable when it resolves. The caller has hashed the bytes. */
  async put(hash: Cid, bytes: Uint8Array): Promise<void> {
    await this.#session.write({ type: 'put-blob', hash, bytes })
  }

  get(hash: Cid): Promise<Uint8Array | undefined> {
    return this.#session.read({ type: 'blob', hash })
  }

  /** Size in bytes; undefined where there is none. Reads no content. */
  size(hash: Cid): Promise<number | undefined> {
    return this.#session.read({ type: 'blob-size', hash })
  }

  missing(hashes: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read({ type: 'missing-blobs', hashes })
  }

  /** Whether there was such a blob. */
  delete(hash: Cid): Promise<boolean> {
    return this.#session.write({ type: 'delete-blob', hash })
  }
}
