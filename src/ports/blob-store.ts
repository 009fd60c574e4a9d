import type { Cid } from '../core/cid.ts'

export interface BlobInfo {
  readonly hash: Cid
  readonly sizeBytes: number
}

/** Bytes on their way: a stream, or all at once where they are small. */
export type ByteSource = AsyncIterable<Uint8Array> | Uint8Array

/** First and last byte, both inclusive, as in HTTP. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface PutOptions {
  /** The hash that the bytes must have. Throws `hash-mismatch` otherwise. */
  readonly expect?: Cid
  /** Throws `too-large` as soon as more bytes than this have come. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

/**
 * Blobs by hash.
 *
 * Contract: bytes are hashed while they stream in; a blob becomes visible under its hash only when all of it is
 * durable, and never in part. When `put` rejects (also: the source throws, the signal aborts, the disk is full) nothing is
 * visible and nothing is left behind; what a crash left is cleaned when the store opens. Putting a blob twice is putting it once.
 * Throws `storage-full`, `storage-failed`.
 */
export interface BlobStore {
  put(source: ByteSource, options?: PutOptions): Promise<BlobInfo>
  /** The bytes, or a range of them, as a stream. Throws `blob-missing` (at once, before the first byte) and `range-invalid`. */
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
