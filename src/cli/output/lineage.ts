import type { Cid } from '../../core/cid.ts'
import type { ContributionView } from '../../core/contribution/schema.ts'

/** What a contribution derives from and what derives from it, as far as it was walked. */
export interface Lineage {
  readonly cid: Cid
  readonly members: ReadonlyMap<Cid, Member>
}

/** One contribution of a lineage; `view` is undefined if it isn't held. */
export interface Member {
  readonly cid: Cid
  readonly view: ContributionView | undefined
  readonly parents: readonly Cid[]
  /** How many reviews, reproductions, challenges, adoptions, replies: as far as was counted. */
  readonly evidence: Readonly<Record<string, number>>
  /** Whether the walk stopped here although the lineage goes on. */
  readonly cut: boolean
}

/** One line of a drawn lineage. */
export interface LineageLine {
  /** What is drawn before the contribution. */
  readonly branch: string
  readonly member: Member
  /** It was drawn above, with its children, as the child of another parent. */
  readonly again: boolean
}

/** The contributions that a view derives from. */
export function parentsOf(view: ContributionView): Cid[] {
  return [
    ...new Set(
      view.relations
        .filter((relation) => relation.relationType === 'derives_from')
        .map((relation) => relation.targetCid),
    ),
  ]
}

/**
 * Draws a lineage, oldest first: what stands below another in one column derives from it. A
 * contribution's longest line of descent goes on in its own column, so that a long lineage stays
 * straight; its other children branch off before that. A member with several parents appears below
 * each, its children once.
 */
export function draw({ members }: Lineage): LineageLine[] {
  const childrenOf = childrenWithin(members)
  const depthOf = depths(childrenOf)
  const lines: LineageLine[] = []
  const drawn = new Set<Cid>()
  const visit = (start: Cid, lead: string, branch: string) => {
    let cid: Cid | undefined = start
    for (let mark = branch; cid !== undefined; mark = lead) {
      const member = members.get(cid)
      if (member === undefined) return
      const again = drawn.has(cid)
      lines.push({ branch: `${mark}● `, member, again })
      if (again) return
      drawn.add(cid)
      const children = childrenOf.get(cid) ?? []
      const next = trunk(children, depthOf)
      for (const child of children) if (child !== next) visit(child, `${lead}│ `, `${lead}├─`)
      cid = next
    }
  }
  for (const root of rootsOf(members)) visit(root, '', '')
  return lines
}

function childrenWithin(members: Lineage['members']): Map<Cid, Cid[]> {
  const childrenOf = new Map<Cid, Cid[]>()
  for (const member of members.values()) {
    for (const parent of member.parents)
      if (members.has(parent))
        childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), member.cid])
  }
  for (const [cid, children] of childrenOf)
    childrenOf.set(
      cid,
      children.toSorted((a, b) => byAge(members.get(a), members.get(b))),
    )
  return childrenOf
}

/** Of several children, the one with the longest line of descent; of equals, the newest. */
function trunk(children: readonly Cid[], depthOf: (cid: Cid) => number): Cid | undefined {
  return children.reduce<Cid | undefined>(
    (best, child) => (best === undefined || depthOf(child) >= depthOf(best) ? child : best),
    undefined,
  )
}

/** How many steps lead down from a member at the most. Hashes can't form a circle. */
function depths(childrenOf: ReadonlyMap<Cid, readonly Cid[]>): (cid: Cid) => number {
  const known = new Map<Cid, number>()
  const depthOf = (cid: Cid): number => {
    const before = known.get(cid)
    if (before !== undefined) return before
    const depth = Math.max(0, ...(childrenOf.get(cid) ?? []).map((child) => 1 + depthOf(child)))
    known.set(cid, depth)
    return depth
  }
  return depthOf
}

function rootsOf(members: Lineage['members']): Cid[] {
  const roots = [...members.values()].filter(
    (member) => !member.parents.some((parent) => members.has(parent)),
  )
  return roots.toSorted(byAge).map((member) => member.cid)
}

function byAge(a: Member | undefined, b: Member | undefined): number {
  const byTime = Date.parse(a?.view?.createdAt ?? '') - Date.parse(b?.view?.createdAt ?? '')
  if (Number.isFinite(byTime) && byTime !== 0) return byTime
  return (a?.cid ?? '') < (b?.cid ?? '') ? -1 : 1
}
