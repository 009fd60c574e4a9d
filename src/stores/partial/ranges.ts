import type { ByteRange } from '../../ports/blob-store.ts'

/** Which bytes of a blob have been written: disjoint half-open ranges, ascending. */
export class WrittenRanges {
  readonly #sizeBytes: number
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes
  }

  /** Adds `start` … `end - 1`. Ranges that overlap or touch become one. */
  add(start: number, end: number): void {
    if (start >= end) return
    const first = countBelow(this.#ends, start)
    const last = countBelow(this.#starts, end + 1)
    const merged = last > first
    const from = merged ? Math.min(start, this.#starts[first] ?? start) : start
    const to = merged ? Math.max(end, this.#ends[last - 1] ?? end) : end
    this.#starts.splice(first, last - first, from)
    this.#ends.splice(first, last - first, to)
  }

  /** What has not been written, ascending. O(ranges). */
  missing(): ByteRange[] {
    const starts = [0, ...this.#ends]
    const ends = [...this.#starts, this.#sizeBytes]
    return starts
      .map((start, index) => ({ start, end: (ends[index] ?? start) - 1 }))
      .filter(({ start, end }) => start <= end)
  }
}

/** How many of the ascending numbers are less than `bound`. O(log n). */
function countBelow(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((numbers[middle] ?? Number.POSITIVE_INFINITY) < bound) low = middle + 1
    else high = middle
  }
  return low
}
