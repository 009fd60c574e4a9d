import { isSignalMetric, type Place } from './frontier.ts'
import type { Level } from './level.ts'
import { NO_SIGNALS, type Signals } from './signals.ts'

/** How far something is believed, and the reason in words for a user. */
export interface Belief {
  readonly level: Level
  readonly why: string
}

/** What is held here of an item: its manifest, and what others' contributions that are held here too say of it. */
export interface BeliefInput {
  readonly held: boolean
  readonly signals: Signals
}

/**
 * How far an item is believed in one dimension, or as a whole where none is given (BEHAVIOUR.md#belief). It follows from what is held
 * here and from nothing that a peer says. `attested` is never reached: there are no identities yet that an operator could trust.
 */
export function beliefIn({ held, signals }: BeliefInput, metric?: string): Belief {
  if (!held) return { level: 'advertised', why: 'only peers say so: its manifest is not here' }
  const spoken = spokenFor(signals, metric)
  if (spoken.length > 0)
    return { level: 'evidenced', why: `its manifest and contributions here say so: ${spoken}` }
  if (metric !== undefined && isSignalMetric(metric) && metric !== '_recency')
    return { level: 'advertised', why: 'only peers say so: nothing that is held here does' }
  return { level: 'bound', why: 'its manifest is here, says so itself, and hashes to its id' }
}

/** What a place in the local frontier stands on: it is folded from what is held here. */
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

/** In words, what the evidence held here amounts to in that dimension (in all of them without one). */
function spokenFor(
  { adoption, reproduction, reviewScore }: Signals,
  metric: string | undefined,
): string {
  const asked = (name: string) => metric === undefined || metric === name
  return [
    adoption > 0 && asked('_adoption') ? `adopted ${adoption}×` : '',
    reproduction > 0 && asked('_reproduction') ? `reproduced ${reproduction}×` : '',
    reviewScore !== undefined && asked('_review_score') ? `review score ${reviewScore}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}
