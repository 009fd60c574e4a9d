import { isChallenge, type Saying } from './relation.ts'

/**
 * The states of a contribution by what others say about it. Where several apply, the first in this
 * list counts.
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

/** The state of a contribution of which this is said, in any order; `published` without any. */
export function lifecycleOf(said: readonly Saying[]): Lifecycle {
  const states = new Set(said.map(stateFrom))
  return LIFECYCLE.find((state) => states.has(state)) ?? 'published'
}

function stateFrom(said: Saying): Lifecycle {
  switch (said.type) {
    case 'derives_from':
      return said.supersedes ? 'superseded' : 'published'
    case 'reproduces':
      return isChallenge(said) ? 'challenged' : 'reproduced'
    case 'adopts':
      return 'adopted'
    case 'reviews':
      return 'under_review'
    case 'responds_to':
      return 'published'
  }
}
