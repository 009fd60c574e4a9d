import { isSignalMetric, type Place } from './frontier.ts'
import type { Level } from './level.ts'
import { NO_SIGNALS, type Signals } from './signals.ts'

/** How far something is believed, and the reason in words for a user. */
export interface Belief {
  readonly level: Level
  readonly why: string
}

/** How many of an item's own author's contributions count in its signals. An id is no proof. */
export interface OwnWord {
  readonly adoption: number
  readonly reproduction: number
  readonly reviews: number
}

/** How many groves have signed what each signal of an item counts, each once. */
export interface SignedBy {
  readonly adoption: number
  readonly reproduction: number
  readonly reviews: number
}

/** Who stands behind what the signals of an item count. */
export interface Backing {
  readonly signedBy: SignedBy
  /** How many of these the operator trusts; this grove is one of them. */
  readonly trusted: SignedBy
  /**
   * Whether one of those reviewed or reproduced it that has not signed the item itself; never where
   * nobody is known to have signed the item, which its author may have.
   */
  readonly isAttested: boolean
}

/** What this grove knows about an item. */
export interface BeliefInput {
  /** Whether the item's manifest is held. */
  readonly held: boolean
  /** What other held contributions say about it. */
  readonly signals: Signals
  /** How many held reproductions of it came to another result, or to none. */
  readonly challenges?: number
  /** What of the signals is the word of its own author. Default: not known. */
  readonly byAuthor?: OwnWord
  /** Who has signed the signals. Default: nobody. */
  readonly signedBy?: SignedBy
}

/**
 * How far an item is believed in one dimension, or as a whole if no metric is given
 * (BEHAVIOUR.md#belief). Only what is held counts, nothing that a peer says. No item is `attested`:
 * there are no identities yet that an operator could trust.
 */
export function beliefIn(input: BeliefInput, metric?: string): Belief {
  const { held, challenges = 0 } = input
  if (!held) return { level: 'advertised', why: 'only peers say so; its manifest is not held here' }
  const doubt = challenges > 0 && metric === undefined ? `; challenged ${challenges}×` : ''
  const evidence = evidenceText(input, metric)
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
  { signals, byAuthor: own = NO_WORD, signedBy: by = NO_WORD }: BeliefInput,
  metric: string | undefined,
): string {
  const { adoption, reproduction, reviewScore } = signals
  const behindScore = `${byGroves(by.reviews)}${ofAuthor(own.reviews)}`
  const covers = (name: string) => metric === undefined || metric === name
  return [
    adoption > 0 && covers('_adoption')
      ? `adopted ${adoption}×${byGroves(by.adoption)}${byAuthor(own.adoption)}`
      : '',
    reproduction > 0 && covers('_reproduction')
      ? `reproduced ${reproduction}×${byGroves(by.reproduction)}${byAuthor(own.reproduction)}`
      : '',
    reviewScore !== undefined && covers('_review_score')
      ? `review score ${Number(reviewScore.toPrecision(6))}${behindScore}`
      : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

const NO_WORD: OwnWord & SignedBy = { adoption: 0, reproduction: 0, reviews: 0 }

/** ` by 3 groves`: who stands behind a count, by their signatures; nothing where nobody signed. */
export const byGroves = (groves: number): string =>
  groves === 0 ? '' : ` by ${groves} ${groves === 1 ? 'grove' : 'groves'}`

/** ` (1× by its author)`: of adoptions and reproductions, how many are its author's own. */
export const byAuthor = (count: number): string => (count === 0 ? '' : ` (${count}× by its author)`)

/** The same of reviews, whose score is a mean. */
export const ofAuthor = (count: number): string =>
  count === 0 ? '' : ` (with ${count === 1 ? 'a review' : `${count} reviews`} by its author)`
