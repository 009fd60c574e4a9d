import { type Cid, cidToBytes } from '../../core/cid.ts'
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
    return this.#session.read((connection) => {
      const select = connection.sql<[Uint8Array], { bytes: Uint8Array }>(
        'SELECT bytes FROM blob WHERE hash = ?',
      )
      return select.get(cidToBytes(hash))?.bytes
    })
  }

  /** Size in bytes; undefined where there is none. Reads no content. */
  size(hash: Cid): Promise<number | undefined> {
    return this.#session.read((connection) => {
      const select = connection.sql<[Uint8Array], { size: number }>(
        'SELECT length(bytes) AS size FROM blob WHERE hash = ?',
      )
      return select.get(cidToBytes(hash))?.size
    })
  }

  missing(hashes: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read((connection) => {
      const select = connection.sql<[Uint8Array]>('SELECT 1 FROM blob WHERE hash = ?')
      return hashes.filter((hash) => select.get(cidToBytes(hash)) === undefined)
    })
  }

  /** Whether there was such a blob. */
  delete(hash: Cid): Promise<boolean> {
    return this.#session.write({ type: 'delete-blob', hash })
  }
}
