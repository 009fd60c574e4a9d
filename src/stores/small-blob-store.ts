import type { Cid } from '../core/cid.ts'

/** Blobs that are small enough to be held in memory whole, kept beside a store's other rows. */
export interface SmallBlobStore {
  /**
   * Durable when it resolves; other bytes under this hash are replaced. They have been verified.
   * `caller`: who waits for it, by whom callers take turns. Throws `storage-full`,
   * `storage-failed`, `busy`.
   */
  put(hash: Cid, bytes: Uint8Array, caller?: string): Promise<void>
  get(hash: Cid): Promise<Uint8Array | undefined>
  /** Size in bytes; undefined where there is none. Reads no content. */
  size(hash: Cid): Promise<number | undefined>
  /** Those of `hashes` that are not here, in their order. Damaged ones are not. */
  missing(hashes: readonly Cid[]): Promise<Cid[]>
  /** Whether there was such a blob. */
  delete(hash: Cid): Promise<boolean>
  /** Deletes the blob where it still has these bytes. */
  deleteDamaged(hash: Cid, bytes: Uint8Array): Promise<boolean>
}
