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

/** Relations by which a contribution is evidence about its target: all that count in a signal. */
export const EVIDENCE: readonly RelationType[] = (Object.keys(counts) as RelationType[]).filter(
  (type) => counts[type] !== undefined,
)

/**
 * The edges of a contribution, in manifest order. A second relation of the same type to the same
 * target is the same edge.
 */
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

/** What a contribution names by relations of these types, in manifest order. */
export function targetsOf({ manifest }: Contribution, types: readonly RelationType[]): Cid[] {
  return manifest.relations
    .filter(({ relationType }) => types.includes(relationType))
    .map(({ targetCid }) => targetCid)
}

/**
 * The contributions reordered so that each comes after all of its parents that are among them. They
 * form no circle: a hash can't name what is made after it.
 */
export function parentsFirst(contributions: readonly Contribution[]): Contribution[] {
  const byCid = new Map(contributions.map((contribution) => [contribution.cid, contribution]))
  const ordered = new Set<Contribution>()
  const begun = new Set<Cid>()
  const rest = [...contributions]
  for (let top = rest.pop(); top !== undefined; top = rest.pop()) {
    const parents = targetsOf(top, ['derives_from']).flatMap((cid) => byCid.get(cid) ?? [])
    const open = parents.filter((parent) => !ordered.has(parent))
    if (open.length === 0 || begun.has(top.cid)) ordered.add(top)
    else rest.push(top, ...open)
    begun.add(top.cid)
  }
  return [...ordered]
}
