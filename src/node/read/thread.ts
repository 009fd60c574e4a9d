import type { Cid } from '../../core/cid.ts'
import { viewOf } from '../../core/contribution/contribution.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import {
  breadthFirst,
  type Neighbours,
  type Visit,
  type WalkLimits,
} from '../../core/contribution/walk.ts'
import { timestamp } from '../../core/time.ts'
import type { ThreadNode, ThreadSummary } from '../../core/wire/threads.ts'
import type { TagQuery } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { contributionOf } from './queries.ts'

/** How far a walk over the graph goes for one answer. */
export const WALK_LIMITS: WalkLimits = { maxDepth: 64, maxCount: 1_000 }

/** A contribution, its replies, their replies and so on, by depth. Throws `not-found`. */
export async function thread(
  node: ReadContext,
  cid: Cid,
  limits: WalkLimits = WALK_LIMITS,
): Promise<ThreadNode[]> {
  await contributionOf(node, cid)
  const visits = await walk(node, cid, { direction: 'in', types: ['responds_to'], limits })
  const depths = new Map(visits.map((visit) => [visit.cid, visit.depth]))
  const held = await node.contributions.getMany(visits.map((visit) => visit.cid))
  return held.map((stored) => ({
    cid: stored.cid,
    depth: depths.get(stored.cid) ?? 0,
    contribution: viewOf(stored),
  }))
}

/** Contributions with replies, most replies first. */
export async function threads(node: ReadContext, query: TagQuery): Promise<ThreadSummary[]> {
  const ranked = await node.index.threads(query)
  return ranked.map(({ root, replyCount, lastReplyAt }) => ({
    cid: root.cid,
    replyCount,
    lastReplyAt: timestamp(lastReplyAt),
    contribution: viewOf(root),
  }))
}

interface WalkOptions {
  readonly direction: 'in' | 'out'
  readonly types: readonly RelationType[]
  readonly limits: WalkLimits
}

/** Breadth-first over the edges that the store knows, also to contributions that are not held. */
async function walk(
  node: ReadContext,
  start: Cid,
  { direction, types, limits }: WalkOptions,
): Promise<Visit[]> {
  const steps = breadthFirst(start, limits)
  let step = steps.next()
  while (!step.done) {
    const neighbours: Neighbours = new Map(
      await Promise.all(
        step.value.map(async (cid) => [cid, await ends(node, cid, direction, types)] as const),
      ),
    )
    step = steps.next(neighbours)
  }
  return step.value
}

async function ends(
  node: ReadContext,
  cid: Cid,
  direction: 'in' | 'out',
  types: readonly RelationType[],
): Promise<Cid[]> {
  const edges = await node.index.edges(cid, direction, { types, limit: WALK_LIMITS.maxCount })
  return edges.map((edge) => (direction === 'in' ? edge.source : edge.target))
}
