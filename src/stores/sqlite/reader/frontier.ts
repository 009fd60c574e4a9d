import { cidFromBytes } from '../../../core/cid.ts'
import type { Direction, Kind } from '../../../core/contribution/schema.ts'
import {
  type Dimension,
  type Place,
  rankedDirection,
  SIGNAL_METRICS,
} from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type { FrontierQuery, MetricsQuery } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'
import { countContributions } from '../tables/log.ts'
import type { Facets, Matching } from './facets.ts'
import type { Watch } from './watch.ts'

/** Rows of places that are looked at for each match, about: its metrics and its signals. */
const PLACES_USUAL = 4
/** A scan that has not found enough after so many times the rows that it should take is ended. */
const SCAN_PATIENCE = 8
/** Matching contributions whose places are read at once. */
const LOOKED_UP = 1_024

/** Each kind has rows of its own. */
interface DimensionRow extends Dimension {
  readonly id: number
  readonly kind: Kind
  readonly places: number
  readonly oldest_ms: number
}

interface PlaceRow {
  readonly dimension: number
  readonly contribution: number
  readonly rank: number
  readonly cid: Uint8Array
}

/** One dimension and the rows of its best, best first. */
export interface RankedIds extends Dimension {
  readonly ids: readonly number[]
  /** One for each row. */
  readonly values: readonly number[]
}

/** The frontier: the best rows of each dimension asked for, of those that match the filter. */
export function frontierOf(
  connection: Connection,
  facets: Facets,
  query: FrontierQuery,
  watch: Watch,
): RankedIds[] {
  const { kind: _, anyKind: __, ...filter } = query
  const matching = facets.matching(filter)
  const ranked = rankedIn(connection, query)
  const { limit } = query
  const find =
    matching === undefined
      ? finder(connection)
      : filteringFinder({ connection, matching, dimensions: ranked.flat(), limit, watch })
  return ranked
    .map((rows) => {
      watch.check()
      const best = rows.map((row) => find(row, limit))
      return rankedIds(rows[0], merged(best, limit))
    })
    .filter(({ ids }) => ids.length > 0)
}

/** The best works in some dimensions, by the index alone. */
export function bestWorksOf(
  connection: Connection,
  dimensions: readonly string[],
  limit: number,
): Place[] {
  const find = finder(connection)
  return rankedIn(connection, { kind: 'work', dimensions }).flatMap(([row]) =>
    find(row, limit).map(({ rank, cid }) => ({
      metric: row.metric,
      direction: row.direction,
      cid: cidFromBytes(cid),
      value: rankedValue(row, rank),
    })),
  )
}

/** The names of metrics in which anything ranks, or any work. */
export function metricsIn(
  connection: Connection,
  { after = '', ofWorks = false, limit }: MetricsQuery,
): string[] {
  const text = `
    SELECT DISTINCT metric FROM dimension
    WHERE metric > ? AND (kind = 'work' OR ?) AND metric NOT IN (${SIGNAL_METRICS.map(() => '?')})
    ORDER BY metric LIMIT ?`
  return connection
    .sql<unknown[], string>(text)
    .pluck()
    .all(after, ofWorks ? 0 : 1, ...SIGNAL_METRICS, limit)
}

/** Gives the best rows of a dimension. */
type Find = (dimension: DimensionRow, limit: number) => readonly PlaceRow[]

const BEST =
  'SELECT dimension, contribution, rank, cid FROM place WHERE dimension = ? ORDER BY rank, cid'

function finder(connection: Connection): Find {
  const best = connection.sql<[number, number], PlaceRow>(`${BEST} LIMIT ?`)
  return (dimension, limit) => best.all(dimension.id, limit)
}

interface Filtering {
  readonly connection: Connection
  readonly matching: Matching
  /** All that are asked for. */
  readonly dimensions: readonly DimensionRow[]
  readonly limit: number
  readonly watch: Watch
}

/**
 * Scans each dimension from its best row on, where enough should match soon; otherwise reads all
 * places of all that match, once for all dimensions. The latter also where the former takes far
 * longer than it should, since those that match are among the worst.
 */
function filteringFinder(filtering: Filtering): Find {
  const { connection, matching, dimensions, limit, watch } = filtering
  if (matching.size === 0) return () => []
  const usual = (limit * countContributions(connection)) / matching.size
  const scanned = dimensions.reduce((sum, { places }) => sum + Math.min(places, usual), 0)
  const isScanned = scanned < PLACES_USUAL * matching.size
  let lookedUp: ReadonlyMap<number, readonly PlaceRow[]> | undefined
  return (dimension) => {
    const found = isScanned ? scan(filtering, dimension, SCAN_PATIENCE * usual) : undefined
    if (found !== undefined) return found
    watch.check()
    lookedUp ??= lookUp(filtering)
    return lookedUp.get(dimension.id) ?? []
  }
}

