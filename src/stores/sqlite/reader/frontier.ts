import type { Direction } from '../../../core/contribution/schema.ts'
import {
  type Dimension,
  isSignalMetric,
  prevailingDirection,
} from '../../../core/ranking/frontier.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../../../ports/graph-index.ts'
import { matches, matchesWithoutContext } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import type { Contributions } from '../tables/contributions.ts'
import { isFiltered, isScanFaster, matchingRows } from './matching.ts'

/** Rows of a dimension that are walked in search of those that a filter means before the meant ones are sorted instead. */
const INDEX_SCAN_MAX = 10_000
/** Rows of a dimension whose manifests are looked at before the index of filters is asked. */
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

/** The frontier: for each dimension asked for, the first rows of an index, or the first that a filter means. */
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

/** Most filters leave enough among the first few rows. Only where one doesn't, all that it means are looked up. */
function filteringFinder(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
): Find {
  let meant: ReadonlySet<number> | undefined
  let byDimension: Map<number, PlaceRow[]> | undefined
  const sorted = (all: ReadonlySet<number>, { id }: DimensionRow, limit: number) => {
    byDimension ??= Map.groupBy(placesOf(connection, all), (row) => row.dimension)
    return (byDimension.get(id) ?? []).slice(0, limit)
  }
  return (dimension, limit) => {
    const near = topScan(connection, contributions, query, dimension)
    if (near !== undefined) return near
    meant ??= matchingRows(connection, query) ?? new Set()
    const soon = isScanFaster(limit, dimension.places, meant.size)
    return (
      (soon ? indexScan(connection, meant, dimension, limit) : undefined) ??
      sorted(meant, dimension, limit)
    )
  }
}

/** What is meant of the first few rows, by their manifests; undefined where there are more rows and these were not enough. */
function topScan(
  connection: Connection,
  contributions: Contributions,
  query: FrontierQuery,
  { id }: DimensionRow,
): PlaceRow[] | undefined {
  const rows = connection.sql<[number, number], PlaceRow>(`${BEST} LIMIT ?`).all(id, TOP_SCAN_ROWS)
  const isMeant = ({ contribution }: PlaceRow) =>
    query.context === undefined
      ? matchesWithoutContext(contributions.infoAt(contribution), query)
      : matches(contributions.at(contribution).manifest, query)
  const found = rows.filter(isMeant)
  return found.length >= query.limit || rows.length < TOP_SCAN_ROWS
    ? found.slice(0, query.limit)
    : undefined
}

/** From the best on until enough are found; undefined where that takes too long after all. */
function indexScan(
  connection: Connection,
  meant: ReadonlySet<number>,
  { id }: DimensionRow,
  limit: number,
): PlaceRow[] | undefined {
  const found: PlaceRow[] = []
  let seen = 0
  for (const row of connection.sql<[number], PlaceRow>(BEST).iterate(id)) {
    if (found.length >= limit) break
    if (++seen > INDEX_SCAN_MAX) return undefined
    if (meant.has(row.contribution)) found.push(row)
  }
  return found
}

/** All places of some contributions, best first in each dimension. */
function placesOf(connection: Connection, meant: ReadonlySet<number>): PlaceRow[] {
  const text = `
    SELECT p.dimension, p.contribution, p.rank
    FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value ORDER BY p.rank, p.cid`
  return connection.sql<[string], PlaceRow>(text).all(JSON.stringify([...meant]))
}

/** The dimensions that a query asks for, by name. The prevailing direction is that of all scores held, whatever the filter. */
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
    .sort((a, b) => (a.metric < b.metric ? -1 : 1))
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
  const places = rows.map((row): RankedPlace => {
    // Subtracting from 0 keeps a negative zero from appearing.
    const value = direction === 'minimize' ? row.rank : 0 - row.rank
    const info = contributions.infoAt(row.contribution)
    return { metric, direction, cid: info.cid, value, info }
  })
  return { metric, direction, places }
}
