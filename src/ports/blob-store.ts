import type { Cid } from '../core/cid.ts'

export interface BlobInfo {
  readonly hash: Cid
  readonly sizeBytes: number
}

/** Bytes to be stored: a stream, or all at once where they are few. */
export type ByteSource = AsyncIterable<Uint8Array> | Uint8Array

/** First and last byte, both inclusive, as in HTTP. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface PutOptions {
  /** The hash that the bytes must have; otherwise `hash-mismatch` is thrown. */
  readonly expect?: Cid
  /** Throws `too-large` as soon as more bytes than this have come. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

/**
 * A blob whose bytes arrive in pieces, in any order, perhaps from several peers. Transfers that
 * resume, or that ask several peers at once, write into it.
 *
 * Contract: nothing is visible before `finish`. Everybody who asks the store for the same hash and
 * size gets the same partial blob, until it is finished or discarded or the store closes; what a
 * crash left is cleaned when the store opens. Each of a large blob holds a file open: the caller
 * bounds how many there are.
 */
export interface PartialBlob extends BlobInfo {
  /** The ranges that have not been written yet, ascending. */
  missing(): ByteRange[]
  /**
   * Writes bytes, which must not change meanwhile, from an offset on. What they overlap is
   * replaced. Resolves when they count as written, which is not yet durable. After `finish` it does
   * nothing. Throws `range-invalid` beyond the size, `aborted` after `discard`, `storage-full`,
   * `storage-failed`.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>
  /**
   * Waits for writes under way, verifies the whole, then makes it visible and durable. Throws
   * `hash-mismatch`, and `range-invalid` where ranges are missing: then it may be written to and
   * finished again. Throws `aborted` after `discard`, `storage-full`, `storage-failed`.
   */
  finish(): Promise<BlobInfo>
  /** Lets go of all that was written. Does nothing after `finish`. */
  discard(): Promise<void>
}

/**
 * Blobs by hash.
 *
 * Contract: bytes are hashed while they stream in; a blob becomes visible under its hash only when
 * all of it is durable, and never in part. When `put` rejects (also: the source throws, the signal
 * aborts, the disk is full) nothing is visible and nothing is left behind; what a crash left is
 * cleaned when the store opens. Putting a blob twice is putting it once. Throws `storage-full`,
 * `storage-failed`.
 */
export interface BlobStore {
  put(source: ByteSource, options?: PutOptions): Promise<BlobInfo>
  /**
   * The partial blob of this hash and size: empty, or the one that others write to already. Throws
   * `range-invalid` where the size is none, `storage-full`, `storage-failed`, `shutting-down`.
   */
  partial(hash: Cid, sizeBytes: number): Promise<PartialBlob>
  /**
   * The bytes, or a range of them, as a stream. Throws `blob-missing` (at once, before the first
   * byte) and `range-invalid`.
   */
  get(
    hash: Cid,
    options?: { range?: ByteRange; signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>
  stat(hash: Cid): Promise<BlobInfo | undefined>
  /** Those of `hashes` that are not here, in their order, each once. */
  missing(hashes: readonly Cid[]): Promise<Cid[]>
  /** Whether there was such a blob. */
  delete(hash: Cid): Promise<boolean>
  close(): Promise<void>
}
