import type { Manifest, Score } from '../contribution/schema.ts'
import type { PeerAddress } from '../peers/peer.ts'
import { isReservedMetric, type Place } from './frontier.ts'

/** What an advertisement stands on. It decides whether the named peer can be blamed for it. */
export interface Basis {
  /**
   * It came in a message that was sent to this grove, which anybody can send in any name. What the
   * dialled address answers is the peer's own word.
   */
  readonly unauthenticated?: boolean | undefined
  /** The peer gave no direction (0.1). This is the likely one. */
  readonly directionGuessed?: boolean | undefined
}

/**
 * One peer's word that an item takes a place. Nothing in it is verified. Code that knows more
 * extends it, and none copies it into another shape.
 */
export interface Advertisement extends Place, Basis {
  readonly from: PeerAddress
  readonly tags?: readonly string[] | undefined
}

/**
 * True if a verified manifest contradicts an advertisement of it: the score is missing, or has
 * another value or direction. A guessed direction is not compared. Signals (`_…`) are never
 * contradicted: they count other contributions, and groves hold different ones.
 */
export function contradicts(
  manifest: Pick<Manifest, 'scores'>,
  { metric, value, direction, directionGuessed = false }: Omit<Place, 'cid'> & Basis,
): boolean {
  if (isReservedMetric(metric)) return false
  const score = scoreOf(manifest, metric)
  if (score === undefined || score.value !== value) return true
  return !directionGuessed && score.direction !== direction
}

/** The manifest's score in this metric; undefined if it has none. */
export function scoreOf(
  { scores = {} }: Pick<Manifest, 'scores'>,
  metric: string,
): Score | undefined {
  return Object.hasOwn(scores, metric) ? scores[metric] : undefined
}
