import type { Cid } from '../core/cid.ts'
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
