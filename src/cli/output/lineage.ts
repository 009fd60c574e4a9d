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
  /** How many others review, reproduce, adopt and answer it, as far as they were counted. */
  readonly evidence: Readonly<Record<string, number>>
  /** Whether the walk stopped here although the lineage goes on. */
  readonly cut: boolean
}

/** One line of a drawn lineage. */
export interface LineageLine {
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
 * Draws a lineage, oldest first. A member with several parents appears below each, its children
 * once.
 */
export function draw({ members }: Lineage): LineageLine[] {
  const childrenOf = new Map<Cid, Cid[]>()
  for (const member of members.values()) {
    for (const parent of member.parents)
      if (members.has(parent))
        childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), member.cid])
  }
  const lines: LineageLine[] = []
  const drawn = new Set<Cid>()
  const visit = (cid: Cid, lead: string, branch: string) => {
    const member = members.get(cid)
    if (member === undefined) return
    const again = drawn.has(cid)
    lines.push({ branch, member, again })
    if (again) return
    drawn.add(cid)
    const children = (childrenOf.get(cid) ?? []).toSorted((a, b) =>
      byAge(members.get(a), members.get(b)),
    )
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1
      visit(child, `${lead}${last ? '   ' : '│  '}`, `${lead}${last ? '└─ ' : '├─ '}`)
    }
  }
  for (const root of rootsOf(members)) visit(root, '', '')
  return lines
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
