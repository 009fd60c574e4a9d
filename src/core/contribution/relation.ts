import type { Cid } from '../cid.ts'
import type { Contribution } from './contribution.ts'
import type { Relation, RelationType } from './schema.ts'

/** One relation with its source: an edge of the graph. Its target may be absent. */
export interface Edge {
  readonly source: Cid
  readonly target: Cid
  readonly type: RelationType
  readonly metadata?: Relation['metadata']
}

/** What a relation counts for in its target. */
export const counts = {
  derives_from: 'adoption',
  adopts: 'adoption',
  reviews: 'review',
  reproduces: 'reproduction',
  responds_to: undefined,
} as const satisfies Record<RelationType, 'adoption' | 'review' | 'reproduction' | undefined>

/** The edges of a contribution, in manifest order; a second relation of the same type to the same target is the same edge. */
export function edgesOf(contribution: Contribution): Edge[] {
  const edges = new Map<string, Edge>()
  for (const { targetCid, relationType, metadata } of contribution.manifest.relations) {
    const key = `${relationType} ${targetCid}`
    if (edges.has(key)) continue
    const edge = { source: contribution.cid, target: targetCid, type: relationType }
    edges.set(key, metadata === undefined ? edge : { ...edge, metadata })
  }
  return [...edges.values()]
}
