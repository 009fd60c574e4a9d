import type { Cid } from '../cid.ts'
import type { Contribution } from '../contribution/contribution.ts'
import type { Direction, Kind } from '../contribution/schema.ts'
import type { Signals } from './signals.ts'

/** The dimensions other than metrics, as they are named on the wire. All are maximised. */
export const SIGNAL_METRICS = ['_adoption', '_recency', '_review_score', '_reproduction'] as const
export type SignalMetric = (typeof SIGNAL_METRICS)[number]

/**
 * A line along which contributions are ranked: a metric in one direction, or one of the signals.
 */
export interface Dimension {
  readonly metric: string
  readonly direction: Direction
}

/** The place that one contribution takes in one dimension. */
export interface Place extends Dimension {
  readonly cid: Cid
  readonly value: number
}

/** A place in the local frontier, with what digests and policies look at. */
export interface LocalEntry extends Place {
  readonly tags: readonly string[]
  readonly kind?: Kind | undefined
}

export function isSignalMetric(metric: string): metric is SignalMetric {
  return (SIGNAL_METRICS as readonly string[]).includes(metric)
}

/**
 * Metric names that start with `_` are the protocol's: such a score is kept but neither ranks nor
 * travels in digests.
 */
export function isReservedMetric(metric: string): boolean {
  return metric.startsWith('_')
}

/** A key that is equal for equal dimensions: `<direction> <metric>`. */
export function dimensionKey({ metric, direction }: Dimension): string {
  return `${direction} ${metric}`
}

/** A number that sorts ascending from best to worst. */
export function rankOf(direction: Direction, value: number): number {
  return direction === 'minimize' ? value : -value
}

/** Whether `a` beats `b` in that direction. */
export function isBetter(direction: Direction, a: number, b: number): boolean {
  return direction === 'minimize' ? a < b : a > b
}

/** Whether a value reaches a threshold in that direction; equal does. */
export function reaches(direction: Direction, value: number, threshold: number): boolean {
  return value === threshold || isBetter(direction, value, threshold)
}

/** The order within one dimension: best first; equal values by cid, ascending. */
export function comparePlaces(a: Place, b: Place): number {
  const byValue = rankOf(a.direction, a.value) - rankOf(b.direction, b.value)
  if (byValue !== 0) return byValue
  return a.cid < b.cid ? -1 : a.cid > b.cid ? 1 : 0
}

/** A ranked place, with what gossip says of its item. */
export function localEntry({
  metric,
  direction,
  cid,
  value,
  info: { tags, kind },
}: Place & { readonly info: Pick<LocalEntry, 'tags' | 'kind'> }): LocalEntry {
  return { metric, direction, cid, value, tags, kind }
}

/**
 * Contributions marked `context.ephemeral: true` (messages, transient data) are kept but not
 * ranked.
 */
export function isRanked(contribution: Contribution): boolean {
  return contribution.manifest.context?.ephemeral !== true
}

/**
 * The places that a contribution takes by its own word: its scores (evaluation mode only) and its
 * age.
 */
export function ownPlaces(contribution: Contribution, firstSeenMs: number): Place[] {
  if (!isRanked(contribution)) return []
  const { cid, manifest } = contribution
  const recency: Place = {
    cid,
    metric: '_recency',
    direction: 'maximize',
    value: recencyOf(manifest.createdAt, firstSeenMs),
  }
  if (manifest.mode !== 'evaluation') return [recency]
  const scores = Object.entries(manifest.scores ?? {}).filter(
    ([metric]) => !isReservedMetric(metric),
  )
  return [
    recency,
    ...scores.map(([metric, { value, direction }]) => ({ cid, metric, direction, value })),
  ]
}

/** The places that others' evidence gives it. None in a dimension in which nobody has spoken. */
export function signalPlaces(contribution: Contribution, signals: Signals): Place[] {
  if (!isRanked(contribution)) return []
  return signalValues(signals).map(([metric, value]) => ({
    cid: contribution.cid,
    metric,
    direction: 'maximize',
    value,
  }))
}

/** What signals are worth in each dimension in which somebody has spoken. */
export function signalValues(signals: Signals): [SignalMetric, number][] {
  const values: [SignalMetric, number][] = []
  if (signals.adoption > 0) values.push(['_adoption', signals.adoption])
  if (signals.reviewScore !== undefined) values.push(['_review_score', signals.reviewScore])
  if (signals.reproduction > 0) values.push(['_reproduction', signals.reproduction])
  return values
}

/**
 * Recency in Unix milliseconds: the author's date, but never later than the moment this grove first
 * saw the item.
 */
export function recencyOf(createdAt: string, firstSeenMs: number): number {
  return Math.min(Date.parse(createdAt), firstSeenMs)
}

/**
 * The direction in which a metric is ranked where its scores disagree: that of the most scores,
 * minimise where equal. Scores of the other direction stay out of the ranking: they answer another
 * question.
 */
export function prevailingDirection(minimizing: number, maximizing: number): Direction {
  return maximizing > minimizing ? 'maximize' : 'minimize'
}
