import type { Cid } from '../cid.ts'
import type { Contribution } from '../contribution/contribution.ts'
import type { Direction, Kind, Manifest } from '../contribution/schema.ts'
import { METRIC_MAX_BYTES } from '../limits.ts'
import { EARLIEST_MS } from '../time.ts'
import type { Signals } from './signals.ts'

/** The signals, by their names on the wire. All are maximised. */
export const SIGNAL_METRICS = ['_adoption', '_recency', '_review_score', '_reproduction'] as const
/** The name of a signal. */
export type SignalMetric = (typeof SIGNAL_METRICS)[number]

/** A line along which contributions rank: a metric in one direction, or a signal. */
export interface Dimension {
  readonly metric: string
  readonly direction: Direction
}

/** What one contribution takes in one dimension. */
export interface Place extends Dimension {
  readonly cid: Cid
  readonly value: number
}

/** A place in the local frontier, with what digests and policies need to know of its item. */
export interface LocalEntry extends Place {
  readonly tags: readonly string[]
  readonly kind?: Kind | undefined
}

/** The signals by the names that people see. */
export const SIGNAL_NAMES: Readonly<Record<string, SignalMetric>> = {
  adoption: '_adoption',
  review: '_review_score',
  reproduction: '_reproduction',
  recency: '_recency',
}

/** The signal that a name means: `adoption`, or `_adoption` as on the wire. */
export function signalNamed(name: string): SignalMetric | undefined {
  if (isSignalMetric(name)) return name
  return Object.hasOwn(SIGNAL_NAMES, name) ? SIGNAL_NAMES[name] : undefined
}

/** The dimensions that a name means to people: the metric, and the signal if it is one's. */
export function dimensionsNamed(name: string): string[] {
  return [...new Set([name, signalNamed(name) ?? name])]
}

/** True if the name is a signal's. */
export function isSignalMetric(metric: string): metric is SignalMetric {
  return (SIGNAL_METRICS as readonly string[]).includes(metric)
}

/**
 * True if the name is the protocol's: it starts with `_`. A manifest's score under such a name is
 * kept, but neither ranks nor travels in digests.
 */
export function isReservedMetric(metric: string): boolean {
  return metric.startsWith('_')
}

/**
 * True if scores under this name rank: it is not the protocol's, and not so long that lists of
 * names would be large. It need not be a name of a manifest held here.
 */
export function isRankable(metric: string): boolean {
  return !isReservedMetric(metric) && Buffer.byteLength(metric) <= METRIC_MAX_BYTES
}

/** A text that is equal for equal dimensions: `<direction> <metric>`. */
export function dimensionKey({ metric, direction }: Dimension): string {
  return `${direction} ${metric}`
}

/** The rank of a value: a number that sorts ascending from best to worst. */
export function rankOf(direction: Direction, value: number): number {
  return direction === 'minimize' ? value : -value
}

/** True if `a` is better than `b` in this direction. */
export function isBetter(direction: Direction, a: number, b: number): boolean {
  return direction === 'minimize' ? a < b : a > b
}

/** True if a value reaches a threshold in this direction; an equal value does. */
export function reaches(direction: Direction, value: number, threshold: number): boolean {
  return value === threshold || isBetter(direction, value, threshold)
}

/** Compares places of one dimension: best first, equal values by ascending cid. */
export function comparePlaces(a: Place, b: Place): number {
  const byValue = rankOf(a.direction, a.value) - rankOf(b.direction, b.value)
  if (byValue !== 0) return byValue
  return a.cid < b.cid ? -1 : a.cid > b.cid ? 1 : 0
}

/** The entry of the local frontier for a ranked place. */
export function localEntry({
  metric,
  direction,
  cid,
  value,
  info: { tags, kind },
}: Place & { readonly info: Pick<LocalEntry, 'tags' | 'kind'> }): LocalEntry {
  return { metric, direction, cid, value, tags, kind }
}

/** Values of `context.outcome` that say that a run came to nothing. */
const NO_RESULT: readonly unknown[] = ['discard', 'crash']

/**
 * Whether a contribution takes places. One is kept without any if its context says
 * `ephemeral: true`, or names the outcome of a run that gave no result: crashes are often logged
 * with the value 0.
 */
export function isRanked({ manifest: { context } }: Contribution): boolean {
  return context?.['ephemeral'] !== true && !NO_RESULT.includes(context?.['outcome'])
}

/** Whether a contribution's scores are places. */
function ranksByScores({ kind, mode }: Manifest): boolean {
  return mode === 'evaluation' && kind !== 'reproduction'
}

/**
 * The places that a contribution takes by its own manifest: one for its recency and, in mode
 * `evaluation`, one for each score whose name may rank. The scores of a reproduction are evidence
 * about its target and take none. `firstSeenMs` is Unix ms.
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
  if (!ranksByScores(manifest)) return [recency]
  const scores = Object.entries(manifest.scores ?? {}).filter(([metric]) => isRankable(metric))
  return [
    recency,
    ...scores.map(([metric, { value, direction }]) => ({ cid, metric, direction, value })),
  ]
}

/** The places that evidence gives a contribution: one for each signal that has any. */
export function signalPlaces(contribution: Contribution, signals: Signals): Place[] {
  if (!isRanked(contribution)) return []
  return signalValues(signals).map(([metric, value]) => ({
    cid: contribution.cid,
    metric,
    direction: 'maximize',
    value,
  }))
}

/** The value of each signal that has evidence. Recency isn't among them. */
export function signalValues(signals: Signals): [SignalMetric, number][] {
  const values: [SignalMetric, number][] = []
  if (signals.adoption > 0) values.push(['_adoption', signals.adoption])
  if (signals.reviewScore !== undefined) values.push(['_review_score', signals.reviewScore])
  if (signals.reproduction > 0) values.push(['_reproduction', signals.reproduction])
  return values
}

/**
 * The recency of an item in Unix ms: its author's date, but never later than the moment at which
 * this grove first saw it, nor before the year 0000, from which items of older groves may be.
 */
export function recencyOf(createdAt: string, firstSeenMs: number): number {
  return Math.max(EARLIEST_MS, Math.min(Date.parse(createdAt), firstSeenMs))
}
