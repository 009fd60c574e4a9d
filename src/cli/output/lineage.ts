import type { Cid } from '../../core/cid.ts'
import type { ContributionView } from '../../core/contribution/schema.ts'

/** The lineage of one contribution: what it derives from and what derives from it, as far as it was walked. */
export interface Lineage {
  readonly cid: Cid
  readonly members: ReadonlyMap<Cid, Member>
}

/** One contribution of a lineage; `view` is undefined where it is not held. */
export interface Member {
  readonly cid: Cid
  readonly view: ContributionView | undefined
  readonly parents: readonly Cid[]
  /** How many others review, reproduce, adopt and answer it, as far as it was asked. */
  readonly evidence: Readonly<Record<string, number>>
  /** Whether there is more beyond it that was not walked. */
  readonly cut: boolean
}

/** One line of a drawn lineage. */
export interface LineageLine {
  readonly branch: string
  readonly member: Member
  /** Drawn before, as the child of another parent: its own children are there. */
  readonly again: boolean
}

/** Contributions that a view derives from. */
export function parentsOf(view: ContributionView): Cid[] {
  return [
    ...new Set(
      view.relations
        .filter((relation) => relation.relationType === 'derives_from')
        .map((relation) => relation.targetCid),
    ),
  ]
}

/** Draws a lineage top down, oldest first. A member with several parents is drawn below each and unfolded once. Pure. */
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
