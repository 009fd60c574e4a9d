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
const GATHERED_MAX = 20_000

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
  readonly places: number
}

interface Filtering {
  readonly connection: Connection
  readonly facets: Facets
  readonly matching: Matching
  readonly watch: Watch
}

/**
 * The best places of those contributions that match a filter. A dimension is scanned from its best
 * row on, where enough should match soon. Where they don't, it is asked which of its contributions
 * match at all, and then either those are looked up or the rest is scanned, whichever is less.
 */
export class FilteredPlaces {
  readonly #connection: Connection
  readonly #facets: Facets
  readonly #matching: Matching
  readonly #watch: Watch
  readonly #share: number

  constructor({ connection, facets, matching, watch }: Filtering) {
    this.#connection = connection
    this.#facets = facets
    this.#matching = matching
    this.#watch = watch
    this.#share = matching.size / Math.max(1, countContributions(connection))
  }

  best({ id, metric, places }: Searched, limit: number): PlaceRow[] {
    if (this.#matching.size === 0) return []
    const patience = Math.max(CHEAP_ROWS, (SCAN_PATIENCE * limit) / this.#share)
    if (places <= patience || !this.#facets.knowsRanked(id)) {
      const rows = Math.min(places, patience)
      const found = this.#scan(id, { limit, rows })
      if (found.length >= limit || rows === places) return this.#placesOf(id, found)
    }
    const matching = isSignalMetric(metric)
      ? this.#matching
      : this.#matching.and(this.#facets.ranked(id))
    return matching.size * ROWS_A_LOOK_UP < places
      ? this.#lookUp(id, matching, limit)
      : this.#placesOf(id, this.#scan(id, { limit, rows: places }))
  }

  /** The first that match among so many rows. Reading numbers alone costs a tenth of whole rows. */
  #scan(id: number, { limit, rows }: { readonly limit: number; readonly rows: number }): number[] {
    const best = this.#connection
      .sql<[number, number], number>(
        'SELECT contribution FROM place WHERE dimension = ? AND alive() ORDER BY rank, cid LIMIT ?',
      )
      .pluck()
    let found: number[] = []
    let step = Math.max(FIRST_STEP_ROWS, Math.ceil(limit / this.#share))
    for (let isLast = false; !isLast && found.length < limit; step *= STEP_GROWTH) {
      this.#watch.check()
      isLast = step >= rows
      found = best.all(id, Math.min(step, rows)).filter((row) => this.#matching.has(row))
    }
    return found.slice(0, limit)
  }

  #placesOf(id: number, contributions: readonly number[]): PlaceRow[] {
    return this.#read(id, contributions).sort(comparePlaces)
  }

  #lookUp(id: number, matching: Matching, limit: number): PlaceRow[] {
    const gathered: PlaceRow[] = []
    for (const piece of matching.pieces(PIECE_ROWS)) {
      this.#watch.check()
      gathered.push(...this.#read(id, piece))
      if (gathered.length > GATHERED_MAX + limit) keepFirst(gathered, limit, comparePlaces)
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
