import type { Cid } from '../cid.ts'
import type { Contribution } from '../contribution/contribution.ts'
import { counts, edgesOf, isReproduced } from '../contribution/relation.ts'
import type { Score } from '../contribution/schema.ts'
import { REVIEW_SCORE_MAX } from '../limits.ts'
import { exactly, exactMean } from './exact-sum.ts'

/**
 * What one contribution says about another. However many relations it has, it counts for each
 * target as one adoption, one review and one reproduction at the most.
 */
export interface Evidence {
  readonly source: Cid
  readonly target: Cid
  readonly adoption: 0 | 1
  readonly reproduction: 0 | 1
  /** Exact sum of the review's scores, in units of `exactly`. Higher is better. */
  readonly reviewSum: bigint
  /** Number of the review's scores that count; 0 where the source is no review. */
  readonly reviewCount: number
}

/** What all held contributions say about one. */
export interface Signals {
  readonly adoption: number
  readonly reproduction: number
  /** The mean of all review scores that count, higher being better; undefined if there are none. */
  readonly reviewScore: number | undefined
}

/** The signals of a contribution without evidence. */
export const NO_SIGNALS: Signals = { adoption: 0, reproduction: 0, reviewScore: undefined }

/** A contribution's evidence, one entry per target. A reproduction counts if it succeeded. */
export function evidenceOf(contribution: Contribution): Evidence[] {
  const byTarget = new Map<Cid, Evidence>()
  for (const edge of edgesOf(contribution)) {
    const signal = counts[edge.type]
    if (signal === undefined) continue
    const before = byTarget.get(edge.target) ?? noEvidence(contribution.cid, edge.target)
    if (signal === 'adoption') byTarget.set(edge.target, { ...before, adoption: 1 })
    if (signal === 'review') byTarget.set(edge.target, { ...before, ...reviewOf(contribution) })
    if (signal === 'reproduction' && isReproduced(edge.metadata)) {
      byTarget.set(edge.target, { ...before, reproduction: 1 })
    }
  }
  return [...byTarget.values()]
}

/**
 * Whether a review's score counts. One that may be as large as it likes would outweigh all others
 * in their mean.
 */
export const countsInReview = ({ value }: Pick<Score, 'value'>): boolean =>
  Math.abs(value) <= REVIEW_SCORE_MAX

/** The signals of one target, folded from all evidence about it, which may come in any order. */
export function foldSignals(evidence: readonly Evidence[]): Signals {
  let [adoption, reproduction, reviewSum, reviewCount] = [0, 0, 0n, 0]
  for (const item of evidence) {
    adoption += item.adoption
    reproduction += item.reproduction
    reviewSum += item.reviewSum
    reviewCount += item.reviewCount
  }
  return { adoption, reproduction, reviewScore: reviewScoreOf(reviewSum, reviewCount) }
}

/** The mean of so many review scores with this exact sum; undefined if there are none. */
export function reviewScoreOf(sum: bigint, count: number): number | undefined {
  return count === 0 ? undefined : exactMean(sum, count)
}

function noEvidence(source: Cid, target: Cid): Evidence {
  return { source, target, adoption: 0, reproduction: 0, reviewSum: 0n, reviewCount: 0 }
}

/**
 * Sum and number of a review's scores that count. A score to be minimised enters with its sign
 * turned, so that higher is always better.
 */
function reviewOf(review: Contribution): Pick<Evidence, 'reviewSum' | 'reviewCount'> {
  const scores = Object.values(review.manifest.scores ?? {}).filter(countsInReview)
  const oriented = scores.map(({ value, direction }) =>
    exactly(direction === 'maximize' ? value : -value),
  )
  return {
    reviewSum: oriented.reduce((sum, value) => sum + value, 0n),
    reviewCount: oriented.length,
  }
}
