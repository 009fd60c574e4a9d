import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import {
  comparePlaces,
  dimensionKey,
  isSignalMetric,
  ownPlaces,
  prevailingDirection,
  signalPlaces,
} from '../../core/ranking/frontier.ts'
import type { Signals } from '../../core/ranking/signals.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../../ports/graph-index.ts'
import { matches } from '../filter.ts'

/** The frontier of these contributions: every place there is, grouped by dimension, sorted, cut. */
export function rank(
  all: readonly Stored[],
  signalsOf: (cid: Cid) => Signals,
  query: FrontierQuery,
): Ranking[] {
  const byDimension = Map.groupBy(
    all.flatMap((stored) => placesOf(stored, signalsOf(stored.cid))),
    dimensionKey,
  )
  const sizes = new Map([...byDimension].map(([key, places]) => [key, places.length]))
  return [...byDimension.values()]
    .map((places) => ranking(places, query))
    .filter((found) => found.places.length > 0 && isAsked(found, query, sizes))
    .sort((a, b) => (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : 0))
}

function placesOf(stored: Stored, signals: Signals): RankedPlace[] {
  const contribution: Contribution = stored
  const places = [
    ...ownPlaces(stored, stored.provenance.receivedAt),
    ...signalPlaces(stored, signals),
  ]
  return places.map((place) => ({ ...place, contribution }))
}

function ranking(places: readonly RankedPlace[], query: FrontierQuery): Ranking {
  const { metric = '', direction = 'maximize' } = places[0] ?? {}
  const meant = places.filter((place) => matches(place.contribution.manifest, query))
  return { metric, direction, places: meant.sort(comparePlaces).slice(0, query.limit) }
}

/** Whether a query asks for a dimension. The prevailing direction is that of all scores held, whatever the filter. */
function isAsked(
  { metric, direction }: Ranking,
  query: FrontierQuery,
  sizes: ReadonlyMap<string, number>,
): boolean {
  if (query.dimensions !== undefined && !query.dimensions.includes(metric)) return false
  if (isSignalMetric(metric)) return query.direction === undefined || query.direction === direction
  if (query.metric !== undefined && query.metric !== metric) return false
  const size = (of: Direction) => sizes.get(dimensionKey({ metric, direction: of })) ?? 0
  return direction === (query.direction ?? prevailingDirection(size('minimize'), size('maximize')))
}
