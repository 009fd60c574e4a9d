import { BufferPool } from '../../concurrency/buffer-pool.ts'
import { GatheredWrites } from '../../concurrency/gathered-writes.ts'
import type { PartialBlob } from '../../ports/blob-store.ts'

/** A blob of no more than this is gathered in a buffer of its own, so that it waits for nobody. */
const OWN_BUFFER_MAX_BYTES = 64 * 1024

/**
 * Writes bytes that arrive in order into a partial blob, from `offset` on, in large pieces: each
 * write costs a thread's round trip.
 */
export function pieceWriter(
  partial: PartialBlob,
  offset: number,
  shared: BufferPool,
): GatheredWrites {
  let at = offset
  const bytes = partial.sizeBytes - offset
  const isSmall = bytes > 0 && bytes <= OWN_BUFFER_MAX_BYTES
  return new GatheredWrites(isSmall ? new BufferPool({ count: 1, bytes }) : shared, {
    write: (piece) => {
      const from = at
      at += piece.byteLength
      return partial.write(from, piece)
    },
  })
}
