import { type Edge, isReproduced } from './relation.ts'

/**
 * The states of a contribution by its incoming edges. Where several apply, the first in this list
 * counts.
 */
export const LIFECYCLE = [
  'superseded',
  'challenged',
  'adopted',
  'reproduced',
  'under_review',
  'published',
] as const
/** One of the states in LIFECYCLE. */
export type Lifecycle = (typeof LIFECYCLE)[number]

/** The state of a contribution with these incoming edges, in any order; `published` without any. */
export function lifecycleOf(incoming: readonly Edge[]): Lifecycle {
  const states = new Set(incoming.map(stateFrom))
  return LIFECYCLE.find((state) => states.has(state)) ?? 'published'
}

function stateFrom(edge: Edge): Lifecycle {
  switch (edge.type) {
    case 'derives_from':
      return edge.metadata?.relationship === 'supersedes' ? 'superseded' : 'published'
    case 'reproduces':
      return isReproduced(edge.metadata) ? 'reproduced' : 'challenged'
    case 'adopts':
      return 'adopted'
    case 'reviews':
      return 'under_review'
    case 'responds_to':
      return 'published'
  }
}
