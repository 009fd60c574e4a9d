import { type Cid, CidHasher } from '../core/cid.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import type { ByteRange } from '../ports/blob-store.ts'

/** Gives the hash back if it is the expected one or none is expected. Throws `hash-mismatch`. */
export function checkHash(actual: Cid, expected: Cid | undefined): Cid {
  if (expected !== undefined && actual !== expected)
    throw new GroveError('hash-mismatch', { expected, actual })
  return actual
}

/**
 * The first and last byte to read of a blob: all of it, or the range, cut at the end of the blob as
 * in HTTP. `end` is -1 for the whole of an empty blob. Throws `range-invalid` where the range is
 * malformed or starts behind the end.
 */
export function rangeWithin(sizeBytes: number, range: ByteRange | undefined): ByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes - 1 }
  const { start, end } = range
  const isRange =
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end
  if (!isRange || start >= sizeBytes)
    throw new GroveError('range-invalid', { start, end, sizeBytes })
  return { start, end: Math.min(end, sizeBytes - 1) }
}

/**
 * The chunks of a whole blob as they come, hashed on the way. The last one is held back until the
 * hash of all is right: where it is wrong, or the disk can't read its bytes, the reader gets what
 * `damaged` resolves to as an error, and never the end.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  hash: Cid,
  damaged: () => Promise<GroveError>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new CidHasher()
  let held: Uint8Array | undefined
  try {
    for await (const chunk of chunks) {
      hasher.update(chunk)
      if (held !== undefined) yield held
      held = chunk
    }
  } catch (cause) {
    if (!isUnreadable(cause)) throw cause
    throw await damaged()
  }
  if (hasher.digest() !== hash) throw await damaged()
  if (held !== undefined) yield held
}

/** Whether the disk has lost the bytes. Other errors say nothing about them. */
export const isUnreadable = (cause: unknown): boolean => errnoOf(cause) === 'EIO'

/** What readers of a damaged blob get. */
export function damagedError(hash: Cid): GroveError {
  const message = `the bytes of ${hash} are damaged here: fetch them again, or publish them again`
  return new GroveError('blob-missing', { hash, damaged: true }, { message })
}
