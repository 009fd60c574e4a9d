import type { Manifest, Score } from '../contribution/schema.ts'
import type { PeerAddress } from '../peers/peer.ts'
import { isReservedMetric, type Place } from './frontier.ts'

/** How an advertisement came about, and so whether the peer that it names can be blamed for it. */
export interface Basis {
  /**
   * It came in a message that was sent here, and anybody can send one in any name. An answer from
   * the dialled address is the peer's own word.
   */
  readonly unauthenticated?: boolean | undefined
  /** The peer gave no direction (0.1): it is the likely one. */
  readonly directionGuessed?: boolean | undefined
}

/**
 * One peer's word that an item takes a place; nothing of it is verified. It is extended where more
 * is known, and travels as it is from the digest to the verdict.
 */
export interface Advertisement extends Place, Basis {
  readonly from: PeerAddress
  readonly tags?: readonly string[] | undefined
}

/**
 * Whether a verified manifest contradicts what is advertised of it: no such score, or another value
 * or direction, unless that was only guessed. Signals (`_…`) are never contradicted: they count
 * what others say, and groves hold different others.
 */
export function contradicts(
  manifest: Manifest,
  { metric, value, direction, directionGuessed = false }: Omit<Place, 'cid'> & Basis,
): boolean {
  if (isReservedMetric(metric)) return false
  const score = scoreOf(manifest, metric)
  if (score === undefined || score.value !== value) return true
  return !directionGuessed && score.direction !== direction
}

/** What the manifest says in this metric. */
export function scoreOf({ scores = {} }: Manifest, metric: string): Score | undefined {
  return Object.hasOwn(scores, metric) ? scores[metric] : undefined
}
