import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { RelationType } from '../core/contribution/schema.ts'

/** Relations by which a contribution is evidence about its target: all that count in a signal of it. */
export const EVIDENCE: readonly RelationType[] = ['reviews', 'reproduces', 'adopts', 'derives_from']

/** What a contribution names by relations of these types, in manifest order. */
export function targetsOf({ manifest }: Contribution, types: readonly RelationType[]): Cid[] {
  return manifest.relations
    .filter(({ relationType }) => types.includes(relationType))
    .map(({ targetCid }) => targetCid)
}

/** Each after all of its parents that are among them. A hash can't name what comes after it, so there are no circles. */
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
