import { ByteCache } from '../../../concurrency/byte-cache.ts'
import type { Selection } from '../../../ports/graph-index.ts'
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

/** Those that have the facet, of all rows up to one. */
interface Slice {
  readonly rows: readonly number[]
  readonly upTo: number
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

  /**
   * The rows that have a place in a dimension of a metric. A contribution has it from the beginning
   * or never, but for those that leave the rankings or come back: then all are read again.
   */
  ranked(dimension: number): Matching {
    const to = lastSeq(this.#connection)
    const read = (from: number) => [{ rows: this.#rankedIn(dimension, from), upTo: to }]
    return new Matching(this.#extended(this.#rankedKey(dimension), to, read))
  }

  /** Whether they are kept, so that asking for them costs little. */
  knowsRanked(dimension: number): boolean {
    return this.#kept.get(this.#rankedKey(dimension)) !== undefined
  }

  #rankedKey(dimension: number): string {
    const moves = this.#connection.sql<[], number>('SELECT moves FROM counting').pluck().get()
    return `ranked ${dimension} ${moves}`
  }

  #bitsOf(word: string, to: number): Uint32Array {
    const { table } = new WordIndex(this.#connection)
    return this.#extended(`${table} ${word}`, to, (from) => this.#slices(table, word, from, to))
  }

  /**
   * A bitmap that reaches up to a row: as it is kept, and what `read` gives of the rows after. Each
   * step is kept, so that who is cancelled in between, and comes again, goes on from there.
   */
  #extended(key: string, to: number, read: (from: number) => Iterable<Slice>): Uint32Array {
    const known = this.#kept.get(key)
    if (known?.to === to) return known.bits
    const bits = new Uint32Array(sizeFor(to))
    if (known !== undefined) bits.set(known.bits)
    for (const { rows, upTo } of read(known?.to ?? 0)) {
      for (const row of rows) bits[row >>> 5] = (bits[row >>> 5] ?? 0) | (1 << (row & 31))
      this.#kept.keep(key, { bits, to: upTo }, bits.byteLength)
    }
    return bits
  }

  *#slices(table: string, word: string, from: number, to: number): Generator<Slice> {
    for (let last = from; last < to; last += SLICE_ROWS) {
      this.#watch.check()
      const upTo = Math.min(last + SLICE_ROWS, to)
      yield { rows: this.#rowsOf(table, word, last + 1, upTo), upTo }
    }
  }

  /** All of a dimension by its own index, or later rows by their numbers. */
  #rankedIn(dimension: number, from: number): number[] {
    return from === 0
      ? this.#connection
          .sql<[number], number>('SELECT contribution FROM place WHERE dimension = ? AND alive()')
          .pluck()
          .all(dimension)
      : this.#connection
          .sql<[number, number], number>(
            'SELECT contribution FROM place WHERE contribution > ? AND +dimension = ? AND alive()',
          )
          .pluck()
          .all(from, dimension)
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

  /** Of these row numbers, in any order. */
  static of(rows: readonly number[]): Matching {
    const bits = new Uint32Array(sizeFor(rows.reduce((last, row) => Math.max(last, row), 0)))
    for (const row of rows) bits[row >>> 5] = (bits[row >>> 5] ?? 0) | (1 << (row & 31))
    return new Matching(bits)
  }

  /** Those that are among others, too. */
  and(others: Matching): Matching {
    const both = this.#bits.slice()
    combine(both, others.#bits, (a, b) => a & b)
    return new Matching(both)
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
