import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import {
  comparePlaces,
  dimensionKey,
  isSignalMetric,
  type Place,
  prevailingDirection,
  signalPlaces,
} from '../../core/ranking/frontier.ts'
import type { Signals } from '../../core/ranking/signals.ts'
import { compareText } from '../../core/text.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import type { FrontierQuery, Ranking } from '../../ports/graph-index.ts'
import type { Consequences } from '../derive.ts'
import { matches } from '../filter.ts'
import { infoOf } from '../info.ts'

/** A contribution that is here, and what is derived from it. */
export interface Held extends Consequences {
  readonly stored: Stored
}

interface HeldPlace extends Place {
  readonly held: Held
}

/** The frontier of these contributions: all their places, grouped by dimension, sorted, cut. */
export function rank(
  all: readonly Held[],
  signalsOf: (cid: Cid) => Signals,
  query: FrontierQuery,
): Ranking[] {
  const byDimension = Map.groupBy(
    all.flatMap((held) => placesOf(held, signalsOf(held.stored.cid))),
    dimensionKey,
  )
  const sizes = new Map([...byDimension].map(([key, places]) => [key, places.length]))
  return [...byDimension.values()]
    .map((places) => rankingOf(places, query))
    .filter((found) => found.places.length > 0 && isAsked(found, query, sizes))
    .sort((a, b) => compareText(a.metric, b.metric))
}

function placesOf(held: Held, signals: Signals): HeldPlace[] {
  const places = [...held.places, ...signalPlaces(held.stored, signals)]
  return places.map((place) => ({ ...place, held }))
}

function rankingOf(places: readonly HeldPlace[], query: FrontierQuery): Ranking {
  const { metric = '', direction = 'maximize' } = places[0] ?? {}
  const best = places
    .filter(({ held }) => matches(held.stored.manifest, query))
    .sort(comparePlaces)
    .slice(0, query.limit)
  return {
    metric,
    direction,
    places: best.map(({ held, ...place }) => ({ ...place, info: infoOf(held.stored) })),
  }
}

/**
 * Whether a query asks for a dimension. The prevailing direction is that of all scores held,
 * whatever the filter.
 */
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
