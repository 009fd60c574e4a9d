import { cidFromBytes } from '../../core/cid.ts'
import { type Dimension, isSignalMetric, prevailingDirection } from '../../core/frontier.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../../ports/graph-store.ts'
import { ALL } from '../filter.ts'
import type { Contributions } from './contributions.ts'
import { hasFacets, type Selection, select } from './facets.ts'
import type { Session } from './session.ts'

/**
 * With a filter, this many rows of a dimension are walked from the best on; where they do not give enough,
 * or no more contributions than this can match at all, the matching ones are looked up and sorted instead.
 */
const WALK_MAX = 2_000

interface DimensionRow extends Dimension {
  readonly id: number
  readonly places: number
}

interface PlaceRow {
  readonly contribution: number
  readonly rank: number
  readonly cid: Uint8Array
}

const BEST = 'SELECT contribution, rank, cid FROM place WHERE dimension = ? ORDER BY rank, cid LIMIT ?'

/** The frontier: for each dimension asked for, the first rows of an index. */
export function frontierOf(session: Session, contributions: Contributions, query: FrontierQuery): Ranking[] {
  const selection = select(session, query)
  return dimensionsOf(session, query)
    .map((dimension) => {
      const rows = bestOf(session, dimension, selection, query.limit)
      return { ...pick(dimension), places: rows.map((row) => placeOf(dimension, row, contributions)) }
    })
    .filter((ranking) => ranking.places.length > 0)
}

function bestOf(session: Session, dimension: DimensionRow, selection: Selection, limit: number): PlaceRow[] {
  if (selection.facets[0] === ALL) return session.sql<unknown[], PlaceRow>(BEST).all(dimension.id, limit)
  if (selection.atMost <= WALK_MAX) return sorted(session, dimension, selection, limit)
  const walked = walk(session, dimension, selection, limit)
  return walked.length < limit && dimension.places > WALK_MAX ? sorted(session, dimension, selection, limit) : walked
}

/** From the best on, those that have all facets, among the first `WALK_MAX`. */
function walk(session: Session, dimension: DimensionRow, { facets }: Selection, limit: number): PlaceRow[] {
  return session
    .sql<unknown[], PlaceRow>(
      `SELECT p.contribution, p.rank, p.cid FROM (${BEST}) p CROSS JOIN contribution c ON c.id = p.contribution
       WHERE true ${hasFacets(facets.length, 'c.id', 'c.created_ms')} ORDER BY p.rank, p.cid LIMIT ?`,
    )
    .all(dimension.id, WALK_MAX, ...facets, limit)
}

/** Those that have all facets, found by the rarest and sorted. */
function sorted(session: Session, dimension: DimensionRow, { facets }: Selection, limit: number): PlaceRow[] {
  const [first, ...rest] = facets
  return session
    .sql<unknown[], PlaceRow>(
      `SELECT p.contribution, p.rank, p.cid
       FROM facet f CROSS JOIN place p ON p.contribution = f.contribution AND p.dimension = ?
       WHERE f.facet = ? ${hasFacets(rest.length, 'f.contribution', 'f.created_ms')} ORDER BY p.rank, p.cid LIMIT ?`,
    )
    .all(dimension.id, first, ...rest, limit)
}

/** The dimensions that a query asks for, by name. The prevailing direction is that of all scores held, whatever the filter. */
function dimensionsOf(session: Session, query: FrontierQuery): DimensionRow[] {
  const all = session
    .sql<[], DimensionRow>('SELECT id, metric, direction, places FROM dimension WHERE places > 0')
    .all()
  const prevailing = new Map<string, DimensionRow['direction']>()
  for (const [metric, rows] of Map.groupBy(all, (row) => row.metric)) prevailing.set(metric, prevailingOf(rows))
  return all
    .filter(({ metric, direction }) => direction === (query.direction ?? prevailing.get(metric)))
    .filter(({ metric }) => query.dimensions?.includes(metric) ?? true)
    .filter(({ metric }) => query.metric === undefined || query.metric === metric || isSignalMetric(metric))
    .sort((a, b) => (a.metric < b.metric ? -1 : 1))
}

function prevailingOf(rows: readonly DimensionRow[]): DimensionRow['direction'] {
  const places = (direction: string) => rows.find((row) => row.direction === direction)?.places ?? 0
  return prevailingDirection(places('minimize'), places('maximize'))
}

function placeOf(dimension: DimensionRow, row: PlaceRow, contributions: Contributions): RankedPlace {
  // Subtracting from 0 keeps a negative zero from appearing.
  const value = dimension.direction === 'minimize' ? row.rank : 0 - row.rank
  return { ...pick(dimension), cid: cidFromBytes(row.cid), value, contribution: contributions.at(row.contribution) }
}

const pick = ({ metric, direction }: Dimension): Dimension => ({ metric, direction })
