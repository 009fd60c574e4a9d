import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import { DIRECTION_VOICES_MAX } from '../../core/limits.ts'
import { type Backing, grovesBehind } from '../../core/ranking/belief.ts'
import {
  type DirectionSupport,
  deciding,
  rankedDirection,
  type Support,
} from '../../core/ranking/directions.ts'
import {
  comparePlaces,
  dimensionKey,
  isSignalMetric,
  type Place,
  signalPlaces,
} from '../../core/ranking/frontier.ts'
import type { Signals } from '../../core/ranking/signals.ts'
import { compareText } from '../../core/text.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import type {
  ContributionInfo,
  FormCount,
  FrontierQuery,
  MetricsQuery,
  Ranking,
} from '../../ports/graph-index.ts'
import { type Consequences, directedPlaces, voiceOf } from '../derive.ts'
import { matches } from '../filter.ts'
import { infoOf } from '../info.ts'

/** A contribution that is here, and what is derived from it. */
export interface Held extends Consequences {
  readonly stored: Stored
  /** Its number in the log. */
  readonly seq: number
}

const DIRECTIONS: readonly Direction[] = ['minimize', 'maximize']

interface HeldPlace extends Place {
  readonly held: Held
}

/** The frontier of contributions in log order: their places by dimension, sorted, cut. */
export function rank(
  all: readonly Held[],
  signalsOf: (cid: Cid) => Signals,
  query: FrontierQuery,
  backingOf: (cid: Cid) => Backing,
): Ranking[] {
  const places = all.flatMap((held) => placesOf(held, signalsOf(held.stored.cid)))
  const byDimension = Map.groupBy(places, dimensionKey)
  const directionOf = (metric: string): Direction => {
    const [agreed, other] = DIRECTIONS.filter((direction) =>
      byDimension.has(dimensionKey({ metric, direction })),
    )
    return agreed !== undefined && other === undefined
      ? agreed
      : rankedDirection(supportIn(all, metric))
  }
  return [...byDimension.values()]
    .filter(([place]) => place !== undefined && isAsked(place, query, directionOf))
    .map((dimension) => rankingOf(dimension, query, backingOf))
    .filter((found) => found.places.length > 0)
    .sort((a, b) => compareText(a.metric, b.metric))
}

/** The metrics in which these contributions rank, by name. */
export function metricsOf(
  all: readonly Held[],
  { after, ofWorks = false, limit }: MetricsQuery,
): string[] {
  const metrics = new Set(
    all
      .filter(({ kind }) => kind === 'work' || !ofWorks)
      .flatMap(({ places }) => places.map(({ metric }) => metric)),
  )
  return [...metrics]
    .filter((metric) => !isSignalMetric(metric))
    .filter((metric) => after === undefined || compareText(metric, after) > 0)
    .sort(compareText)
    .slice(0, limit)
}

/** The forms of these contributions' scores in one metric, the most used first. In log order. */
export function formsIn(all: readonly Held[], metric: string): FormCount[] {
  const counts = new Map<string, FormCount>()
  for (const { forms, stored } of all) {
    for (const form of forms) {
      if (form.metric !== metric) continue
      const { direction, unit } = form
      const key = `${direction} ${unit ?? ''}`
      const before = counts.get(key) ?? { works: 0, published: 0, latest: undefined }
      const isOurs = stored.provenance.origin === 'local'
      counts.set(key, {
        metric,
        direction,
        unit,
        works: before.works + 1,
        published: before.published + (isOurs ? 1 : 0),
        latest: isOurs ? stored.cid : before.latest,
      })
    }
  }
  return [...counts.values()].sort(compareForms)
}

