import type { Kind } from '../../../core/contribution/schema.ts'
import { isSignalMetric } from '../../../core/ranking/frontier.ts'
import type { Connection } from '../database/connection.ts'
import { countContributions } from '../tables/log.ts'
import type { Facets, Matching } from './facets.ts'
import { keepFirst } from './keep-first.ts'
import type { Watch } from './watch.ts'

/** Rows of a dimension that take a few milliseconds to scan, so that nothing else is considered. */
const CHEAP_ROWS = 4_096
/** A scan that has not found enough after so many times the rows that it should take is ended. */
const SCAN_PATIENCE = 8
/** Rows that are scanned in the time that it takes to look up the place of one contribution. */
const ROWS_A_LOOK_UP = 16
/** Rows of the first step of a scan; each step begins anew with so many times as many. */
const FIRST_STEP_ROWS = 256
const STEP_GROWTH = 4
/** Contributions whose places are looked up at once. */
const PIECE_ROWS = 1_024
/** Places that are gathered before all but the best of them are dropped. */
const LOOKED_UP_MAX = 20_000

/** A place in a dimension. */
export interface PlaceRow {
  readonly contribution: number
  readonly rank: number
  readonly cid: Uint8Array
}

/** Which dimension is searched, and how many places it has. */
interface Searched {
  readonly id: number
  readonly metric: string
  readonly kind: Kind
  readonly places: number
}

interface Scan {
  /** The most rows. */
  readonly rows: number
  /** Rows of the first step. */
  readonly step: number
}

interface Filtering {
  readonly connection: Connection
  readonly facets: Facets
  readonly matching: Matching
  readonly watch: Watch
}

/**
 * The best places of those contributions that match a filter. A dimension is scanned from its best
 * row on, where enough should match soon. Where they don't, it is found out which contributions of
 * the dimension match, and those are looked up, or all rows are scanned, whichever is less.
 */
export class FilteredPlaces {
  readonly #connection: Connection
  readonly #facets: Facets
  readonly #matching: Matching
  readonly #watch: Watch
  readonly #held: number

  constructor({ connection, facets, matching, watch }: Filtering) {
    this.#connection = connection
    this.#facets = facets
    this.#matching = matching
    this.#watch = watch
    this.#held = countContributions(connection)
  }

  best(dimension: Searched, limit: number): PlaceRow[] {
    const { id, places } = dimension
    const isKnown = this.#facets.knowsRanked(id)
    const first = isKnown ? undefined : this.#scanned(dimension, limit, this.#matching.size)
    if (first !== undefined) return first
    const matching = this.#matchingIn(dimension)
    if (matching.size * ROWS_A_LOOK_UP > places)
      return this.#placesOf(id, this.#scan(id, limit, { rows: places, step: limit }))
    const inIt = (matching.size * this.#held) / places
    return this.#scanned(dimension, limit, inIt) ?? this.#lookUp(id, matching, limit)
  }

  /**
   * By a scan from the best row on, if so many of all contributions match: undefined where it would
   * take longer than to look up those, or has taken far longer than it should.
   */
  #scanned({ id, places }: Searched, limit: number, matching: number): PlaceRow[] | undefined {
    const step = (limit * this.#held) / Math.max(1, matching)
    const rows = Math.min(places, Math.max(CHEAP_ROWS, SCAN_PATIENCE * step))
    if (rows > CHEAP_ROWS && rows > matching * ROWS_A_LOOK_UP) return undefined
    const found = this.#scan(id, limit, { rows, step })
    return found.length >= limit || rows === places ? this.#placesOf(id, found) : undefined
  }

  /** Those that match and may have a place in the dimension; in a metric, those that have one. */
  #matchingIn({ id, metric, kind, places }: Searched): Matching {
    if (!isSignalMetric(metric)) return this.#matching.and(this.#facets.ranked(id))
    // Where most are of the kind, it would take long to find out who is not.
    const ofKind = places < this.#held / 2 ? this.#facets.matching({ kind }) : undefined
    return ofKind === undefined ? this.#matching : this.#matching.and(ofKind)
  }

  /** The first that match among so many rows. Reading numbers alone costs a tenth of whole rows. */
  #scan(id: number, limit: number, { rows, step }: Scan): number[] {
    const best = this.#connection
      .sql<[number, number], number>(
        'SELECT contribution FROM place WHERE dimension = ? AND alive() ORDER BY rank, cid LIMIT ?',
      )
      .pluck()
    for (let next = Math.max(FIRST_STEP_ROWS, Math.ceil(step)); ; next *= STEP_GROWTH) {
      this.#watch.check()
      const first = best.all(id, Math.min(next, rows))
      const found = first.filter((row) => this.#matching.has(row))
      if (found.length >= limit || next >= rows) return found.slice(0, limit)
    }
  }

  #placesOf(id: number, contributions: readonly number[]): PlaceRow[] {
    return this.#read(id, contributions).sort(comparePlaces)
  }

  #lookUp(id: number, matching: Matching, limit: number): PlaceRow[] {
    const gathered: PlaceRow[] = []
    for (const piece of matching.pieces(PIECE_ROWS)) {
      this.#watch.check()
      gathered.push(...this.#read(id, piece))
      if (gathered.length > LOOKED_UP_MAX + limit) keepFirst(gathered, limit, comparePlaces)
    }
    keepFirst(gathered, limit, comparePlaces)
    return gathered
  }

  #read(id: number, contributions: readonly number[]): PlaceRow[] {
    return this.#connection
      .sql<[string, number], PlaceRow>(
        `SELECT p.contribution, p.rank, p.cid
         FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value AND p.dimension = ?`,
      )
      .all(JSON.stringify(contributions), id)
  }
}

export function comparePlaces(a: PlaceRow, b: PlaceRow): number {
  return a.rank - b.rank || Buffer.compare(a.cid, b.cid)
}
