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
  /** How many of these the operator trusts, beside this grove itself. */
  readonly trusted: SignedBy
  /** Of the groves that have signed the item itself or a reproduction of it. */
  readonly work: { readonly groves: number; readonly trusted: number }
  /**
   * Whether this grove or a trusted one, that has not signed the item itself, reviewed or
   * reproduced it; never where nobody is known to have signed the item: one of them may have.
   */
  readonly isAttested: boolean
}

/** Of the groves behind a place: how many there are, and how many the operator trusts. */
export function grovesBehind(metric: string, { signedBy, trusted, work }: Backing) {
  const signal = Object.hasOwn(SIGNAL_OF, metric) ? SIGNAL_OF[metric] : undefined
  return signal === undefined ? work : { groves: signedBy[signal], trusted: trusted[signal] }
}

/** What the signals that groves stand behind are called in a backing. */
const SIGNAL_OF: Readonly<Record<string, keyof SignedBy>> = {
  _adoption: 'adoption',
  _reproduction: 'reproduction',
  _review_score: 'reviews',
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
  /** How many of these the operator trusts. Default: none. */
  readonly trusted?: SignedBy
  /** Whether a grove that the operator trusts attests to it (`Backing`). Default: none does. */
  readonly isAttested?: boolean
}

/**
 * How far an item is believed in one dimension, or as a whole if no metric is given
 * (BEHAVIOUR.md#belief). Only what is held counts, nothing that a peer says.
 */
export function beliefIn(input: BeliefInput, metric?: string): Belief {
  const { held, challenges = 0 } = input
  if (!held) return { level: 'advertised', why: 'only peers say so; its manifest is not held here' }
  const doubt = challenges > 0 && metric === undefined ? `; challenged ${challenges}×` : ''
  const evidence = evidenceText(input, metric)
  if (input.isAttested === true && (metric === undefined || !UNATTESTED.includes(metric))) {
    const by =
      'this grove or one that you trust, which did not publish it, reviewed or reproduced it'
    return { level: 'attested', why: `${by}${evidence && `: ${evidence}`}${doubt}` }
  }
  if (evidence !== '') {
    const why = `its manifest and contributions here say so: ${evidence}${doubt}`
    return { level: 'evidenced', why }
  }
  if (metric !== undefined && isSignalMetric(metric) && metric !== '_recency')
    return { level: 'advertised', why: 'only peers say so; no contribution held here does' }
  return { level: 'bound', why: `its manifest, held here and verified, says so${doubt}` }
}

/** Reviews and reproductions say nothing of these. */
const UNATTESTED: readonly string[] = ['_adoption', '_recency']

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
  { signals, byAuthor: own = NO_WORD, signedBy: by = NO_WORD, trusted = NO_WORD }: BeliefInput,
  metric: string | undefined,
): string {
  const { adoption, reproduction, reviewScore } = signals
  const behindScore = `${byGroves(by.reviews, trusted.reviews)}${ofAuthor(own.reviews)}`
  const covers = (name: string) => metric === undefined || metric === name
  return [
    adoption > 0 && covers('_adoption')
      ? `adopted ${adoption}×${byGroves(by.adoption, trusted.adoption)}${byAuthor(own.adoption)}`
      : '',
    reproduction > 0 && covers('_reproduction')
      ? `reproduced ${reproduction}×${byGroves(by.reproduction, trusted.reproduction)}` +
        byAuthor(own.reproduction)
      : '',
    reviewScore !== undefined && covers('_review_score')
      ? `review score ${Number(reviewScore.toPrecision(6))}${behindScore}`
      : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

const NO_WORD: OwnWord & SignedBy = { adoption: 0, reproduction: 0, reviews: 0 }

/**
 * ` by 3 groves, 1 trusted`: who stands behind a count, by their signatures; nothing where nobody
 * signed.
 */
export function byGroves(groves: number, trusted = 0): string {
  if (groves === 0) return ''
  const all = ` by ${groves} ${groves === 1 ? 'grove' : 'groves'}`
  return trusted === 0 ? all : `${all}, ${trusted} trusted`
}

/** ` (1× by its author)`: of adoptions and reproductions, how many are its author's own. */
export const byAuthor = (count: number): string => (count === 0 ? '' : ` (${count}× by its author)`)

/** The same of reviews, whose score is a mean. */
export const ofAuthor = (count: number): string =>
  count === 0 ? '' : ` (with ${count === 1 ? 'a review' : `${count} reviews`} by its author)`