/** The metrics of works, those that most stand behind first. */
export function foremostIn(all: readonly Held[]): string[] {
  const works = all.filter(({ kind }) => kind === 'work')
  const ranked = metricsOf(works, { limit: Number.MAX_SAFE_INTEGER }).flatMap((metric) => {
    const { minimize, maximize } = supportIn(works, metric)
    return [minimize, maximize].map(({ published, voices }) => ({ metric, published, voices }))
  })
  ranked.sort(
    (a, b) =>
      Number(b.published > 0) - Number(a.published > 0) ||
      b.voices - a.voices ||
      compareText(a.metric, b.metric),
  )
  return [...new Set(ranked.map(({ metric }) => metric))]
}

/** Who decides on the direction of a metric among these contributions, in log order. */
export function supportIn(all: readonly Held[], metric: string): DirectionSupport {
  const said = all.flatMap((held) =>
    directedPlaces(held)
      .filter((place) => place.metric === metric)
      .map(({ direction }) => ({ direction, seq: held.seq, held, voice: voiceOf(held.stored) })),
  )
  const among = (isWork: boolean): DirectionSupport => {
    const ofKind = said.filter(({ held }) => (held.kind === 'work') === isWork)
    const support = (direction: Direction): Support => {
      const found = ofKind.filter((each) => each.direction === direction)
      const published = found.filter(({ voice }) => voice === undefined)
      const voices = new Set(found.flatMap(({ voice }) => voice ?? []))
      return {
        published: published.length,
        firstPublished: published[0]?.seq,
        voices: Math.min(voices.size, DIRECTION_VOICES_MAX),
        first: found[0]?.seq,
      }
    }
    return { minimize: support('minimize'), maximize: support('maximize') }
  }
  return deciding(among(true), among(false))
}

/** The most used first, then by direction and unit. */
function compareForms(a: FormCount, b: FormCount): number {
  return (
    b.works - a.works ||
    compareText(a.direction, b.direction) ||
    compareText(a.unit ?? '', b.unit ?? '')
  )
}

function placesOf(held: Held, signals: Signals): HeldPlace[] {
  const places = [...held.places, ...signalPlaces(held.stored, signals)]
  return places.map((place) => ({ ...place, held }))
}

function rankingOf(
  places: readonly HeldPlace[],
  query: FrontierQuery,
  backingOf: (cid: Cid) => Backing,
): Ranking {
  const { metric = '', direction = 'maximize' } = places[0] ?? {}
  const best = places
    .filter(({ held }) => matches(held.stored.manifest, query))
    .filter((place) => hasBehind(place, query, backingOf))
    .sort(comparePlaces)
    .slice(0, query.limit)
  return {
    metric,
    direction,
    places: best.map(({ held, ...place }) => ({ ...place, info: heldInfoOf(held.stored) })),
  }
}

/** By the bytes of manifests, which never change: rankings ask for the same ones all the time. */
const infos = new WeakMap<Uint8Array, ContributionInfo>()

function heldInfoOf(stored: Stored): ContributionInfo {
  const known = infos.get(stored.bytes)
  if (known !== undefined) return known
  const info = infoOf(stored)
  infos.set(stored.bytes, info)
  return info
}

function hasBehind(
  { cid, metric }: Place,
  { minOrigins = 0, attested = false }: FrontierQuery,
  backingOf: (cid: Cid) => Backing,
): boolean {
  if (minOrigins === 0 && !attested) return true
  const backing = backingOf(cid)
  return grovesBehind(metric, backing).groves >= minOrigins && (!attested || backing.isAttested)
}

/** Whether a query asks for a dimension. The direction of a metric is the same for all filters. */
function isAsked(
  { metric, direction }: Pick<Place, 'metric' | 'direction'>,
  query: FrontierQuery,
  directionOf: (metric: string) => Direction,
): boolean {
  if (query.dimensions !== undefined && !query.dimensions.includes(metric)) return false
  if (isSignalMetric(metric)) return query.direction === undefined || query.direction === direction
  if (query.metric !== undefined && query.metric !== metric) return false
  return direction === (query.direction ?? directionOf(metric))
}
