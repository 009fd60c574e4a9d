import type { Cid } from '../cid.ts'
import type { Contribution } from '../contribution/contribution.ts'
import { counts, edgesOf } from '../contribution/relation.ts'

/**
 * What one contribution says about another. However many relations it has, it counts for each
 * target as one adoption, one review and one reproduction at the most.
 */
export interface Evidence {
  readonly source: Cid
  readonly target: Cid
  readonly adoption: 0 | 1
  readonly reproduction: 0 | 1
  /** Sum of the review's scores. Higher is better. */
  readonly reviewSum: number
  /** Number of the review's scores; 0 where the source is no review. */
  readonly reviewCount: number
}

/** What all held contributions say about one. */
export interface Signals {
  readonly adoption: number
  readonly reproduction: number
  /** The mean of all review scores, higher being better; undefined if there are none. */
  readonly reviewScore: number | undefined
}

/** The signals of a contribution without evidence. */
export const NO_SIGNALS: Signals = { adoption: 0, reproduction: 0, reviewScore: undefined }

/** A contribution's evidence, one entry per target. A challenged reproduction doesn't count. */
export function evidenceOf(contribution: Contribution): Evidence[] {
  const byTarget = new Map<Cid, Evidence>()
  for (const edge of edgesOf(contribution)) {
    const signal = counts[edge.type]
    if (signal === undefined) continue
    const before = byTarget.get(edge.target) ?? noEvidence(contribution.cid, edge.target)
    if (signal === 'adoption') byTarget.set(edge.target, { ...before, adoption: 1 })
    if (signal === 'review') byTarget.set(edge.target, { ...before, ...reviewOf(contribution) })
    if (signal === 'reproduction' && edge.metadata?.result !== 'challenged') {
      byTarget.set(edge.target, { ...before, reproduction: 1 })
    }
  }
  return [...byTarget.values()]
}

/**
 * The signals of one target, folded from all evidence about it, which may come in any order.
 * Floating-point sums are taken in the order of the sources' cids, so that all groves with the same
 * evidence get the same last digit.
 */
export function foldSignals(evidence: readonly Evidence[]): Signals {
  const sorted = evidence.toSorted((a, b) =>
    a.source < b.source ? -1 : a.source > b.source ? 1 : 0,
  )
  const total = { adoption: 0, reproduction: 0, reviewSum: 0, reviewCount: 0 }
  for (const item of sorted) {
    total.adoption += item.adoption
    total.reproduction += item.reproduction
    total.reviewSum += item.reviewSum
    total.reviewCount += item.reviewCount
  }
  const mean = total.reviewCount === 0 ? undefined : total.reviewSum / total.reviewCount
  return {
    adoption: total.adoption,
    reproduction: total.reproduction,
    reviewScore: mean !== undefined && Number.isFinite(mean) ? mean : undefined,
  }
}

function noEvidence(source: Cid, target: Cid): Evidence {
  return { source, target, adoption: 0, reproduction: 0, reviewSum: 0, reviewCount: 0 }
}

/**
 * Sum and number of a review's scores. A score to be minimised enters with its sign turned, so that
 * higher is always better. The sum is taken in canonical order, since the author may have written
 * the keys in another one.
 */
function reviewOf(review: Contribution): Pick<Evidence, 'reviewSum' | 'reviewCount'> {
  const scores = Object.entries(review.manifest.scores ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const oriented = scores.map(([, score]) =>
    score.direction === 'maximize' ? score.value : -score.value,
  )
  return {
    reviewSum: oriented.reduce((sum, value) => sum + value, 0),
    reviewCount: oriented.length,
  }
}
