import { isSignalMetric, type Place } from './frontier.ts'
import type { Level } from './level.ts'
import { NO_SIGNALS, type Signals } from './signals.ts'

/** How far something is believed, and the reason in words for a user. */
export interface Belief {
  readonly level: Level
  readonly why: string
}

/** What this grove knows about an item. */
export interface BeliefInput {
  /** Whether the item's manifest is held. */
  readonly held: boolean
  /** What other held contributions say about it. */
  readonly signals: Signals
  /** How many held reproductions of it came to another result, or to none. */
  readonly challenges?: number
}

/**
 * How far an item is believed in one dimension, or as a whole if no metric is given
 * (BEHAVIOUR.md#belief). Only what is held counts, nothing that a peer says. No item is `attested`:
 * there are no identities yet that an operator could trust.
 */
export function beliefIn({ held, signals, challenges = 0 }: BeliefInput, metric?: string): Belief {
  if (!held) return { level: 'advertised', why: 'only peers say so; its manifest is not held here' }
  const doubt = challenges > 0 && metric === undefined ? `; challenged ${challenges}×` : ''
  const evidence = evidenceText(signals, metric)
  if (evidence !== '') {
    const why = `its manifest and contributions here say so: ${evidence}${doubt}`
    return { level: 'evidenced', why }
  }
  if (metric !== undefined && isSignalMetric(metric) && metric !== '_recency')
    return { level: 'advertised', why: 'only peers say so; no contribution held here does' }
  return { level: 'bound', why: `its manifest, held here and verified, says so${doubt}` }
}

/** The belief input of a place in the local frontier, which only held contributions enter. */
export function beliefInputOf({ metric, value }: Pick<Place, 'metric' | 'value'>): BeliefInput {
  return {
    held: true,
    signals: {
      adoption: metric === '_adoption' ? value : NO_SIGNALS.adoption,
      reproduction: metric === '_reproduction' ? value : NO_SIGNALS.reproduction,
      reviewScore: metric === '_review_score' ? value : NO_SIGNALS.reviewScore,
    },
  }
}

/** The held evidence in one dimension, or in all of them without a metric, in words. */
function evidenceText(
  { adoption, reproduction, reviewScore }: Signals,
  metric: string | undefined,
): string {
  const covers = (name: string) => metric === undefined || metric === name
  return [
    adoption > 0 && covers('_adoption') ? `adopted ${adoption}×` : '',
    reproduction > 0 && covers('_reproduction') ? `reproduced ${reproduction}×` : '',
    reviewScore !== undefined && covers('_review_score')
      ? `review score ${Number(reviewScore.toPrecision(6))}`
      : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}
