import type { Edge } from './relation.ts'

/**
 * What became of a contribution, from the edges that point at it: the first of these that applies.
 */
export const LIFECYCLE = [
  'superseded',
  'challenged',
  'adopted',
  'reproduced',
  'under_review',
  'published',
] as const
export type Lifecycle = (typeof LIFECYCLE)[number]

/** The state of a contribution from its incoming edges, in any order. */
export function lifecycleOf(incoming: readonly Edge[]): Lifecycle {
  const states = new Set(incoming.map(stateFrom))
  return LIFECYCLE.find((state) => states.has(state)) ?? 'published'
}

function stateFrom(edge: Edge): Lifecycle {
  switch (edge.type) {
    case 'derives_from':
      return edge.metadata?.relationship === 'supersedes' ? 'superseded' : 'published'
    case 'reproduces':
      return edge.metadata?.result === 'challenged' ? 'challenged' : 'reproduced'
    case 'adopts':
      return 'adopted'
    case 'reviews':
      return 'under_review'
    case 'responds_to':
      return 'published'
  }
}
