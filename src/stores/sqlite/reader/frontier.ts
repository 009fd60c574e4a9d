import { cidFromBytes } from '../../../core/cid.ts'
import type { Direction, Kind } from '../../../core/contribution/schema.ts'
import { GroveError } from '../../../core/errors.ts'
import { rankedDirection } from '../../../core/ranking/directions.ts'
import { type Dimension, type Place, SIGNAL_METRICS } from '../../../core/ranking/frontier.ts'
import { compareText } from '../../../core/text.ts'
import type { FrontierQuery, MetricsQuery } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'
import { Directions } from '../tables/directions.ts'
import { Signers } from '../tables/signers.ts'
import type { Facets } from './facets.ts'
import { comparePlaces, FilteredPlaces, type PlaceRow } from './filtered-places.ts'
import type { Watch } from './watch.ts'

/** Places of all dimensions that one answer may have. */
const FOUND_MAX = 150_000

/** How much further down is looked where too few places pass. */
const PASSING_GROWTH = 8

/** Each kind has rows of its own. */
interface DimensionRow extends Dimension {
  readonly id: number
  readonly kind: Kind
  readonly places: number
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
  const { kind: _, anyKind: __, limit, minOrigins, attested, ...filter } = query
  const matching = facets.matching(filter)
  const ranked = rankedIn(connection, query)
  if (matching?.size === 0) return []
  const filtered = matching && new FilteredPlaces({ connection, facets, matching, watch })
  const all = filtered === undefined ? finder(connection) : findBy(filtered)
  const passes = conditionOn(connection, query)
  const find = passes === undefined ? all : findPassing(all, passes, watch)
  const found: RankedIds[] = []
  let places = 0
  for (const rows of ranked) {
    watch.check()
    const ranking = rankedIds(rows[0], find(rows, limit))
    places += ranking.ids.length
    if (places > FOUND_MAX) throw tooMany(limit, ranked.length)
    if (ranking.ids.length > 0) found.push(ranking)
  }
  return found
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
    WHERE places > 0 AND metric > ? AND (kind = 'work' OR ?)
      AND metric NOT IN (${SIGNAL_METRICS.map(() => '?')})
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

function finder(connection: Connection): Find {
  const best = connection.sql<[number, number], PlaceRow>(
    'SELECT contribution, rank, cid FROM place WHERE dimension = ? ORDER BY rank, cid LIMIT ?',
  )
  return (rows, limit) =>
    merged(
      rows.map(({ id }) => best.all(id, limit)),
      limit,
    )
}

const findBy =
  (filtered: FilteredPlaces): Find =>
  (rows, limit) =>
    merged(
      rows.map((row) => filtered.best(row, limit)),
      limit,
    )

/** Whether a place of a metric has behind it what a query asks for. */
type Passes = (metric: string, place: PlaceRow) => boolean

/** Undefined where all pass. */
function conditionOn(
  connection: Connection,
  { minOrigins = 0, attested = false }: FrontierQuery,
): Passes | undefined {
  if (minOrigins === 0 && !attested) return undefined
  const signers = new Signers(connection)
  return (metric, { cid }) =>
    (minOrigins === 0 || signers.behind(cid, metric, minOrigins) >= minOrigins) &&
    (!attested || signers.isAttested(cid))
}

/** The best that pass: further and further down, each once. */
function findPassing(all: Find, passes: Passes, watch: Watch): Find {
  return (rows, limit) => {
    const found: PlaceRow[] = []
    let looked = 0
    for (let depth = PASSING_GROWTH * limit; ; depth *= PASSING_GROWTH) {
      const places = all(rows, depth)
      for (const place of places.slice(looked)) {
        watch.check()
        if (passes(rows[0].metric, place) && found.push(place) === limit) return found
      }
      looked = places.length
      if (looked < depth) return found
    }
  }
}

function tooMany(limit: number, dimensions: number): GroveError {
  const message =
    `the first ${limit} in each of ${dimensions} metrics and signals are too many to sort: ask ` +
    'for fewer of each, or for fewer metrics'
  return new GroveError('too-large', {}, { message })
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

/** Those without places are empty for now. */
const DIMENSIONS = 'SELECT id, metric, direction, kind, places FROM dimension WHERE places > 0'

/** The rows of the metrics and signals that a query names; without names, of all. */
function rowsFor(
  connection: Connection,
  { dimensions, metric }: Pick<FrontierQuery, 'dimensions' | 'metric'>,
): DimensionRow[] {
  const named = metric === undefined ? undefined : [metric, ...SIGNAL_METRICS]
  const names =
    dimensions === undefined ? named : dimensions.filter((name) => named?.includes(name) ?? true)
  if (names === undefined) return connection.sql<[], DimensionRow>(DIMENSIONS).all()
  const ofName = connection.sql<[string], DimensionRow>(`${DIMENSIONS} AND metric = ?`)
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
  return lists.flat().sort(comparePlaces).slice(0, limit)
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
