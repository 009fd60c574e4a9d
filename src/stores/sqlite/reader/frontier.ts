import type { Direction } from '../../../core/contribution/schema.ts'
import {
  type Dimension,
  isSignalMetric,
  prevailingDirection,
} from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../../../ports/graph-index.ts'
import { matches, matchesWithoutContext } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import type { Contributions } from '../tables/contributions.ts'
import { isFiltered, isScanFaster, matchingRows } from './matching.ts'

/** Rows of a dimension that are scanned for matching ones before those are sorted instead. */
const INDEX_SCAN_MAX = 10_000
/** Top rows of a dimension that are tested one by one before the facet index is asked. */
const TOP_SCAN_ROWS = 128

interface DimensionRow extends Dimension {
  readonly id: number
  readonly places: number
}

interface PlaceRow {
  readonly dimension: number
  readonly contribution: number
  readonly rank: number
}

/** The frontier: the best rows of each dimension asked for, of those that match the filter. */
export function frontierOf(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
): Ranking[] {
  const dimensions = dimensionsOf(connection, query)
  const find = isFiltered(query)
    ? filteringFinder(connection, contributions, query)
    : finder(connection)
  return dimensions
    .map((dimension) => ranking(dimension, find(dimension, query.limit), contributions))
    .filter(({ places }) => places.length > 0)
}

/** Gives the best rows of a dimension. */
type Find = (dimension: DimensionRow, limit: number) => readonly PlaceRow[]

const BEST =
  'SELECT dimension, contribution, rank FROM place WHERE dimension = ? ORDER BY rank, cid'

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
    SELECT p.dimension, p.contribution, p.rank
    FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value ORDER BY p.rank, p.cid`
  return connection.sql<[string], PlaceRow>(text).all(JSON.stringify([...rows]))
}

/**
 * The dimensions that a query asks for, by name. The prevailing direction is that of all scores
 * held, whatever the filter.
 */
function dimensionsOf(connection: Connection, query: FrontierQuery): DimensionRow[] {
  const all = connection
    .sql<[], DimensionRow>('SELECT id, metric, direction, places FROM dimension WHERE places > 0')
    .all()
  const byMetric = Map.groupBy(all, (row) => row.metric)
  return all
    .filter(
      ({ metric, direction }) =>
        direction === (query.direction ?? prevailingOf(byMetric.get(metric) ?? [])),
    )
    .filter(({ metric }) => query.dimensions?.includes(metric) ?? true)
    .filter(
      ({ metric }) =>
        query.metric === undefined || query.metric === metric || isSignalMetric(metric),
    )
    .sort((a, b) => compareText(a.metric, b.metric))
}

function prevailingOf(rows: readonly DimensionRow[]): Direction {
  const places = (direction: Direction) =>
    rows.find((row) => row.direction === direction)?.places ?? 0
  return prevailingDirection(places('minimize'), places('maximize'))
}

function ranking(
  { metric, direction }: DimensionRow,
  rows: readonly PlaceRow[],
  contributions: Contributions,
): Ranking {
  const places = rows.flatMap((row): RankedPlace[] => {
    // `0 - rank`, since `-rank` would make a negative zero of 0.
    const value = direction === 'minimize' ? row.rank : 0 - row.rank
    const info = contributions.infoAt(row.contribution)
    return info === undefined ? [] : [{ metric, direction, cid: info.cid, value, info }]
  })
  return { metric, direction, places }
}
