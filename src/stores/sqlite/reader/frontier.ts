import { cidFromBytes } from '../../../core/cid.ts'
import type { Direction, Kind } from '../../../core/contribution/schema.ts'
import { GroveError } from '../../../core/errors.ts'
import { rankedDirection } from '../../../core/ranking/directions.ts'
import { type Dimension, type Place, SIGNAL_METRICS } from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type { FrontierQuery, MetricsQuery } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'
import { Directions } from '../tables/directions.ts'
import { countContributions } from '../tables/log.ts'
import type { Facets, Matching } from './facets.ts'
import { keepFirst } from './keep-first.ts'
import type { Watch } from './watch.ts'

/** Rows of places that are looked at for each match, about: its metrics and its signals. */
const PLACES_USUAL = 4
/** A scan that has not found enough after so many times the rows that it should take is ended. */
const SCAN_PATIENCE = 8
/** Matching contributions whose places are read at once. */
const LOOKED_UP = 1_024
/** Places of all dimensions that are kept at most, and how many more are read before a cut. */
const SORTED_MAX_PLACES = 150_000
const SORTED_ROOM = 100_000

/** Each kind has rows of its own. */
interface DimensionRow extends Dimension {
  readonly id: number
  readonly kind: Kind
  readonly places: number
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
      : filteringFinder({ connection, matching, ranked, limit, watch })
  return ranked
    .map((rows) => {
      watch.check()
      return rankedIds(rows[0], find(rows, limit))
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
  return rankedIn(connection, { kind: 'work', dimensions }).flatMap((rows) =>
    find(rows, limit).map(({ rank, cid }) => ({
      metric: rows[0].metric,
      direction: rows[0].direction,
      cid: cidFromBytes(cid),
      value: rankedValue(rows[0], rank),
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

/** The rows of one dimension: those of the kinds that are asked for. */
type RankedRows = readonly [DimensionRow, ...DimensionRow[]]

/** Gives the best of a dimension, whatever their kinds. */
type Find = (rows: RankedRows, limit: number) => readonly PlaceRow[]

const BEST =
  'SELECT dimension, contribution, rank, cid FROM place WHERE dimension = ? ORDER BY rank, cid'

function finder(connection: Connection): Find {
  const best = connection.sql<[number, number], PlaceRow>(`${BEST} LIMIT ?`)
  return (rows, limit) =>
    merged(
      rows.map(({ id }) => best.all(id, limit)),
      limit,
    )
}

interface Filtering {
  readonly connection: Connection
  readonly matching: Matching
  /** All that are asked for. */
  readonly ranked: readonly RankedRows[]
  readonly limit: number
  readonly watch: Watch
}

/**
 * Scans each dimension from its best row on, where enough should match soon; otherwise reads all
 * places of all that match, once for all dimensions. The latter also where the former takes far
 * longer than it should, since those that match are among the worst.
 */
function filteringFinder(filtering: Filtering): Find {
  const { connection, matching, ranked, limit, watch } = filtering
  if (matching.size === 0) return () => []
  const usual = (limit * countContributions(connection)) / matching.size
  const scanned = ranked.flat().reduce((sum, { places }) => sum + Math.min(places, usual), 0)
  const isScanned = scanned < PLACES_USUAL * matching.size
  let lookedUp: ReadonlyMap<number, readonly PlaceRow[]> | undefined
  return (rows) => {
    const found = isScanned ? scan(filtering, rows, SCAN_PATIENCE * usual) : undefined
    if (found !== undefined) return found
    watch.check()
    lookedUp ??= lookUp(filtering)
    return lookedUp.get(rows[0].id) ?? []
  }
}

/** The best that match; undefined where the first `mostRows` of a kind have too few of them. */
function scan(
  { connection, matching, limit, watch }: Filtering,
  rows: RankedRows,
  mostRows: number,
): readonly PlaceRow[] | undefined {
  const best: PlaceRow[][] = []
  for (const { id } of rows) {
    const found: PlaceRow[] = []
    let seen = 0
    for (const row of connection.sql<[number], PlaceRow>(BEST).iterate(id)) {
      if (found.length >= limit) break
      if (++seen > mostRows) return undefined
      watch.check()
      if (matching.has(row.contribution)) found.push(row)
    }
    best.push(found)
  }
  return merged(best, limit)
}

const PLACES = `
  SELECT p.dimension, p.contribution, p.rank, p.cid
  FROM json_each(?) j CROSS JOIN place p ON p.contribution = j.value`

/**
 * The best places of all that match, by each row of their dimension. Throws `too-large` where those
 * are more than can be sorted.
 */
function lookUp({
  connection,
  matching,
  ranked,
  limit,
  watch,
}: Filtering): ReadonlyMap<number, readonly PlaceRow[]> {
  const lists = ranked.map((): PlaceRow[] => [])
  const best = new Map(
    lists.flatMap((list, index) => (ranked[index] ?? []).map(({ id }) => [id, list] as const)),
  )
  const places = connection.sql<[string], PlaceRow>(PLACES)
  const cut = () => {
    for (const rows of lists) keepFirst(rows, limit, compareRows)
    const kept = lists.reduce((sum, { length }) => sum + length, 0)
    if (kept > SORTED_MAX_PLACES) throw tooMany(limit, ranked.length)
    return SORTED_ROOM
  }
  let room = SORTED_ROOM
  for (const ids of matching.pieces(LOOKED_UP)) {
    watch.check()
    for (const row of places.all(JSON.stringify(ids)))
      if (best.get(row.dimension)?.push(row) !== undefined) room--
    if (room < 0) room = cut()
  }
  cut()
  return best
}

function tooMany(limit: number, dimensions: number): GroveError {
  const message =
    `the first ${limit} in each of ${dimensions} metrics and signals are too many to sort: ask ` +
    'for fewer of each, or for fewer metrics'
  return new GroveError('too-large', {}, { message })
}

function compareRows(a: PlaceRow, b: PlaceRow): number {
  return a.rank - b.rank || Buffer.compare(a.cid, b.cid)
}

/** The dimensions that a query asks for, by name, each in its one direction. */
function rankedIn(
  connection: Connection,
  query: Pick<FrontierQuery, 'kind' | 'anyKind' | 'direction' | 'dimensions' | 'metric'>,
): RankedRows[] {
  const directions = new Directions(connection)
  return [...Map.groupBy(rowsFor(connection, query), (row) => row.metric)]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([metric, rows]) => {
      const direction = query.direction ?? directionOf(directions, metric, rows)
      const [first, ...others] = rows.filter(
        (row) =>
          row.direction === direction &&
          (query.kind ?? row.kind) === row.kind &&
          (query.anyKind?.includes(row.kind) ?? true),
      )
      return first === undefined ? [] : [[first, ...others]]
    })
}

const DIMENSIONS = 'SELECT id, metric, direction, kind, places FROM dimension'

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
function directionOf(
  directions: Directions,
  metric: string,
  rows: readonly DimensionRow[],
): Direction {
  const [agreed, other] = [...new Set(rows.map(({ direction }) => direction))]
  return agreed !== undefined && other === undefined
    ? agreed
    : rankedDirection(directions.of(metric))
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
