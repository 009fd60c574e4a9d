import type { Cid } from '../cid.ts'
import type { Contribution } from '../contribution/contribution.ts'
import { counts, edgesOf } from '../contribution/relation.ts'

/** What one contribution says about another: at most one adoption, one review and one reproduction each. */
export interface Evidence {
  readonly source: Cid
  readonly target: Cid
  readonly adoption: 0 | 1
  readonly reproduction: 0 | 1
  /** Sum and number of the reviewer's scores, higher being better; count 0 where it is no review or has no score. */
  readonly reviewSum: number
  readonly reviewCount: number
}

/** What all contributions held here say about one. `reviewScore` is the mean of all review scores; undefined without any. */
export interface Signals {
  readonly adoption: number
  readonly reproduction: number
  readonly reviewScore: number | undefined
}

export const NO_SIGNALS: Signals = { adoption: 0, reproduction: 0, reviewScore: undefined }

/** The evidence that a contribution brings, one entry a target. A challenged reproduction counts for nothing. */
export function evidenceOf(contribution: Contribution): Evidence[] {
  const byTarget = new Map<Cid, Evidence>()
  for (const edge of edgesOf(contribution)) {
    const signal = counts[edge.type]
    if (signal === undefined) continue
    const before = byTarget.get(edge.target) ?? nothing(contribution.cid, edge.target)
    if (signal === 'adoption') byTarget.set(edge.target, { ...before, adoption: 1 })
    if (signal === 'review') byTarget.set(edge.target, { ...before, ...reviewOf(contribution) })
    if (signal === 'reproduction' && edge.metadata?.result !== 'challenged') {
      byTarget.set(edge.target, { ...before, reproduction: 1 })
    }
  }
  return [...byTarget.values()]
}

/**
 * The fold: evidence about one target → its signals. Does not depend on the order of arrival:
 * floating-point sums are taken in the order of the sources' cids, so that all groves get the same last digit.
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

function nothing(source: Cid, target: Cid): Evidence {
  return { source, target, adoption: 0, reproduction: 0, reviewSum: 0, reviewCount: 0 }
}

/**
 * A review's scores, flat; one to be minimised enters with its sign turned, so that higher is better throughout. Summed in the
 * order of the canonical bytes: a manifest as its author wrote it may have its keys in another.
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
