import type { Cid } from '../core/cid.ts'

/** A blob in the store, or one that is about to be. */
export interface BlobInfo {
  readonly hash: Cid
  readonly sizeBytes: number
}

/** Bytes to store: a stream, or all at once if they are few. They must not change meanwhile. */
export type ByteSource = AsyncIterable<Uint8Array> | Uint8Array

/** A small blob that isn't stored yet: it is stored with the contribution that names it. */
export interface PendingBlob {
  readonly hash: Cid
  readonly bytes: Uint8Array
}

/** A blob that is stored, unless it is pending. */
export interface StagedBlob extends BlobInfo {
  readonly pending?: PendingBlob
}

/** A range of bytes from `start` to `end`, both inclusive, as in HTTP. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What the bytes of a put have to meet. */
export interface PutOptions {
  /** The hash that the bytes must have. `put` throws `hash-mismatch` if they have another. */
  readonly expect?: Cid
  /** `put` throws `too-large` as soon as more bytes than this have come. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Who waits for it: callers take turns. Default: this grove itself. */
  readonly caller?: string
  /**
   * Whether the chunks of the source are the store's from then on, so that it may free their
   * memory. Default: it leaves them as they are.
   */
  readonly gives?: boolean
}

export interface GetOptions {
  readonly range?: ByteRange
  readonly signal?: AbortSignal
  /**
   * Whether a chunk may change once the next one is asked for, since its reader is done with it by
   * then. Saves memory where many are read. Default: it never changes.
   */
  readonly lends?: boolean
}

/**
 * A blob whose bytes arrive in pieces, in any order, perhaps from several peers. Transfers that
 * resume, or that ask several peers at once, write into it.
 *
 * Contract: nothing is visible before `finish`. All callers who ask the store for the same hash and
 * size share one partial blob until it is finished or discarded or the store closes. The store
 * removes what a crash has left when it opens. A large partial blob holds a file open, so that the
 * caller must bound their number.
 */
export interface PartialBlob extends BlobInfo {
  /** The ranges that have not been written, ascending. */
  missing(): ByteRange[]
  /**
   * Writes bytes at an offset, over any that are there. They must not change until it resolves;
   * then they count as written, but are not durable. After `finish` it does nothing. Throws
   * `range-invalid` beyond the size, `aborted` after `discard`, `storage-full`, `storage-failed`.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>
  /**
   * Waits for the writes under way, verifies the whole, then makes it visible and durable. Throws
   * `hash-mismatch`, and `range-invalid` if ranges are missing; more can then be written, and
   * `finish` called again. Throws `aborted` after `discard`, `storage-full`, `storage-failed`.
   */
  finish(): Promise<BlobInfo>
  /** Drops everything that was written. Does nothing after `finish`. */
  discard(): Promise<void>
}

/**
 * Blobs by hash.
 *
 * Contract: bytes are hashed while they stream in. A blob becomes visible under its hash when all
 * of it is durable, never in part. If `put` rejects (the source throws, the signal aborts, the disk
 * is full), nothing is visible and nothing is left behind. The store removes what a crash has left
 * when it opens. Putting a blob that is held changes nothing. Throws `storage-full`,
 * `storage-failed`.
 */
export interface BlobStore {
  put(source: ByteSource, options?: PutOptions): Promise<BlobInfo>
  /**
   * The same for a contribution's artifact: a store may leave a small one pending, for
   * `ContributionStore.put` to store in its own transaction.
   */
  stage(source: ByteSource, options?: PutOptions): Promise<StagedBlob>
  /**
   * The partial blob of this hash and size: a new one, or the one that other callers write to.
   * Throws `range-invalid` if the size is no length in bytes, `storage-full`, `storage-failed`,
   * `shutting-down`.
   */
  partial(hash: Cid, sizeBytes: number): Promise<PartialBlob>
  /**
   * The bytes of a blob, or a range of them, as a stream. Rejects with `blob-missing` or
   * `range-invalid` before the first byte.
   */
  get(hash: Cid, options?: GetOptions): Promise<AsyncIterable<Uint8Array>>
  stat(hash: Cid): Promise<BlobInfo | undefined>
  /** Those of `hashes` that are not held, in their order, each once. */
  missing(hashes: readonly Cid[]): Promise<Cid[]>
  /** Deletes a blob. Resolves to false if there was none. */
  delete(hash: Cid): Promise<boolean>
  close(): Promise<void>
}
