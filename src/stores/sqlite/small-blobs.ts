import type { Cid } from '../../core/cid.ts'
import type { SmallBlobStore } from '../small-blob-store.ts'
import type { Session } from './session.ts'

/** Small blobs as rows of the table `blob`: its calls as jobs and queries. */
export class SqliteSmallBlobs implements SmallBlobStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  async put(hash: Cid, bytes: Uint8Array, caller?: string): Promise<void> {
    await this.#session.write({ type: 'put-blob', hash, bytes }, caller)
  }

  get(hash: Cid): Promise<Uint8Array | undefined> {
    return this.#session.read({ type: 'blob', hash })
  }

  size(hash: Cid): Promise<number | undefined> {
    return this.#session.read({ type: 'blob-size', hash })
  }

  missing(hashes: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read({ type: 'missing-blobs', hashes })
  }

  delete(hash: Cid): Promise<boolean> {
    return this.#session.write({ type: 'delete-blob', hash })
  }

  deleteDamaged(hash: Cid, bytes: Uint8Array): Promise<boolean> {
    return this.#session.write({ type: 'delete-damaged-blob', hash, bytes })
  }
}
