import type { Selection } from '../../../ports/graph-index.ts'
import { ByteCache } from '../../byte-cache.ts'
import { facetsOfFilter } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import { lastSeq } from '../tables/log.ts'
import { WordIndex } from '../tables/word-index.ts'
import type { Watch } from './watch.ts'

/** Rows that are read at once: some milliseconds, after which a read may be cancelled. */
const SLICE_ROWS = 65_536
/** Memory of the bitmaps that are kept. */
const KEPT_MAX_BYTES = 8 * 1024 * 1024

/** The rows that have one facet, a bit each by their row number, up to row `to`. */
interface Bitmap {
  readonly bits: Uint32Array
  readonly to: number
}

/**
 * Which contributions match a filter, as bitmaps: one for each facet is read from the full-text
 * index once, kept, and extended by what was stored since.
 */
export class Facets {
  readonly #connection: Connection
  readonly #watch: Watch
  readonly #kept = new ByteCache<string, Bitmap>(KEPT_MAX_BYTES)

  constructor(connection: Connection, watch: Watch) {
    this.#connection = connection
    this.#watch = watch
  }

  /** Undefined where all match. */
  matching(filter: Selection): Matching | undefined {
    const to = lastSeq(this.#connection)
    let all: Uint32Array | undefined
    for (const words of facetsOfFilter(filter)) {
      const any = new Uint32Array(sizeFor(to))
      for (const word of words) combine(any, this.#bitsOf(word, to), (a, b) => a | b)
      if (all === undefined) all = any
      else combine(all, any, (a, b) => a & b)
    }
    return all === undefined ? undefined : new Matching(all)
  }

  #bitsOf(word: string, to: number): Uint32Array {
    const { table } = new WordIndex(this.#connection)
    const key = `${table} ${word}`
    const known = this.#kept.get(key)
    if (known?.to === to) return known.bits
    const bits = new Uint32Array(sizeFor(to))
    if (known !== undefined) bits.set(known.bits)
    for (let from = known?.to ?? 0; from < to; from += SLICE_ROWS) {
      this.#watch.check()
      for (const row of this.#rowsOf(table, word, from + 1, Math.min(from + SLICE_ROWS, to)))
        bits[row >>> 5] = (bits[row >>> 5] ?? 0) | (1 << (row & 31))
    }
    this.#kept.keep(key, { bits, to }, bits.byteLength)
    return bits
  }

  /** As one text: a row each would cost several times as much. */
  #rowsOf(table: string, word: string, first: number, last: number): number[] {
    const text = this.#connection
      .sql<[string, number, number], string>(
        `SELECT json_group_array(rowid) FROM ${table}
         WHERE ${table} MATCH ? AND rowid BETWEEN ? AND ?`,
      )
      .pluck()
      .get(`facets : "${word}"`, first, last)
    return JSON.parse(text ?? '[]') as number[]
  }
}

/** The row numbers that match a filter. */
export class Matching {
  readonly #bits: Uint32Array
  /** How many there are. */
  readonly size: number

  constructor(bits: Uint32Array) {
    this.#bits = bits
    this.size = bits.reduce((sum, word) => sum + ones(word), 0)
  }

  has(row: number): boolean {
    return ((this.#bits[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0
  }

  /** All of them, ascending, in pieces of at most so many. */
  *pieces(size: number): Generator<number[]> {
    let piece: number[] = []
    for (const [index, word] of this.#bits.entries()) {
      for (let bit = 0, left = word; left !== 0; bit++, left >>>= 1)
        if ((left & 1) !== 0) piece.push(32 * index + bit)
      if (piece.length + 32 <= size) continue
      yield piece
      piece = []
    }
    if (piece.length > 0) yield piece
  }
}

const sizeFor = (rows: number) => (rows >>> 5) + 1

function combine(
  into: Uint32Array,
  other: Uint32Array,
  operation: (a: number, b: number) => number,
): void {
  for (let index = 0; index < into.length; index++)
    into[index] = operation(into[index] ?? 0, other[index] ?? 0)
}

/** How many bits of a word are set: Warren, Hacker's Delight, §5-1. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return (((fours + (fours >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