/** The best that match; undefined where those are not found among the first `mostRows`. */
function scan(
  { connection, matching, limit, watch }: Filtering,
  { id }: DimensionRow,
  mostRows: number,
): PlaceRow[] | undefined {
  const found: PlaceRow[] = []
  let seen = 0
  for (const row of connection.sql<[number], PlaceRow>(BEST).iterate(id)) {
    if (found.length >= limit) break
    if (++seen > mostRows) return undefined
    watch.check()
    if (matching.has(row.contribution)) found.push(row)
  }
  return found
}

const PLACES = `
  SELECT p.dimension, p.contribution, p.rank, p.cid
  FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value`

/** The best places of all that match, by dimension. */
function lookUp({
  connection,
  matching,
  dimensions,
  limit,
  watch,
}: Filtering): ReadonlyMap<number, readonly PlaceRow[]> {
  const best = new Map(dimensions.map(({ id }): [number, PlaceRow[]] => [id, []]))
  const places = connection.sql<[string], PlaceRow>(PLACES)
  for (const ids of matching.pieces(LOOKED_UP)) {
    watch.check()
    for (const row of places.all(JSON.stringify(ids))) best.get(row.dimension)?.push(row)
    for (const rows of best.values()) if (rows.length > 4 * limit + LOOKED_UP) cut(rows, limit)
  }
  for (const rows of best.values()) cut(rows, limit)
  return best
}

function cut(rows: PlaceRow[], limit: number): void {
  rows.sort(compareRows)
  rows.length = Math.min(rows.length, limit)
}

function compareRows(a: PlaceRow, b: PlaceRow): number {
  return a.rank - b.rank || Buffer.compare(a.cid, b.cid)
}

/** The rows of one dimension: those of the kinds that are asked for. */
type RankedRows = readonly [DimensionRow, ...DimensionRow[]]

/** The dimensions that a query asks for, by name, each in its one direction. */
function rankedIn(
  connection: Connection,
  query: Pick<FrontierQuery, 'kind' | 'anyKind' | 'direction' | 'dimensions' | 'metric'>,
): RankedRows[] {
  return [...Map.groupBy(rowsFor(connection, query), (row) => row.metric)]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, rows]) => {
      const direction = query.direction ?? directionOf(rows)
      const [first, ...others] = rows.filter(
        (row) =>
          row.direction === direction &&
          (query.kind ?? row.kind) === row.kind &&
          (query.anyKind?.includes(row.kind) ?? true),
      )
      return first === undefined ? [] : [[first, ...others]]
    })
}

const DIMENSIONS = 'SELECT id, metric, direction, kind, places, oldest_ms FROM dimension'

/** The rows of the metrics and signals that a query names; without names, of all. */
function rowsFor(
  connection: Connection,
  { dimensions, metric }: Pick<FrontierQuery, 'dimensions' | 'metric'>,
): DimensionRow[] {
  const named = metric === undefined ? undefined : [metric, ...SIGNAL_METRICS]
  const names =
    dimensions === undefined ? named : dimensions.filter((name) => named?.includes(name) ?? true)
  if (names === undefined) return connection.sql<[], DimensionRow>(DIMENSIONS).all()
  const ofName = connection.sql<[string], DimensionRow>(`${DIMENSIONS} WHERE metric = ?`)
  return [...new Set(names)].flatMap((name) => ofName.all(name))
}

/** The direction in which a metric is ranked, whatever the filter. */
function directionOf(rows: readonly DimensionRow[]): Direction {
  const countsOf = (ofWorks: boolean) => {
    const counts = { minimize: 0, maximize: 0 }
    const oldest = { minimize: Number.POSITIVE_INFINITY, maximize: Number.POSITIVE_INFINITY }
    for (const { direction, kind, places, oldest_ms } of rows) {
      if ((kind === 'work') !== ofWorks) continue
      counts[direction] += places
      oldest[direction] = Math.min(oldest[direction], oldest_ms)
    }
    return { ...counts, oldest }
  }
  return rankedDirection(countsOf(true), countsOf(false))
}

/** The best of several lists of one dimension. */
function merged(lists: readonly (readonly PlaceRow[])[], limit: number): readonly PlaceRow[] {
  const [first = [], ...others] = lists
  if (others.length === 0) return first
  return lists.flat().sort(compareRows).slice(0, limit)
}

function rankedIds(row: DimensionRow, places: readonly PlaceRow[]): RankedIds {
  return {
    metric: row.metric,
    direction: row.direction,
    ids: places.map(({ contribution }) => contribution),
    values: places.map(({ rank }) => rankedValue(row, rank)),
  }
}

/** `0 - rank`, since `-rank` would make a negative zero of 0. */
const rankedValue = ({ direction }: DimensionRow, rank: number): number =>
  direction === 'minimize' ? rank : 0 - rank
