import { cidFromBytes } from '../../../core/cid.ts'
import type { Direction } from '../../../core/contribution/schema.ts'
import {
  type Dimension,
  type Place,
  rankedDirection,
  SIGNAL_METRICS,
} from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type {
  FrontierQuery,
  MetricsQuery,
  RankedPlace,
  Ranking,
} from '../../../ports/graph-index.ts'
import { matches, matchesWithoutContext } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import type { Contributions } from '../tables/contributions.ts'
import { isFiltered, isScanFaster, matchingRows } from './matching.ts'

/** Rows of a dimension that are scanned for matching ones before those are sorted instead. */
const INDEX_SCAN_MAX = 10_000
/** Top rows of a dimension that are tested one by one before the facet index is asked. */
const TOP_SCAN_ROWS = 128

/** Works have rows of their own, apart from those of all other kinds. */
interface DimensionRow extends Dimension {
  readonly id: number
  readonly of_works: number
  readonly places: number
  readonly oldest_ms: number
}

interface PlaceRow {
  readonly dimension: number
  readonly contribution: number
  readonly rank: number
  readonly cid: Uint8Array
}

/** The frontier: the best rows of each dimension asked for, of those that match the filter. */
export function frontierOf(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
): Ranking[] {
  const { kind, ...others } = query
  const filter = kind === 'work' ? others : query
  const find = isFiltered(filter)
    ? filteringFinder(connection, contributions, filter)
    : finder(connection)
  return rankedIn(connection, query)
    .map((rows) => {
      const best = rows.map((row) => find(row, query.limit))
      return ranking(rows[0], merged(best, query.limit), contributions)
    })
    .filter(({ places }) => places.length > 0)
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
    WHERE metric > ? AND of_works >= ? AND metric NOT IN (${SIGNAL_METRICS.map(() => '?')})
    ORDER BY metric LIMIT ?`
  return connection
    .sql<unknown[], string>(text)
    .pluck()
    .all(after, ofWorks ? 1 : 0, ...SIGNAL_METRICS, limit)
}

/** Gives the best rows of a dimension. */
type Find = (dimension: DimensionRow, limit: number) => readonly PlaceRow[]

const BEST =
  'SELECT dimension, contribution, rank, cid FROM place WHERE dimension = ? ORDER BY rank, cid'

function finder(connection: Connection): Find {
  const best = connection.sql<[number, number], PlaceRow>(`${BEST} LIMIT ?`)
  return (dimension, limit) => best.all(dimension.id, limit)
}

/**
 * Tests the top rows, which suffice for most filters. Where they don't, asks the facet index for
 * all matching rows.
 */
function filteringFinder(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
): Find {
  let matching: ReadonlySet<number> | undefined
  let byDimension: Map<number, PlaceRow[]> | undefined
  const sorted = (rows: ReadonlySet<number>, { id }: DimensionRow, limit: number) => {
    byDimension ??= Map.groupBy(placesOf(connection, rows), (row) => row.dimension)
    return (byDimension.get(id) ?? []).slice(0, limit)
  }
  return (dimension, limit) => {
    const top = topScan(connection, contributions, query, dimension)
    if (top !== undefined) return top
    matching ??= matchingRows(connection, query) ?? new Set()
    const scanned = isScanFaster(limit, dimension.places, matching.size)
      ? indexScan(connection, matching, dimension, limit)
      : undefined
    return scanned ?? sorted(matching, dimension, limit)
  }
}

/** The matching top rows; undefined where they are too few and the dimension has more rows. */
function topScan(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
  { id }: DimensionRow,
): PlaceRow[] | undefined {
  const rows = connection.sql<[number, number], PlaceRow>(`${BEST} LIMIT ?`).all(id, TOP_SCAN_ROWS)
  const isMatching = ({ contribution }: PlaceRow) => {
    if (query.context !== undefined) {
      const stored = contributions.at(contribution)
      return stored !== undefined && matches(stored.manifest, query)
    }
    const info = contributions.infoAt(contribution)
    return info !== undefined && matchesWithoutContext(info, query)
  }
  const found = rows.filter(isMatching)
  return found.length >= query.limit || rows.length < TOP_SCAN_ROWS
    ? found.slice(0, query.limit)
    : undefined
}

/** Scans from the best row on until enough match; undefined where that takes too long after all. */
function indexScan(
  connection: Connection,
  matching: ReadonlySet<number>,
  { id }: DimensionRow,
  limit: number,
): PlaceRow[] | undefined {
  const found: PlaceRow[] = []
  let seen = 0
  for (const row of connection.sql<[number], PlaceRow>(BEST).iterate(id)) {
    if (found.length >= limit) break
    if (++seen > INDEX_SCAN_MAX) return undefined
    if (matching.has(row.contribution)) found.push(row)
  }
  return found
}

/** All places of some contributions, best first in each dimension. */
function placesOf(connection: Connection, rows: ReadonlySet<number>): PlaceRow[] {
  const text = `
    SELECT p.dimension, p.contribution, p.rank, p.cid
    FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value ORDER BY p.rank, p.cid`
  return connection.sql<[string], PlaceRow>(text).all(JSON.stringify([...rows]))
}

/** The rows of one dimension: that of works, that of the other kinds, or both. */
type RankedRows = readonly [DimensionRow, ...DimensionRow[]]

/** The dimensions that a query asks for, by name, each in its one direction. */
function rankedIn(
  connection: Connection,
  query: Pick<FrontierQuery, 'kind' | 'direction' | 'dimensions' | 'metric'>,
): RankedRows[] {
  return [...Map.groupBy(rowsFor(connection, query), (row) => row.metric)]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, rows]) => {
      const direction = query.direction ?? directionOf(rows)
      const [first, ...others] = rows.filter(
        (row) =>
          row.direction === direction &&
          (query.kind === undefined || (query.kind === 'work') === (row.of_works === 1)),
      )
      return first === undefined ? [] : [[first, ...others]]
    })
}

const DIMENSIONS = 'SELECT id, metric, direction, of_works, places, oldest_ms FROM dimension'

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
  const countsOf = (ofWorks: number) => {
    const counts = { minimize: 0, maximize: 0 }
    const oldest = { minimize: Number.POSITIVE_INFINITY, maximize: Number.POSITIVE_INFINITY }
    for (const { direction, of_works, places, oldest_ms } of rows) {
      if (of_works !== ofWorks) continue
      counts[direction] = places
      oldest[direction] = oldest_ms
    }
    return { ...counts, oldest }
  }
  return rankedDirection(countsOf(1), countsOf(0))
}

/** The best of several lists of one dimension. */
function merged(lists: readonly (readonly PlaceRow[])[], limit: number): readonly PlaceRow[] {
  const [first = [], ...others] = lists
  if (others.length === 0) return first
  return lists
    .flat()
    .sort((a, b) => a.rank - b.rank || Buffer.compare(a.cid, b.cid))
    .slice(0, limit)
}

function ranking(
  row: DimensionRow,
  places: readonly PlaceRow[],
  contributions: Contributions,
): Ranking {
  const { metric, direction } = row
  return {
    metric,
    direction,
    places: places.flatMap(({ rank, contribution }): RankedPlace[] => {
      const info = contributions.infoAt(contribution)
      const value = rankedValue(row, rank)
      return info === undefined ? [] : [{ metric, direction, cid: info.cid, value, info }]
    }),
  }
}

/** `0 - rank`, since `-rank` would make a negative zero of 0. */
const rankedValue = ({ direction }: DimensionRow, rank: number): number =>
  direction === 'minimize' ? rank : 0 - rank
